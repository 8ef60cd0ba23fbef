//===- softmax.cpp - Softmax and its relatives -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

template <bool isLogarithm>
LogicalResult importSoftmax(Node &node) {
  FailureOr<int64_t> axis = node.axis(node.attribute<int64_t>("axis", -1), node.rank(0));
  return failed(axis) ? failure() : node.result(node.make<SoftmaxOp>(node.input(0), *axis, isLogarithm));
}

/// Before opset 13 all axes from `axis` on count as one.
template <bool isLogarithm>
LogicalResult importFlatSoftmax(Node &node) {
  SmallVector<AffineExpr> dims = node.dims(0);
  FailureOr<int64_t> axis = node.axis(node.attribute<int64_t>("axis", 1), dims.size());
  if (failed(axis))
    return failure();
  if (*axis + 1 == int64_t(dims.size()))
    return node.result(node.make<SoftmaxOp>(node.input(0), *axis, isLogarithm));
  Value flat = node.reshape(node.input(0), {product(ArrayRef(dims).take_front(*axis), node.getContext()),
                                            product(ArrayRef(dims).drop_front(*axis), node.getContext())});
  return node.result(node.reshape(node.make<SoftmaxOp>(flat, 1, isLogarithm), dims));
}

Value hardmax(Node &node, Value x, int64_t axis) {
  Value best = node.make<ArgReduceOp>(x, ReduceKind::Max, axis, /*last=*/false);
  Value index = node.iota(node.dimsOf(x), axis, IntegerType::get(node.getContext(), 64));
  return x ? node.cast(node.make<EqualOp>(index, best), getElementTypeOrSelf(x)) : Value();
}

LogicalResult importHardmax(Node &node) {
  FailureOr<int64_t> axis = node.axis(node.attribute<int64_t>("axis", -1), node.rank(0));
  return failed(axis) ? failure() : node.result(hardmax(node, node.input(0), *axis));
}

LogicalResult importFlatHardmax(Node &node) {
  SmallVector<AffineExpr> dims = node.dims(0);
  FailureOr<int64_t> axis = node.axis(node.attribute<int64_t>("axis", 1), dims.size());
  if (failed(axis))
    return failure();
  Value flat = node.reshape(node.input(0), {product(ArrayRef(dims).take_front(*axis), node.getContext()),
                                            product(ArrayRef(dims).drop_front(*axis), node.getContext())});
  return node.result(node.reshape(hardmax(node, flat, 1), dims));
}

} // namespace

llvm::ArrayRef<OperatorRow> softmaxOperators() {
  static const OperatorRow rows[] = {
      {"Hardmax", 1, importFlatHardmax},          {"Hardmax", 13, importHardmax},
      {"LogSoftmax", 1, importFlatSoftmax<true>}, {"LogSoftmax", 13, importSoftmax<true>},
      {"Softmax", 1, importFlatSoftmax<false>},   {"Softmax", 13, importSoftmax<false>},
  };
  return rows;
}

} // namespace ingot::frontend
