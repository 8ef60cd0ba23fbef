//===- reduce.cpp - Reductions and running sums -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

/// The axes to reduce over: an attribute in old versions, an input in new ones; none means all.
FailureOr<SmallVector<int64_t>> reducedAxes(Node &node) {
  int64_t rank = node.rank(0);
  SmallVector<int64_t> given = node.attribute<SmallVector<int64_t>>("axes");
  if (node.hasInput(1)) {
    FailureOr<SmallVector<int64_t>> input = node.integers(1);
    if (failed(input))
      return failure();
    given = *input;
  }
  if (given.empty() && !node.attribute<bool>("noop_with_empty_axes", false))
    return llvm::to_vector(llvm::seq<int64_t>(0, rank));
  return node.axes(given, rank);
}

using Reduction = Value (*)(Node &, Value, ArrayRef<int64_t>);

template <Reduction reduction>
LogicalResult importReduction(Node &node) {
  Value x = node.input(0);
  FailureOr<SmallVector<int64_t>> axes = reducedAxes(node);
  if (!x || failed(axes))
    return failure();
  bool isBoolean = node.elementType().isInteger(1);
  Value result = reduction(
      node, isBoolean ? node.cast(x, IntegerType::get(node.getContext(), 8, IntegerType::Unsigned)) : x, *axes);
  if (isBoolean)
    result = node.cast(result, IntegerType::get(node.getContext(), 1));
  if (result && !node.attribute<bool>("keepdims", true))
    result = node.squeeze(result, *axes);
  return node.result(result);
}

template <ReduceKind kind>
Value plain(Node &node, Value x, ArrayRef<int64_t> axes) {
  return node.reduce(kind, x, axes);
}

Value sumOfSquares(Node &node, Value x, ArrayRef<int64_t> axes) {
  return node.reduce(ReduceKind::Sum, node.make<MulOp>(x, x), axes);
}
Value l1(Node &node, Value x, ArrayRef<int64_t> axes) {
  return node.reduce(ReduceKind::Sum, node.make<AbsOp>(x), axes);
}
/// A reduction with logarithms: those of integers are real numbers, which are cut to integers again.
template <Reduction reduction>
Value inReals(Node &node, Value x, ArrayRef<int64_t> axes) {
  Value result = reduction(node, node.asReal(x), axes);
  return result ? node.cast(result, getElementTypeOrSelf(x)) : Value();
}

Value l2(Node &node, Value x, ArrayRef<int64_t> axes) {
  Value sum = node.asReal(sumOfSquares(node, x, axes));
  return sum ? node.cast(node.make<SqrtOp>(sum), getElementTypeOrSelf(x)) : Value();
}
Value logSum(Node &node, Value x, ArrayRef<int64_t> axes) {
  return node.make<LogOp>(node.reduce(ReduceKind::Sum, x, axes));
}

/// m + log(sum e^(x - m)) with m = max x, which does not overflow; m = 0 where the maximum is infinite.
Value logSumExp(Node &node, Value x, ArrayRef<int64_t> axes) {
  Value most = node.reduce(ReduceKind::Max, x, axes);
  most = node.make<SelectOp>(node.make<IsInfOp>(most, true, true), node.scalarLike(0, most), most);
  Value sum = node.reduce(ReduceKind::Sum, node.make<ExpOp>(node.make<SubOp>(x, most)), axes);
  return node.make<AddOp>(most, node.make<LogOp>(sum));
}

template <ReduceKind kind>
LogicalResult importArgReduce(Node &node) {
  FailureOr<int64_t> axis = node.axis(node.attribute<int64_t>("axis", 0), node.rank(0));
  if (failed(axis))
    return failure();
  if (!node.symbols().canReach(node.dims(0)[*axis], node.symbols().constant(1)))
    return node.error() << "axis " << *axis << " of " << describe(node.inputType(0)) << " has no element";
  Value result = node.make<ArgReduceOp>(node.input(0), kind, *axis, node.attribute<bool>("select_last_index", false));
  if (result && !node.attribute<bool>("keepdims", true))
    result = node.squeeze(result, *axis);
  return node.result(result);
}

template <ReduceKind kind>
LogicalResult importCumulate(Node &node) {
  FailureOr<SmallVector<int64_t>> given = node.integers(1);
  if (failed(given) || given->size() != 1)
    return failed(given) ? failure() : node.error() << "axis must be one number";
  FailureOr<int64_t> axis = node.axis(given->front(), node.rank(0));
  if (failed(axis))
    return failure();
  return node.result(node.make<CumulateOp>(node.input(0), kind, *axis, node.attribute<bool>("exclusive", false),
                                           node.attribute<bool>("reverse", false)));
}

} // namespace

llvm::ArrayRef<OperatorRow> reduceOperators() {
  static const OperatorRow rows[] = {
      {"ArgMax", 1, importArgReduce<ReduceKind::Max>},
      {"ArgMin", 1, importArgReduce<ReduceKind::Min>},
      {"CumProd", 26, importCumulate<ReduceKind::Product>},
      {"CumSum", 11, importCumulate<ReduceKind::Sum>},
      {"ReduceL1", 1, importReduction<l1>},
      {"ReduceL2", 1, importReduction<l2>},
      {"ReduceLogSum", 1, importReduction<inReals<logSum>>},
      {"ReduceLogSumExp", 1, importReduction<inReals<logSumExp>>},
      {"ReduceMax", 1, importReduction<plain<ReduceKind::Max>>},
      {"ReduceMean", 1, importReduction<plain<ReduceKind::Mean>>},
      {"ReduceMin", 1, importReduction<plain<ReduceKind::Min>>},
      {"ReduceProd", 1, importReduction<plain<ReduceKind::Product>>},
      {"ReduceSum", 1, importReduction<plain<ReduceKind::Sum>>},
      {"ReduceSumSquare", 1, importReduction<sumOfSquares>},
  };
  return rows;
}

} // namespace ingot::frontend
