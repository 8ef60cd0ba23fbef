//===- Shape.h - Dimensions as expressions over named symbols ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tensor type's dimensions are AffineExpr over symbols; the type's encoding (ShapeAttr) names the symbols.
// Expressions of two tensors can be compared and combined only in one numbering of the symbols: a SymbolScope.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_DIALECTS_INGOT_SHAPE_H
#define INGOT_DIALECTS_INGOT_SHAPE_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SetVector.h"

namespace ingot {
class ShapeAttr;

/// Normal form: a sum of products in a fixed order, so that equal expressions are one object. Products of symbols are
/// allowed (MLIR calls such an expression semi-affine).
mlir::AffineExpr simplifyDimension(mlir::AffineExpr expr);

/// `dividend / divisor` where the division is known to leave no rest (as sizes in a reshape), or null when the result
/// is not a sum of products: (12*batch*seq) / (4*batch) is 3*seq.
mlir::AffineExpr divideExactly(mlir::AffineExpr dividend, mlir::AffineExpr divisor);

/// The value of a constant expression, if it is one.
std::optional<int64_t> constantValue(mlir::AffineExpr expr);

/// A common numbering of symbols for the dimensions of several tensors.
///
///   SymbolScope scope(context);
///   auto lhs = scope.dims(lhsType), rhs = scope.dims(rhsType);      // comparable expressions
///   RankedTensorType result = scope.tensor({lhs[0], rhs[1]}, lhsType.getElementType());
class SymbolScope {
public:
  explicit SymbolScope(mlir::MLIRContext *context) : context(context) {}
  /// A scope with a given numbering (module-wide, say). Further symbols are appended.
  SymbolScope(mlir::MLIRContext *context, llvm::ArrayRef<mlir::StringAttr> names)
      : context(context), names(names.begin(), names.end()) {}

  mlir::MLIRContext *getContext() const { return context; }
  llvm::ArrayRef<mlir::StringAttr> getNames() const { return names; }

  /// The expression that stands for the symbol `name`.
  mlir::AffineExpr symbol(llvm::StringRef name);
  mlir::AffineExpr constant(int64_t value) const;
  /// An expression whose symbols are numbered as in `from`, in this scope's numbering.
  mlir::AffineExpr adopt(mlir::AffineExpr expr, llvm::ArrayRef<mlir::StringAttr> from);
  llvm::SmallVector<mlir::AffineExpr> adopt(ShapeAttr shape);

  /// The dimensions of a ranked tensor in this scope.
  llvm::SmallVector<mlir::AffineExpr> dims(mlir::Type tensor);
  llvm::SmallVector<mlir::AffineExpr> dims(mlir::Value tensor) { return dims(tensor.getType()); }

  /// The tensor type with these dimensions: no encoding when all are constant.
  mlir::RankedTensorType tensor(llvm::ArrayRef<mlir::AffineExpr> dims, mlir::Type element) const;
  /// The attribute with these expressions: only the symbols that occur, sorted by name.
  ShapeAttr shape(llvm::ArrayRef<mlir::AffineExpr> dims) const;

  /// Whether two dimensions can be equal. Numbers must be; with a symbol they are taken to be, since exporters name
  /// unknown sizes one by one, and whoever collects assumptions (Assumptions) gets to know.
  bool canBeEqual(mlir::AffineExpr a, mlir::AffineExpr b) const;
  /// The same for `a >= b`.
  bool canReach(mlir::AffineExpr a, mlir::AffineExpr b) const;

  /// `dividend / divisor` where that leaves nothing, which is taken for granted where a symbol decides it; else null.
  mlir::AffineExpr divide(mlir::AffineExpr dividend, mlir::AffineExpr divisor) const;

  /// The dimension that two broadcast to, or null when they differ. A symbol is taken to be equal to what it meets, not
  /// to be 1: exporters name unknown sizes, not unknown broadcasting.
  mlir::AffineExpr broadcast(mlir::AffineExpr lhs, mlir::AffineExpr rhs) const;
  /// NumPy's rule, right-aligned. Fails when two dimensions disagree.
  mlir::FailureOr<llvm::SmallVector<mlir::AffineExpr>> broadcast(llvm::ArrayRef<mlir::AffineExpr> lhs,
                                                                 llvm::ArrayRef<mlir::AffineExpr> rhs) const;

  /// One expression in user's terms, "seq + past".
  std::string print(mlir::AffineExpr expr) const;

private:
  mlir::MLIRContext *context;
  llvm::SmallVector<mlir::StringAttr> names;
};

/// The product of the dimensions (1 for none).
mlir::AffineExpr product(llvm::ArrayRef<mlir::AffineExpr> dims, mlir::MLIRContext *context);

/// Collects, while it lives, what shape rules on this thread take for granted of symbols: what is built meanwhile is
/// right only for sizes with which none of the expressions is negative. The innermost one collects.
class Assumptions {
public:
  Assumptions();
  ~Assumptions();
  Assumptions(const Assumptions &) = delete;
  Assumptions &operator=(const Assumptions &) = delete;

  /// ShapeAttr of one expression each, in the order in which they were assumed.
  llvm::ArrayRef<mlir::Attribute> get() const { return expressions.getArrayRef(); }

private:
  friend class SymbolScope;
  Assumptions *outer;
  llvm::SetVector<mlir::Attribute> expressions;
};

} // namespace ingot

#endif
