//===- Evaluator.h - Tensor elements as registers ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inside a kernel, views and pointwise operations are never carried out tensor by tensor. An emitter loops over points
// of its root's result and asks the evaluator for the element (or 16 neighbouring ones) of any tensor of the kernel at
// such a point; the evaluator walks the kernel's operations backwards, turns views into index expressions and pointwise
// operations into vector arithmetic, and loads from the kernel's buffers.
//
// Index expressions are mlir::AffineExpr. Their dims are *variables* declared here (loop counters, and the lane
// number), their symbols the module's symbols (batch, seq, ...). Because a variable's range is known, reshapes simplify
// away: with 0 <= d1 < 64, (d0 * 64 + d1) floordiv 64 is d0.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EVALUATOR_H
#define INGOT_CODEGEN_CPU_EVALUATOR_H

#include "codegen/cpu/IndexMap.h"
#include "codegen/cpu/KernelBuilder.h"
#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"
#include <map>

namespace ingot::cpu {

/// One expression per axis of a tensor.
using Point = llvm::SmallVector<mlir::AffineExpr>;

/// Neighbouring elements that are computed together. `variable` is the dim that counts the lanes, 0 <= it < count; a
/// point that mentions it stands for `count` elements. `mask` (vector<count x i1>) is null when all lanes are valid.
struct Lanes {
  mlir::AffineExpr variable;
  int64_t count = 1;
  mlir::Value mask;
};

/// A kernel argument or result in memory: row-major, contiguous.
struct Buffer {
  mlir::Value pointer;
  mlir::RankedTensorType type;
};

/// An element's place: `offset` elements behind the buffer's start.
struct Access {
  Buffer buffer;
  mlir::AffineExpr offset;
};

class Evaluator {
public:
  /// `buffers` holds one entry for each argument and then each result of `func`. `symbols` is the scope of module-wide
  /// symbols and `symbolValues` the pointer to their i64 values.
  Evaluator(KernelBuilder &builder, kernel::FuncOp func, llvm::ArrayRef<Buffer> buffers, SymbolScope &symbols,
            mlir::Value symbolValues);

  KernelBuilder &getBuilder() { return builder; }
  SymbolScope &getSymbols() { return symbols; }

  // Variables ---------------------------------------------------------------------------------------------------------
  /// A new variable with 0 <= variable < extent that has the value `value` from here on. `extent` may name symbols;
  /// null when unknown.
  mlir::AffineExpr variable(Index value, mlir::AffineExpr extent);
  /// A variable for a computed i64 scalar or vector: one number for each lane.
  mlir::AffineExpr computed(mlir::Value value, mlir::AffineExpr extent);
  /// The lane counter of a vector of `count` lanes.
  Lanes lanes(int64_t count, mlir::Value mask = {});
  /// A variable that has no value, for looking ahead at accesses.
  mlir::AffineExpr unknown(mlir::AffineExpr extent) { return declare({Index(0), {}}, extent); }
  /// Simplifies with the variables' ranges.
  mlir::AffineExpr simplify(mlir::AffineExpr expr) const;
  /// The run-time value of an expression without lanes.
  Index materialize(mlir::AffineExpr expr);
  /// The tensor's dimensions in module-wide symbols.
  llvm::SmallVector<mlir::AffineExpr> dims(mlir::Value tensor) { return symbols.dims(tensor); }

  // Elements ----------------------------------------------------------------------------------------------------------
  /// Where `tensor`'s element at `point` lies, when it is an argument seen through index maps alone; nothing when it
  /// must be computed (pointwise, concat, pad, gather) .
  std::optional<Access> access(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> point);
  /// How far apart in memory two neighbours along `variable` are, if that is a constant (0: the same element).
  std::optional<int64_t> stride(const Access &access, mlir::AffineExpr variable) const;
  /// Calls `visit` for everything that evaluating `tensor` at `point` may load. Emits nothing.
  void visitAccesses(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> point,
                     llvm::function_ref<void(const Access &)> visit);
  /// The element at `point`: a scalar, or vector<count> when `lanes` is given. i1 tensors yield i1.
  mlir::Value evaluate(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> point, const Lanes *lanes = nullptr);
  /// What the evaluations in `body`, at one point, have in common is computed once.
  void evaluateTogether(llvm::function_ref<void()> body);
  /// The root's result at any point is `element` until unbound: what an emitter holds in registers.
  void bind(mlir::Value tensor, mlir::Value element);
  void unbind(mlir::Value tensor);

  // Results -----------------------------------------------------------------------------------------------------------
  /// Given the root's element (bound to `root`, at `point` of the root's result), computes every result of the kernel
  /// that depends on it, through the epilogue's pointwise operations and views, and stores it.
  void storeResults(mlir::Value root, llvm::ArrayRef<mlir::AffineExpr> point, const Lanes *lanes = nullptr);
  /// The point of result `number` that the root's element at `point` is stored to; nothing when the result does not
  /// depend on `root` one to one.
  std::optional<Point> resultPoint(mlir::Value root, llvm::ArrayRef<mlir::AffineExpr> point, unsigned number);
  /// Stores `element` as result `number`'s element at `point`.
  void store(mlir::Value element, unsigned number, llvm::ArrayRef<mlir::AffineExpr> point,
             const Lanes *lanes = nullptr);

  /// What lies in `buffer` at `point`: a result that was stored before.
  mlir::Value load(const Buffer &buffer, llvm::ArrayRef<mlir::AffineExpr> point, const Lanes *lanes = nullptr);

  kernel::FuncOp getKernel() { return func; }
  /// The tensor that result `number` returns.
  mlir::Value result(unsigned number);
  /// Where argument or result `number` (arguments first) lies.
  const Buffer &buffer(unsigned number) const { return buffers[number]; }
  /// The address of numbers that the library keeps beside its code (aligned to 64 bytes).
  mlir::Value table(mlir::DenseElementsAttr values);
  mlir::AffineExpr constant(int64_t value) { return symbols.constant(value); }
  Extents extents() const { return ranges; }

private:
  struct Variable {
    Index value;
    /// One value for each lane, when they differ.
    mlir::Value perLane;
  };

  mlir::AffineExpr declare(Variable variable, mlir::AffineExpr extent);
  mlir::Value symbolValue(unsigned position);
  /// Whether the lanes see different values of `expr`.
  bool varies(mlir::AffineExpr expr, const Lanes *lanes) const;
  bool varies(llvm::ArrayRef<mlir::AffineExpr> point, const Lanes *lanes) const;
  bool dependsOnBound(mlir::Value tensor);
  /// The i64 value of `expr`, or vector<count x i64> when it varies.
  mlir::Value number(mlir::AffineExpr expr, const Lanes *lanes);
  mlir::Value perLane(mlir::AffineExpr expr, const Lanes &lanes);
  std::optional<Linear> alongLanes(mlir::AffineExpr offset, const Lanes &lanes) const;
  mlir::Value load(const Access &access, const Lanes *lanes);
  std::optional<Buffer> tableOf(ConstantOp constant);
  mlir::Type typeOf(mlir::Value tensor, const Lanes *lanes) const;

  mlir::Value compute(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> point, const Lanes *lanes);
  // Views.cpp, SelectedViews.cpp
  std::optional<std::pair<mlir::Value, Point>> lookThrough(mlir::Operation *view,
                                                           llvm::ArrayRef<mlir::AffineExpr> point);
  Point broadcastPoint(llvm::ArrayRef<mlir::AffineExpr> point, mlir::Value operand);
  mlir::Value computeView(mlir::Operation *view, llvm::ArrayRef<mlir::AffineExpr> point, const Lanes *lanes);
  mlir::Value computePointwise(mlir::Operation *op, llvm::ArrayRef<mlir::AffineExpr> point, const Lanes *lanes);
  mlir::Value computeConstant(ConstantOp op, llvm::ArrayRef<mlir::AffineExpr> point, const Lanes *lanes);
  mlir::Value computeNumber(mlir::AffineExpr expr, mlir::Type element, const Lanes *lanes);
  mlir::Value computeDimensions(DimensionsOp op, llvm::ArrayRef<mlir::AffineExpr> point, const Lanes *lanes);
  mlir::Value computePad(PadOp op, llvm::ArrayRef<mlir::AffineExpr> point, const Lanes *lanes);
  mlir::Value computeContinuedPad(PadOp op, llvm::ArrayRef<mlir::AffineExpr> point, const Lanes *lanes);
  /// The index inside that `index` along `axis` of a pad's input stands for.
  mlir::AffineExpr beyondEdge(PadOp op, size_t axis, mlir::AffineExpr index, const Lanes *lanes);
  mlir::Value computeConcat(ConcatOp op, llvm::ArrayRef<mlir::AffineExpr> point, const Lanes *lanes);
  mlir::Value computePiece(ConcatOp op, unsigned first, mlir::AffineExpr start, llvm::ArrayRef<mlir::AffineExpr> point,
                           const Lanes *lanes);
  mlir::AffineExpr loadedIndex(mlir::Value indices, llvm::ArrayRef<mlir::AffineExpr> point, mlir::AffineExpr extent,
                               const Lanes *lanes);
  Point gatheredPoint(mlir::Operation *op, llvm::ArrayRef<mlir::AffineExpr> point, const Lanes *lanes);
  /// `then` where `condition` (i1, or one per lane) holds, else `otherwise`. Each is evaluated only where it applies.
  mlir::Value branch(mlir::Value condition, mlir::Type type, const Lanes *lanes,
                     llvm::function_ref<mlir::Value(const Lanes *)> then,
                     llvm::function_ref<mlir::Value(const Lanes *)> otherwise);
  /// low <= expr < high as i1 or one per lane; null when it always holds.
  mlir::Value isBetween(mlir::AffineExpr expr, mlir::AffineExpr low, mlir::AffineExpr high, const Lanes *lanes);
  std::optional<Point> forward(mlir::Value target, mlir::Value root, llvm::ArrayRef<mlir::AffineExpr> point);

  KernelBuilder &builder;
  kernel::FuncOp func;
  llvm::SmallVector<Buffer> buffers;
  SymbolScope &symbols;
  mlir::Value symbolValues;
  llvm::SmallVector<Variable> variables;
  llvm::SmallVector<mlir::AffineExpr> ranges;
  llvm::DenseMap<unsigned, mlir::Value> loadedSymbols;
  llvm::DenseMap<mlir::Value, mlir::Value> bound;
  llvm::DenseMap<mlir::Value, bool> boundDependence;
  llvm::DenseMap<mlir::Attribute, mlir::Value> tables;
  /// What the evaluation under way has already computed; a branch's values do not outlive it.
  std::map<std::pair<void *, std::vector<void *>>, mlir::Value> memo;
  int depth = 0;
};

} // namespace ingot::cpu

#endif
