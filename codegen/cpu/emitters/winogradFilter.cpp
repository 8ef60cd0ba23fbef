//===- winogradFilter.cpp - Filters in Winograd's form, at run time -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel.pack with a Winograd tile, of a filter that is no constant: [3, 3, C, F] -> [6, 6, F/16, C, 16], each filter
// g as G g G'. Whatever views the filter is seen through are followed (a parameter is stored [F, C, 3, 3]). Lanes run
// over the axis that the layout cuts into panels. A parallel item is 16 steps of a panel.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/Schedule.h"
#include "codegen/cpu/emitters/WinogradTransforms.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// Steps of a panel in one item.
constexpr int64_t itemSteps = 16;

kernel::PackOp findTransformation(kernel::FuncOp kernel) {
  for (auto pack : kernel.getBody().front().getOps<kernel::PackOp>())
    if (winogradForm(pack))
      return pack;
  return {};
}

} // namespace

FailureOr<Division> emitWinogradFilter(Emission &emission) {
  kernel::PackOp pack = findTransformation(emission.kernel);
  if (!pack)
    return failure();
  Evaluator &evaluator = emission.evaluator;
  KernelBuilder &builder = emission.builder;
  WinogradForm form = winogradForm(pack);
  Matrix matrix = winogradMatrices(form).filter;
  int64_t laneAxis = pack.getPermutation()[2], stepAxis = pack.getPermutation()[3];
  SmallVector<AffineExpr> dims = evaluator.dims(pack.getInput());
  ArrayRef<int64_t> packed = pack.getOutput().getType().getShape();
  int64_t panels = packed[2], steps = packed[3], stepBlocks = llvm::divideCeil(steps, itemSteps);
  int64_t elementPitch = panels * steps * panelLanes,
          filters = cast<RankedTensorType>(pack.getInput().getType()).getDimSize(laneAxis);
  AffineExpr panelExtent = evaluator.constant(panels);
  // The only result is the packed tensor itself.
  Value to = evaluator.buffer(emission.kernel.getNumArguments()).pointer;
  builder.loop(emission.begin, emission.end, 1, [&](Index item) {
    Index panel = builder.div(item, stepBlocks), first = builder.mul(builder.mod(item, stepBlocks), itemSteps);
    Value mask = filters % panelLanes
                     ? builder.maskBelow(builder.sub(filters, builder.mul(panel, panelLanes)), panelLanes)
                     : Value();
    Lanes lanes = evaluator.lanes(panelLanes, mask);
    Point point(4, {});
    point[laneAxis] = evaluator.variable(panel, panelExtent) * panelLanes + lanes.variable;
    builder.loop(first, builder.min(builder.add(first, itemSteps), steps), 1, [&](Index step) {
      point[stepAxis] = evaluator.variable(step, dims[stepAxis]);
      auto tap = [&](int64_t i, int64_t j) {
        point[0] = evaluator.constant(i);
        point[1] = evaluator.constant(j);
        return evaluator.evaluate(pack.getInput(), point, &lanes);
      };
      auto apply = [&](ArrayRef<Value> x) { return applyRows(builder, matrix, x); };
      Index place = builder.mul(builder.add(builder.mul(panel, steps), step), panelLanes);
      int64_t element = 0;
      for (const Vectors &row : transformRectangle(form.taps, form.taps, tap, apply))
        for (Value vector : row)
          builder.storeVector(vector, to, builder.add(place, element++ * elementPitch));
    });
  });
  Division division{evaluator.constant(panels * stepBlocks)};
  division.grain = grainFor(150.0 * itemSteps * panelLanes, 0);
  return division;
}

} // namespace ingot::cpu
