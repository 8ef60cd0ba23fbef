//===- TensorBuilder.h - Makes ingot operations -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What gradient rules, losses and optimizers are written with. Making an operation from a null value gives null, and so
// does one whose shape rule rejects its operands (which reports why), so that callers compose calls and check the last
// value.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_TENSORBUILDER_H
#define INGOT_PASSES_AUTODIFF_TENSORBUILDER_H

#include "dialects/ingot/Ingot.h"
#include "mlir/IR/Builders.h"

namespace ingot {

class TensorBuilder {
public:
  TensorBuilder(mlir::OpBuilder &builder, mlir::Location location)
      : builder(builder), location(location), symbols(builder.getContext()) {}

  mlir::MLIRContext *getContext() const { return location.getContext(); }
  mlir::Location getLocation() const { return location; }
  SymbolScope &scope() { return symbols; }
  llvm::SmallVector<mlir::AffineExpr> dims(mlir::Value value) { return symbols.dims(value); }

  /// An operation whose result type follows from its operands.
  template <typename Op, typename... Args>
  mlir::Value make(Args &&...args) {
    if ((isNull(args) || ...))
      return {};
    mlir::OperationState state(location, Op::getOperationName());
    Op::build(builder, state, mlir::Type(builder.getNoneType()), std::forward<Args>(args)...);
    state.types.clear();
    mlir::RegionRange regions;
    if (failed(Op::inferReturnTypes(getContext(), location, state.operands,
                                    state.attributes.getDictionary(getContext()), state.getRawProperties(), regions,
                                    state.types)))
      return {};
    return builder.create(state)->getResult(0);
  }
  /// An operation of several results, whose types follow from operands that are known to agree.
  template <typename Op, typename... Args>
  Op makeAll(Args &&...args) {
    if ((isNull(args) || ...))
      return {};
    return builder.create<Op>(location, std::forward<Args>(args)...);
  }
  /// An operation with a given result type.
  template <typename Op, typename... Args>
  mlir::Value makeAs(mlir::Type type, Args &&...args) {
    if (!type || (isNull(args) || ...))
      return {};
    return builder.create<Op>(location, type, std::forward<Args>(args)...)->getResult(0);
  }

  // Numbers.
  /// A rank-0 constant of the element type of `like`.
  mlir::Value scalar(double number, mlir::Value like) {
    return like ? scalar(number, getElementTypeOrSelf(like)) : mlir::Value();
  }
  mlir::Value scalar(double number, mlir::Type element);
  /// A tensor of one number, with the shape and element type of `like`.
  mlir::Value filled(double number, mlir::Value like) { return broadcastTo(scalar(number, like), like); }
  /// The numbers along an axis of a tensor with these dimensions.
  mlir::Value iota(llvm::ArrayRef<mlir::AffineExpr> dims, int64_t axis, mlir::Type element);
  /// An expression over symbols as a rank-0 tensor.
  mlir::Value number(mlir::AffineExpr expr, mlir::Type element);
  /// How many elements lie along `axes`, as a rank-0 tensor of the value's element type.
  mlir::Value count(mlir::Value value, llvm::ArrayRef<int64_t> axes);

  // Arithmetic.
  mlir::Value add(mlir::Value a, mlir::Value b) { return make<AddOp>(a, b); }
  mlir::Value sub(mlir::Value a, mlir::Value b) { return make<SubOp>(a, b); }
  mlir::Value mul(mlir::Value a, mlir::Value b) { return make<MulOp>(a, b); }
  mlir::Value div(mlir::Value a, mlir::Value b) { return make<DivOp>(a, b); }
  mlir::Value add(mlir::Value a, double b) { return add(a, scalar(b, a)); }
  mlir::Value mul(mlir::Value a, double b) { return mul(a, scalar(b, a)); }
  /// a - b, with a number on the left.
  mlir::Value sub(double a, mlir::Value b) { return sub(scalar(a, b), b); }
  mlir::Value neg(mlir::Value a) { return make<NegOp>(a); }
  mlir::Value exp(mlir::Value a) { return make<ExpOp>(a); }
  mlir::Value log(mlir::Value a) { return make<LogOp>(a); }
  mlir::Value sqrt(mlir::Value a) { return make<SqrtOp>(a); }
  mlir::Value square(mlir::Value a) { return mul(a, a); }
  mlir::Value less(mlir::Value a, mlir::Value b) { return make<LessOp>(a, b); }
  mlir::Value equal(mlir::Value a, mlir::Value b) { return make<EqualOp>(a, b); }
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b) { return make<SelectOp>(condition, a, b); }
  /// `a` where the condition holds, else 0.
  mlir::Value where(mlir::Value condition, mlir::Value a) { return select(condition, a, scalar(0, a)); }
  mlir::Value cast(mlir::Value value, mlir::Type element);

  // Shapes.
  mlir::Value reduce(ReduceKind kind, mlir::Value value, llvm::ArrayRef<int64_t> axes);
  mlir::Value sum(mlir::Value value, llvm::ArrayRef<int64_t> axes) { return reduce(ReduceKind::Sum, value, axes); }
  mlir::Value mean(mlir::Value value, llvm::ArrayRef<int64_t> axes) { return reduce(ReduceKind::Mean, value, axes); }
  /// The sum (mean) of all elements, of rank 0.
  mlir::Value sumAll(mlir::Value value) { return reduceAll(ReduceKind::Sum, value); }
  mlir::Value meanAll(mlir::Value value) { return reduceAll(ReduceKind::Mean, value); }
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> dims);
  mlir::Value reshapeLike(mlir::Value value, mlir::Value like);
  mlir::Value broadcast(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> dims);
  mlir::Value broadcastTo(mlir::Value value, mlir::Value like);
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> permutation);
  /// The last two axes exchanged.
  mlir::Value transposeLast(mlir::Value value);
  mlir::Value slice(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> start, llvm::ArrayRef<int64_t> step,
                    llvm::ArrayRef<mlir::AffineExpr> extents);
  /// Zeros (or another number) before and after each axis; negative amounts crop.
  mlir::Value pad(mlir::Value value, llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> high, double number = 0);
  /// The opposite of `slice`: zeros of shape `dims` with the piece's elements at start + i * step, axis by axis.
  mlir::Value place(mlir::Value piece, llvm::ArrayRef<mlir::AffineExpr> start, llvm::ArrayRef<int64_t> step,
                    llvm::ArrayRef<mlir::AffineExpr> dims);
  /// The opposite of `gather`: zeros of shape `dims` to which updates[a..., i..., b...] is added at [a...,
  /// indices[i...], b...].
  mlir::Value scatterAdd(mlir::Value updates, mlir::Value indices, int64_t axis, llvm::ArrayRef<mlir::AffineExpr> dims);

  /// All axes of a tensor: 0, 1, ...
  static llvm::SmallVector<int64_t> allAxes(mlir::Value value);

protected:
  template <typename T>
  static bool isNull(const T &argument) {
    if constexpr (std::is_convertible_v<T, mlir::Value>)
      return !mlir::Value(argument);
    else
      return false;
  }

  mlir::Value reduceAll(ReduceKind kind, mlir::Value value);
  mlir::Value reversed(mlir::Value value, int64_t axis);
  mlir::Value spreadOut(mlir::Value value, int64_t axis, int64_t step);
  mlir::Value window(mlir::Value value, int64_t axis, mlir::AffineExpr start, mlir::AffineExpr extent);

  mlir::OpBuilder &builder;
  mlir::Location location;
  SymbolScope symbols;
};

} // namespace ingot

#endif
