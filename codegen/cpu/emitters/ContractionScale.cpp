//===- ContractionScale.cpp - Products of scaled rows ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Squeeze-and-excite multiplies the channels of a map by factors, and a 1x1 convolution follows. The factors are the
// same for all rows of an image, so a block of rows multiplies the weights in registers, a step of the reduction at a
// time, rather than have the map scaled in memory.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Contraction.h"

using namespace mlir;

namespace ingot::cpu {

std::optional<Access> Contraction::scaleAt(ArrayRef<AffineExpr> batchPoint, AffineExpr depth) {
  Point point(problem.rows.size(), evaluator.getSymbols().constant(0));
  point.insert(point.begin(), batchPoint.begin(), batchPoint.end());
  point.push_back(depth);
  return evaluator.access(problem.scale, broadcastPoint(point, evaluator.dims(problem.scale)));
}

/// Takes the lhs apart when it is a product with such factors; fails when it is one that cannot be taken apart.
bool Contraction::analyzeScale(ArrayRef<AffineExpr> batchProbe) {
  auto mul = problem.lhs.getDefiningOp<MulOp>();
  if (!mul)
    return true;
  SmallVector<AffineExpr> whole = evaluator.dims(mul.getOutput());
  bool isFirst = evaluator.dims(mul.getLhs()) == whole;
  Value map = isFirst ? mul.getLhs() : mul.getRhs(), factors = isFirst ? mul.getRhs() : mul.getLhs();
  SmallVector<AffineExpr> dims = evaluator.dims(factors);
  bool isShared = evaluator.dims(map) == whole && dims.size() == whole.size() && dims.back() == whole.back() &&
                  llvm::all_of(ArrayRef(dims).drop_front(problem.batch.size()).drop_back(),
                               [](AffineExpr extent) { return constantValue(extent) == 1; });
  if (!isShared || !problem.panels || storageOf(problem.panels.getType()) != Storage::Float32)
    return false;
  problem.lhs = map;
  problem.scale = factors;
  AffineExpr depth = probe(evaluator, problem.depth);
  auto place = scaleAt(batchProbe, depth);
  AffineExpr stride = place ? strideOf(place->offset, depth) : AffineExpr();
  return stride && constantValue(stride) == 1;
}

} // namespace ingot::cpu
