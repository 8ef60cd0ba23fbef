//===- constant.cpp - Tensors that follow from numbers and shapes ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

LogicalResult importConstant(Node &node) {
  if (auto *value = node.findAttribute("value"))
    return node.constant(0, value->t());
  auto i64 = IntegerType::get(node.getContext(), 64);
  auto f32 = Float32Type::get(node.getContext());
  auto known = [&](ArrayRef<int64_t> shape, ArrayRef<int64_t> numbers) {
    return node.result(
        0, Known{SmallVector<int64_t>(shape),
                 llvm::map_to_vector(numbers, [&](int64_t number) { return node.symbols().constant(number); }), i64});
  };
  auto floats = [&](ArrayRef<int64_t> shape, ArrayRef<float> numbers) {
    return node.result(node.constant(DenseElementsAttr::get(RankedTensorType::get(shape, f32), numbers)));
  };
  if (auto *value = node.findAttribute("value_int"))
    return known({}, value->i());
  if (auto *value = node.findAttribute("value_ints"))
    return known({value->ints_size()}, ArrayRef(value->ints().data(), value->ints_size()));
  if (auto *value = node.findAttribute("value_float"))
    return floats({}, value->f());
  if (auto *value = node.findAttribute("value_floats"))
    return floats({value->floats_size()}, ArrayRef(value->floats().data(), value->floats_size()));
  return node.unsupported("a sparse or string constant");
}

LogicalResult importConstantOfShape(Node &node) {
  FailureOr<SmallVector<AffineExpr>> shape = node.expressions(0);
  if (failed(shape))
    return failure();
  for (AffineExpr size : *shape)
    if (auto number = constantValue(size); number && *number < 0)
      return node.error() << "the shape has the negative dimension " << *number;
  Value filling;
  if (auto *value = node.findAttribute("value")) {
    ElementsAttr contents = node.getGraph().getModel().contents(value->t(), node.getLocation());
    filling = node.constant(contents);
    if (filling)
      filling = node.reshape(filling, {});
  } else {
    filling = node.scalar(0, Float32Type::get(node.getContext()));
  }
  return node.result(node.broadcast(filling, *shape));
}

/// start + iota * delta
LogicalResult importRange(Node &node) {
  Type type = node.elementType();
  if (!type)
    return failure();
  const Known *start = node.known(0), *limit = node.known(1), *delta = node.known(2);
  AffineExpr count;
  for (const Known *bound : {start, limit, delta})
    if (bound && bound->elements.size() != 1)
      return node.error() << "start, limit and delta must be scalars";
  if (start && limit && delta) {
    auto step = constantValue(delta->elements.front());
    AffineExpr distance = simplifyDimension(limit->elements.front() - start->elements.front());
    if (!step || *step == 0)
      return step ? node.error() << "the step is 0" : node.unsupported("a step that depends on a dynamic dimension");
    count = simplifyDimension(*step > 0 ? distance.ceilDiv(*step) : (-distance).ceilDiv(-*step));
    node.getGraph().require(count);
  } else {
    FailureOr<SmallVector<double>> from = node.numbers(0), to = failed(from) ? from : node.numbers(1),
                                   by = failed(to) ? to : node.numbers(2);
    if (failed(by))
      return failure();
    if (from->size() != 1 || to->size() != 1 || by->size() != 1)
      return node.error() << "start, limit and delta must be scalars";
    double steps = std::ceil((to->front() - from->front()) / by->front());
    if (!(std::abs(steps) < INT32_MAX))
      return node.error() << "the range has no end";
    count = node.symbols().constant(std::max<int64_t>(0, int64_t(steps)));
  }
  Value index = node.iota({count}, 0, type);
  if (!delta || constantValue(delta->elements.front()) != 1)
    index = node.make<MulOp>(index, node.input(2));
  if (!start || constantValue(start->elements.front()) != 0)
    index = node.make<AddOp>(index, node.input(0));
  return node.result(index);
}

LogicalResult importEyeLike(Node &node) {
  SmallVector<AffineExpr> dims = node.dims(0);
  if (dims.size() != 2)
    return node.error() << "needs a matrix, but has " << describe(node.inputType(0));
  std::string reason;
  Type element = node.hasAttribute("dtype") ? elementType(node.attribute<int64_t>("dtype"), node.getContext(), reason)
                                            : node.elementType();
  if (!element)
    return node.error() << reason;
  Type i64 = IntegerType::get(node.getContext(), 64);
  Value row = node.iota(dims, 0, i64), column = node.iota(dims, 1, i64);
  Value diagonal = node.make<AddOp>(row, node.scalar(node.attribute<int64_t>("k", 0), i64));
  return node.result(node.cast(node.make<EqualOp>(column, diagonal), element));
}

/// Keeps what lies on one side of a diagonal: column - row <= k for the lower part, >= k for the upper.
LogicalResult importTrilu(Node &node) {
  Value x = node.input(0);
  SmallVector<AffineExpr> dims = node.dims(0);
  if (!x || dims.size() < 2)
    return x ? node.error() << "needs at least a matrix, but has " << describe(node.inputType(0)) : failure();
  Type i64 = IntegerType::get(node.getContext(), 64);
  ArrayRef<AffineExpr> matrix = ArrayRef(dims).take_back(2);
  Value bound = node.iota(matrix, 0, i64), column = node.iota(matrix, 1, i64);
  if (node.hasInput(1))
    bound = node.make<AddOp>(bound, node.reshape(node.input(1), {}));
  Value isKept = node.attribute<bool>("upper", true) ? node.make<LessOrEqualOp>(bound, column)
                                                     : node.make<LessOrEqualOp>(column, bound);
  return node.result(node.make<SelectOp>(isKept, x, node.scalarLike(0, x)));
}

/// Shapes are always known, so the symbolic rules take these operators; this is reached only after an error.
LogicalResult importShape(Node &node) { return failure(); }

} // namespace

llvm::ArrayRef<OperatorRow> constantOperators() {
  static const OperatorRow rows[] = {
      {"Constant", 1, importConstant}, {"ConstantOfShape", 9, importConstantOfShape},
      {"EyeLike", 9, importEyeLike},   {"Range", 11, importRange},
      {"Shape", 1, importShape},       {"Size", 1, importShape},
      {"Trilu", 14, importTrilu},
  };
  return rows;
}

} // namespace ingot::frontend
