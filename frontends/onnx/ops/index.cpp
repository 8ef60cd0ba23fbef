//===- index.cpp - Elements chosen by other tensors ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

/// One slice at a position that is known: a view instead of a gather.
LogicalResult importGatherAt(Node &node, AffineExpr index, int64_t axis) {
  SmallVector<AffineExpr> extent = node.dims(0), start(extent.size(), node.symbols().constant(0));
  SymbolScope &symbols = node.symbols();
  start[axis] = simplifyDimension(constantValue(index).value_or(0) < 0 ? extent[axis] + index : index);
  if (!symbols.canReach(start[axis], symbols.constant(0)) || !symbols.canReach(extent[axis], start[axis] + 1))
    return node.error() << "index " << symbols.print(index) << " is out of range for axis " << axis << " of "
                        << describe(node.inputType(0));
  extent[axis] = node.symbols().constant(1);
  return node.result(
      node.squeeze(node.slice(node.input(0), start, SmallVector<int64_t>(extent.size(), 1), extent), axis));
}

LogicalResult importGather(Node &node) {
  FailureOr<int64_t> axis = node.axis(node.attribute<int64_t>("axis", 0), node.rank(0));
  if (failed(axis))
    return failure();
  if (const Known *indices = node.known(1); indices && indices->rank() == 0)
    return importGatherAt(node, indices->elements.front(), *axis);
  return node.result(node.make<GatherOp>(node.input(0), node.input(1), *axis));
}

LogicalResult importGatherElements(Node &node) {
  FailureOr<int64_t> axis = node.axis(node.attribute<int64_t>("axis", 0), node.rank(0));
  return failed(axis) ? failure() : node.result(node.make<GatherElementsOp>(node.input(0), node.input(1), *axis));
}

LogicalResult importGatherNd(Node &node) {
  return node.result(node.make<GatherNdOp>(node.input(0), node.input(1), node.attribute<int64_t>("batch_dims", 0)));
}

FailureOr<ScatterKind> scatterKind(Node &node) {
  std::string name = node.attribute<std::string>("reduction", "none");
  if (name == "none")
    return ScatterKind::Replace;
  if (name == "mul")
    return ScatterKind::Multiply;
  if (auto kind = symbolizeScatterKind(name))
    return *kind;
  return node.error() << "there is no reduction \"" << name << "\"";
}

LogicalResult importScatterElements(Node &node) {
  FailureOr<int64_t> axis = node.axis(node.attribute<int64_t>("axis", 0), node.rank(0));
  FailureOr<ScatterKind> kind = scatterKind(node);
  if (failed(axis) || failed(kind))
    return failure();
  return node.result(node.make<ScatterElementsOp>(node.input(0), node.input(1), node.input(2), *axis, *kind));
}

LogicalResult importScatterNd(Node &node) {
  FailureOr<ScatterKind> kind = scatterKind(node);
  return failed(kind) ? failure()
                      : node.result(node.make<ScatterNdOp>(node.input(0), node.input(1), node.input(2), *kind));
}

LogicalResult importTopK(Node &node) {
  SmallVector<AffineExpr> dims = node.dims(0);
  FailureOr<int64_t> axis = node.axis(node.attribute<int64_t>("axis", -1), dims.size());
  FailureOr<SmallVector<AffineExpr>> count =
      SmallVector<AffineExpr>{node.symbols().constant(node.attribute<int64_t>("k", 0))};
  if (failed(axis) || (node.hasInput(1) && failed(count = node.expressions(1))))
    return failure();
  if (count->size() != 1)
    return node.error() << "k must be one number";
  SymbolScope &symbols = node.symbols();
  if (!symbols.canReach(count->front(), symbols.constant(0)) || !symbols.canReach(dims[*axis], count->front()))
    return node.error() << "k = " << symbols.print(count->front()) << " is out of range for axis " << *axis << " of "
                        << describe(node.inputType(0));
  dims[*axis] = count->front();
  Value x = node.input(0);
  if (!x)
    return failure();
  auto op =
      node.getGraph().getBuilder().create<TopKOp>(node.getLocation(), node.symbols().tensor(dims, node.elementType()),
                                                  node.symbols().tensor(dims, IntegerType::get(node.getContext(), 64)),
                                                  x, *axis, node.attribute<bool>("largest", true));
  return success(succeeded(node.result(0, op.getValues())) && succeeded(node.result(1, op.getIndices())));
}

/// indices, depth, [off, on]  =>  select(indices == iota, on, off)
LogicalResult importOneHot(Node &node) {
  FailureOr<SmallVector<AffineExpr>> depth = node.expressions(1); // of any numeric type
  FailureOr<int64_t> axis = node.axis(node.attribute<int64_t>("axis", -1), node.rank(0) + 1);
  if (failed(depth) || failed(axis))
    return failure();
  if (depth->size() != 1)
    return node.error() << "depth must be one number";
  Value indices = node.cast(node.input(0), IntegerType::get(node.getContext(), 64)), values = node.input(2);
  AffineExpr zero = node.symbols().constant(0), one = node.symbols().constant(1);
  int64_t step = 1;
  Value off = node.squeeze(node.slice(values, {zero}, ArrayRef(step), {one}), {0});
  Value on = node.squeeze(node.slice(values, {one}, ArrayRef(step), {one}), {0});
  Value size = node.getGraph().materialize(Known{{}, {depth->front()}, IntegerType::get(node.getContext(), 64)},
                                           node.getLocation());
  Value isNegative = node.make<LessOp>(indices, node.scalarLike(0, indices));
  Value positions = node.make<SelectOp>(isNegative, node.make<AddOp>(indices, size), indices);
  SmallVector<AffineExpr> dims(node.rank(0) + 1, one);
  dims[*axis] = depth->front();
  Value column = node.iota(dims, *axis, IntegerType::get(node.getContext(), 64));
  return node.result(node.make<SelectOp>(node.make<EqualOp>(node.unsqueeze(positions, *axis), column), on, off));
}

} // namespace

llvm::ArrayRef<OperatorRow> indexOperators() {
  static const OperatorRow rows[] = {
      {"Gather", 1, importGather},           {"GatherElements", 11, importGatherElements},
      {"GatherND", 11, importGatherNd},      {"OneHot", 9, importOneHot},
      {"Scatter", 9, importScatterElements}, {"ScatterElements", 11, importScatterElements},
      {"ScatterND", 11, importScatterNd},    {"TopK", 1, importTopK},
  };
  return rows;
}

} // namespace ingot::frontend
