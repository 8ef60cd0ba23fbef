//===- KernelBuilder.h - Writes the body of one kernel ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thin layer over OpBuilder for kernel code: 64-bit integer arithmetic that folds constants, loops with carried
// values, and loads and stores through plain pointers. It emits the dialects scf, arith, vector, math and llvm
// (pointers). It knows nothing of tensors: see Evaluator.h.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_KERNELBUILDER_H
#define INGOT_CODEGEN_CPU_KERNELBUILDER_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include <variant>

namespace ingot::cpu {

/// An i64 that is known now or when the kernel runs.
class Index {
public:
  Index(int64_t constant = 0) : content(constant) {}
  Index(int constant) : content(int64_t(constant)) {}
  Index(mlir::Value value) : content(value) {}
  std::optional<int64_t> constant() const {
    auto known = std::get_if<int64_t>(&content);
    return known ? std::optional<int64_t>(*known) : std::nullopt;
  }
  bool is(int64_t number) const { return constant() == number; }
  /// The run-time value; only when not constant.
  mlir::Value dynamic() const { return std::get<mlir::Value>(content); }

private:
  std::variant<int64_t, mlir::Value> content;
};

class KernelBuilder {
public:
  KernelBuilder(mlir::OpBuilder &builder, mlir::Location loc) : builder(builder), loc(loc) {}

  mlir::OpBuilder &op() { return builder; }
  mlir::Location getLoc() const { return loc; }
  template <typename Op, typename... Args>
  auto create(Args &&...args) {
    return builder.create<Op>(loc, std::forward<Args>(args)...);
  }

  // Integers. Division and remainder round toward minus infinity for a positive divisor and are only used on
  // non-negative numbers at run time.
  mlir::Value value(Index index);
  Index add(Index a, Index b);
  Index sub(Index a, Index b);
  Index mul(Index a, Index b);
  Index div(Index a, Index b);
  Index mod(Index a, Index b);
  Index ceilDiv(Index a, Index b);
  Index min(Index a, Index b);
  Index max(Index a, Index b);
  /// The value of an expression whose dims and symbols have the values that `leaf` gives.
  Index affine(mlir::AffineExpr expr, llvm::function_ref<Index(mlir::AffineExpr)> leaf);
  /// a < b as i1.
  mlir::Value less(Index a, Index b);

  // Control flow.
  using Body = llvm::function_ref<void(Index iv)>;
  using CarriedBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(Index iv, mlir::ValueRange carried)>;
  /// for (iv = lower; iv < upper; iv += step) body(iv). A loop of one constant trip is emitted inline.
  void loop(Index lower, Index upper, Index step, Body body);
  /// The same with values carried from trip to trip; returns the last ones.
  llvm::SmallVector<mlir::Value> loop(Index lower, Index upper, Index step, mlir::ValueRange initial, CarriedBody body);
  void ifThen(mlir::Value condition, llvm::function_ref<void()> then, llvm::function_ref<void()> otherwise = nullptr);
  /// The value of the branch that `condition` takes.
  mlir::Value choose(mlir::Value condition, mlir::Type type, llvm::function_ref<mlir::Value()> then,
                     llvm::function_ref<mlir::Value()> otherwise);

  // Memory. `pointer` is !llvm.ptr, `element` the type in memory, `offset` counts elements.
  mlir::Value address(mlir::Value pointer, mlir::Type element, Index offset);
  mlir::Value load(mlir::Value pointer, mlir::Type element, Index offset);
  void store(mlir::Value scalar, mlir::Value pointer, Index offset);
  /// `lanes` consecutive elements as vector<lanes x element>. `mask` (vector<lanes x i1>, may be null) guards the
  /// lanes: a lane that is off is not read (and yields `passthru`, zero by default) or not written.
  mlir::Value loadVector(mlir::Value pointer, mlir::Type element, Index offset, int64_t lanes, mlir::Value mask = {});
  void storeVector(mlir::Value vector, mlir::Value pointer, Index offset, mlir::Value mask = {});
  /// Elements at `offsets` (vector<lanes x i64>); lanes that are off are not touched.
  mlir::Value gather(mlir::Value pointer, mlir::Type element, mlir::Value offsets, mlir::Value mask = {});
  void scatter(mlir::Value vector, mlir::Value pointer, mlir::Value offsets, mlir::Value mask = {});
  /// Hint to bring the cache line of an element near; locality 3 = all levels ... 0 = none kept.
  void prefetch(mlir::Value pointer, mlir::Type element, Index offset, int locality = 3);

  // Vectors.
  mlir::Value splat(mlir::Value scalar, int64_t lanes);
  /// A float (or integer) constant of a scalar or vector type.
  mlir::Value constant(mlir::Type type, double number);
  /// 0, 1, 2, ... as vector<lanes x i64>.
  mlir::Value laneNumbers(int64_t lanes);
  /// Lanes below `count` are on.
  mlir::Value maskBelow(Index count, int64_t lanes);
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c);

private:
  /// Booleans are bytes in memory and i1 in registers.
  mlir::Value fromMemory(mlir::Value loaded, mlir::Type element);
  mlir::Value toMemory(mlir::Value element);
  mlir::Value places(mlir::Value pointer, mlir::Type element, mlir::Value offsets);

  mlir::OpBuilder &builder;
  mlir::Location loc;
};

} // namespace ingot::cpu

#endif
