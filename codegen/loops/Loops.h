//===- Loops.h - The plain loop form of every root --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Always right: any element type, symbolic shapes, any attributes. A root is described by what it does at one point of
// its result (or along one row, for roots that carry a state); the nest around it, lanes along the last axis included,
// is made here.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_LOOPS_LOOPS_H
#define INGOT_CODEGEN_LOOPS_LOOPS_H

#include "codegen/cpu/Emitter.h"

namespace ingot::cpu {

/// Arithmetic in the type in which elements of a tensor are combined: half floats are widened to float32.
class Arithmetic {
public:
  Arithmetic(KernelBuilder &builder, mlir::Type element);
  /// An element as loaded, in the type of the computation, and back.
  mlir::Value widen(mlir::Value element);
  mlir::Value narrow(mlir::Value value);

  mlir::Value number(double value, const Lanes *lanes);
  /// What max (min) starts from: minus (plus) infinity or the extreme integer.
  mlir::Value least(const Lanes *lanes);
  mlir::Value greatest(const Lanes *lanes);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value div(mlir::Value a, mlir::Value b);
  /// a * b + c, fused for floats.
  mlir::Value madd(mlir::Value a, mlir::Value b, mlir::Value c);
  mlir::Value max(mlir::Value a, mlir::Value b);
  mlir::Value min(mlir::Value a, mlir::Value b);
  mlir::Value less(mlir::Value a, mlir::Value b);
  mlir::Value equal(mlir::Value a, mlir::Value b);
  mlir::Value exp(mlir::Value a);
  mlir::Value log(mlir::Value a);
  mlir::Value sqrt(mlir::Value a);
  /// An i64 as a number of this type.
  mlir::Value fromIndex(Index index, const Lanes *lanes);
  mlir::Type type(const Lanes *lanes) const;

private:
  mlir::Value extreme(bool isLeast, const Lanes *lanes);
  KernelBuilder &builder;
  mlir::Type element, computed;
  bool isFloat, isUnsigned;
};

/// One root in plain loops.
class LoopNest {
public:
  explicit LoopNest(Emission &emission)
      : evaluator(emission.evaluator), builder(emission.builder), emission(emission) {}

  /// What is done at `point`. With lanes the point's last axis counts them. Axes that were held are null in the point.
  using Body = llvm::function_ref<void(Point point, const Lanes *lanes)>;
  /// Runs `body` at all points of `dims`, leaving out the axes `held`; without lanes when they are not `allowed`.
  /// `work` is about how many operations a point takes.
  Division forEachPoint(llvm::ArrayRef<mlir::AffineExpr> dims, llvm::ArrayRef<int64_t> held, bool areLanesAllowed,
                        int64_t work, Body body);
  /// A result computed point by point: stores what `element` returns, through the kernel's epilogue.
  Division forEachElement(mlir::Value result, bool areLanesAllowed, int64_t work,
                          llvm::function_ref<mlir::Value(Point point, const Lanes *lanes)> element);
  void storeResult(mlir::Value result, mlir::Value element, llvm::ArrayRef<mlir::AffineExpr> point, const Lanes *lanes);

  using Step = llvm::function_ref<llvm::SmallVector<mlir::Value>(llvm::ArrayRef<mlir::AffineExpr> indices,
                                                                 mlir::ValueRange carried)>;
  /// Nested loops over `extents` with carried values.
  llvm::SmallVector<mlir::Value> loops(llvm::ArrayRef<mlir::AffineExpr> extents, mlir::ValueRange carried, Step step);
  /// The last of `carried` where `condition` holds, else `carried` itself. A null condition always holds.
  llvm::SmallVector<mlir::Value> onlyIf(mlir::Value condition, mlir::ValueRange carried,
                                        llvm::function_ref<llvm::SmallVector<mlir::Value>()> then);
  /// 0 <= index < extent.
  mlir::Value isInside(Index index, mlir::AffineExpr extent);
  mlir::Value both(mlir::Value a, mlir::Value b);

  Evaluator &evaluator;
  KernelBuilder &builder;

private:
  Emission &emission;
};

/// The number of elements, or a guess when it depends on symbols.
int64_t roughly(llvm::ArrayRef<mlir::AffineExpr> extents);

// <family>.cpp
Division loopAttention(AttentionOp op, Emission &emission);
Division loopMatmul(MatmulOp op, Emission &emission);
Division loopConv(ConvOp op, Emission &emission);
Division loopConvTranspose(ConvTransposeOp op, Emission &emission);
Division loopConvFilterGradient(ConvFilterGradientOp op, Emission &emission);
Division loopMaxPool(MaxPoolOp op, Emission &emission);
Division loopAvgPool(AvgPoolOp op, Emission &emission);
Division loopResize(ResizeOp op, Emission &emission);
Division loopReduce(ReduceOp op, Emission &emission);
Division loopArgReduce(ArgReduceOp op, Emission &emission);
Division loopCumulate(CumulateOp op, Emission &emission);
Division loopSoftmax(SoftmaxOp op, Emission &emission);
Division loopNormalize(NormalizeOp op, Emission &emission);
Division loopTopK(TopKOp op, Emission &emission);
mlir::FailureOr<Division> loopScatterElements(ScatterElementsOp op, Emission &emission);
mlir::FailureOr<Division> loopScatterNd(ScatterNdOp op, Emission &emission);

} // namespace ingot::cpu

#endif
