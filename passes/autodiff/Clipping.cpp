//===- Clipping.cpp - Limits to gradients ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/Clipping.h"

using namespace mlir;

namespace ingot {

LogicalResult clipGradients(TensorBuilder &make, StringRef kind, Value limit, SmallVectorImpl<Value> &gradients) {
  if (kind == "value") {
    for (Value &gradient : gradients) {
      Value bound = make.cast(limit, getElementTypeOrSelf(gradient));
      gradient = make.make<MinOp>(make.make<MaxOp>(gradient, make.neg(bound)), bound);
    }
    return success();
  }
  if (kind != "norm")
    return emitError(make.getLocation()) << "gradients are clipped by norm or value, not by \"" << kind << "\"";
  Value squares;
  for (Value gradient : gradients) {
    Value own = make.cast(make.sumAll(make.square(gradient)), Float64Type::get(make.getContext()));
    squares = squares ? make.add(squares, own) : own;
  }
  Value factor = make.make<MinOp>(make.div(limit, make.add(make.sqrt(squares), 1e-6)), make.scalar(1, limit));
  for (Value &gradient : gradients)
    gradient = make.mul(gradient, make.cast(factor, getElementTypeOrSelf(gradient)));
  return success();
}

} // namespace ingot
