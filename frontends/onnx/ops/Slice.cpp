//===- Slice.cpp - The Slice operator --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bounds may be expressions over symbols, whose clamping to the input's extent cannot be expressed: where the symbols'
// ranges do not decide it, the model's own assumption (the slice lies inside) becomes a requirement on the symbols.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

struct Bounds {
  SmallVector<AffineExpr> start, end;
  SmallVector<int64_t> axes, steps;
};

FailureOr<Bounds> readBounds(Node &node) {
  Bounds bounds;
  if (node.hasAttribute("starts")) {
    auto constants = [&](StringRef name) {
      return llvm::map_to_vector(node.attribute<SmallVector<int64_t>>(name),
                                 [&](int64_t number) { return node.symbols().constant(number); });
    };
    bounds.start = constants("starts");
    bounds.end = constants("ends");
    bounds.axes = node.attribute<SmallVector<int64_t>>("axes");
  } else {
    FailureOr<SmallVector<AffineExpr>> start = node.expressions(1), end = failed(start) ? start : node.expressions(2);
    FailureOr<SmallVector<int64_t>> axes = SmallVector<int64_t>(), steps = SmallVector<int64_t>();
    if (node.hasInput(3))
      axes = node.integers(3);
    if (node.hasInput(4))
      steps = node.integers(4);
    if (failed(start) || failed(end) || failed(axes) || failed(steps))
      return failure();
    bounds = {*start, *end, *axes, *steps};
  }
  size_t count = bounds.start.size();
  if (bounds.axes.empty())
    bounds.axes = llvm::to_vector(llvm::seq<int64_t>(0, count));
  if (bounds.steps.empty())
    bounds.steps.assign(count, 1);
  if (bounds.end.size() != count || bounds.axes.size() != count || bounds.steps.size() != count)
    return node.error() << "starts, ends, axes and steps differ in length";
  return bounds;
}

/// A bound counted from the front and clamped to [low, high].
AffineExpr clampBound(Node &node, AffineExpr bound, AffineExpr size, AffineExpr low, AffineExpr high) {
  auto number = constantValue(bound);
  bool isFromEnd = number ? *number < 0 : !isNonNegative(bound) && isNonNegative(simplifyDimension(-bound));
  if (number && *number >= INT32_MAX) // "to the end"
    return high;
  if (number && *number <= INT32_MIN)
    return low;
  AffineExpr position = simplifyDimension(isFromEnd ? size + bound : bound);
  Graph &graph = node.getGraph();
  if (graph.isCertain(position - high))
    return high;
  if (graph.isCertain(low - position))
    return low;
  graph.require(high - position);
  graph.require(position - low);
  return position;
}

} // namespace

LogicalResult importSlice(Node &node) {
  FailureOr<Bounds> bounds = readBounds(node);
  if (failed(bounds))
    return failure();
  SmallVector<AffineExpr> extent = node.dims(0), start(extent.size(), node.symbols().constant(0));
  SmallVector<int64_t> step(extent.size(), 1);
  for (auto [position, given] : llvm::enumerate(bounds->axes)) {
    FailureOr<int64_t> axis = node.axis(given, extent.size());
    int64_t stride = std::clamp<int64_t>(bounds->steps[position], -INT32_MAX, INT32_MAX);
    if (failed(axis))
      return failure();
    if (stride == 0)
      return node.error() << "the step of axis " << given << " is 0";
    AffineExpr size = extent[*axis], zero = node.symbols().constant(0);
    AffineExpr low = stride > 0 ? zero : zero - 1, high = stride > 0 ? size : size - 1;
    AffineExpr first = clampBound(node, bounds->start[position], size, stride > 0 ? low : zero, high);
    AffineExpr last = clampBound(node, bounds->end[position], size, low, high);
    AffineExpr distance = simplifyDimension(stride > 0 ? last - first : first - last);
    int64_t stepSize = stride > 0 ? stride : -stride;
    if (auto known = constantValue(distance); known && *known <= 0)
      distance = zero;
    else
      node.getGraph().require(distance);
    start[*axis] = first;
    step[*axis] = stride;
    extent[*axis] = stepSize == 1 ? distance : simplifyDimension((distance + (stepSize - 1)).floorDiv(stepSize));
  }
  return node.result(node.slice(node.input(0), start, step, extent));
}

} // namespace ingot::frontend
