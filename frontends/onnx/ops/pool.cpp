//===- pool.cpp - Pools ----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/Window.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

FailureOr<Window> readPool(Node &node) {
  SmallVector<AffineExpr> dims = node.dims(0);
  FailureOr<Window> window = Window::read(node, {});
  if (failed(window))
    return failure();
  if (dims.size() != window->shape.size() + 2)
    return node.error() << "a window of rank " << window->shape.size() << " does not fit the input "
                        << describe(node.inputType(0));
  window->resolve(node, ArrayRef(dims).drop_front(2));
  return window;
}

/// What no element is less than, of rank 0.
Value least(Node &node, Type element) {
  if (isa<FloatType>(element))
    return node.scalar(-std::numeric_limits<double>::infinity(), element);
  unsigned bits = element.getIntOrFloatBitWidth();
  APInt number = element.isUnsignedInteger() ? APInt::getZero(bits) : APInt::getSignedMinValue(bits);
  return node.constant(DenseElementsAttr::get(RankedTensorType::get({}, element), number));
}

LogicalResult importMaxPool(Node &node) {
  if (node.hasOutput(1))
    return node.unsupported("MaxPool's second output (indices)");
  FailureOr<Window> window = readPool(node);
  Value x = node.input(0);
  if (failed(window) || !x)
    return failure();
  Value padded = window->padded(node, toChannelsLast(node, x), least(node, getElementTypeOrSelf(x)));
  Value result = node.make<MaxPoolOp>(padded, window->shape, window->strides, window->dilations, window->low,
                                      window->high, node.attribute<bool>("ceil_mode", false));
  return result ? node.result(toChannelsFirst(node, result)) : failure();
}

LogicalResult importAveragePool(Node &node) {
  FailureOr<Window> window = readPool(node);
  Value x = node.input(0);
  if (failed(window) || !x)
    return failure();
  bool countsPadding = node.attribute<bool>("count_include_pad", false);
  auto average = [&](Value channelsLast) {
    return node.make<AvgPoolOp>(window->padded(node, channelsLast, node.scalarLike(0, x)), window->shape,
                                window->strides, window->dilations, window->low, window->high,
                                node.attribute<bool>("ceil_mode", false), countsPadding);
  };
  Value input = toChannelsLast(node, x), result = average(input);
  if (!window->open.empty() && !countsPadding) { // the mean of ones is the share of elements that count
    SmallVector<AffineExpr> extents = node.dimsOf(input);
    extents.front() = extents.back() = node.symbols().constant(1);
    result = node.make<DivOp>(result, average(node.broadcast(node.scalarLike(1, x), extents)));
  }
  return result ? node.result(toChannelsFirst(node, result)) : failure();
}

/// (sum of |x|^p over the window)^(1/p), through the mean with padding counted.
LogicalResult importLpPool(Node &node) {
  FailureOr<Window> window = readPool(node);
  Value x = node.input(0);
  if (failed(window) || !x)
    return failure();
  double power = node.attribute<int64_t>("p", 2), count = 1;
  for (int64_t size : window->shape)
    count *= size;
  Value powers = node.make<PowOp>(node.make<AbsOp>(x), node.scalarLike(power, x));
  if (!powers)
    return failure();
  // As much padding behind as ceil_mode's windows need: then all of a window counts.
  if (node.attribute<bool>("ceil_mode", false))
    for (auto [axis, high] : llvm::enumerate(window->high))
      high = std::max(high, std::min(high + window->strides[axis], window->extent(axis)) - 1);
  Value padded = window->padded(node, toChannelsLast(node, powers), node.scalarLike(0, x));
  Value mean = node.make<AvgPoolOp>(padded, window->shape, window->strides, window->dilations, window->low,
                                    window->high, /*ceil_mode=*/false, /*count_include_pad=*/true);
  Value sum = node.make<MulOp>(mean, node.scalarLike(count, x));
  Value result = node.make<PowOp>(sum, node.scalarLike(1 / power, x));
  return result ? node.result(toChannelsFirst(node, result)) : failure();
}

SmallVector<int64_t> spatialAxes(Node &node) {
  return llvm::to_vector(llvm::seq<int64_t>(2, std::max<int64_t>(2, node.rank(0))));
}

template <ReduceKind kind>
LogicalResult importGlobalPool(Node &node) {
  return node.result(node.reduce(kind, node.input(0), spatialAxes(node)));
}

LogicalResult importGlobalLpPool(Node &node) {
  Value x = node.input(0);
  double power = node.attribute<int64_t>("p", 2);
  Value sum =
      node.reduce(ReduceKind::Sum, node.make<PowOp>(node.make<AbsOp>(x), node.scalarLike(power, x)), spatialAxes(node));
  return node.result(node.make<PowOp>(sum, node.scalarLike(1 / power, x)));
}

} // namespace

// In Resize.cpp.
LogicalResult importResize(Node &node);
LogicalResult importUpsample(Node &node);

llvm::ArrayRef<OperatorRow> poolOperators() {
  static const OperatorRow rows[] = {
      {"AveragePool", 1, importAveragePool},
      {"GlobalAveragePool", 1, importGlobalPool<ReduceKind::Mean>},
      {"GlobalLpPool", 1, importGlobalLpPool},
      {"GlobalMaxPool", 1, importGlobalPool<ReduceKind::Max>},
      {"LpPool", 2, importLpPool},
      {"MaxPool", 1, importMaxPool},
      {"Resize", 10, importUpsample},
      {"Resize", 11, importResize},
      {"Upsample", 7, importUpsample},
  };
  return rows;
}

} // namespace ingot::frontend
