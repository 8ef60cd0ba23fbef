//===- conv.cpp - Convolutions ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/Window.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

/// ONNX filters are [F, C / groups, window...]; the dialect's are [window..., C / groups, F].
Value filterLast(Node &node, Value filter) {
  SmallVector<int64_t> permutation;
  for (int64_t axis = 2; axis < node.rank(1); ++axis)
    permutation.push_back(axis);
  permutation.append({1, 0});
  return node.transpose(filter, permutation);
}

LogicalResult checkRanks(Node &node) {
  if (node.rank(0) >= 3 && node.rank(0) == node.rank(1))
    return success();
  return node.error() << "input and weights must have one rank of at least 3, but are " << describe(node.inputType(0))
                      << " and " << describe(node.inputType(1));
}

/// Bias and the way back to channels first.
LogicalResult finish(Node &node, Value result) {
  // Some exporters leave the bias in single precision.
  if (result && node.hasInput(2))
    result = node.make<AddOp>(result, node.cast(node.input(2), getElementTypeOrSelf(result)));
  return result ? node.result(toChannelsFirst(node, result)) : failure();
}

LogicalResult importConv(Node &node) {
  if (failed(checkRanks(node)))
    return failure();
  SmallVector<AffineExpr> input = node.dims(0), filter = node.dims(1);
  FailureOr<Window> window = Window::read(node, ArrayRef(filter).drop_front(2));
  if (failed(window))
    return failure();
  window->resolve(node, ArrayRef(input).drop_front(2));
  Value x = node.input(0), weights = node.input(1);
  if (!x || !weights)
    return failure();
  Value padded = window->padded(node, toChannelsLast(node, x), node.scalarLike(0, x));
  return finish(node, node.make<ConvOp>(padded, filterLast(node, weights), window->strides, window->dilations,
                                        window->low, window->high, node.attribute<int64_t>("group", 1)));
}

/// Amounts cut off the full result, from pads, auto_pad or a wanted output_shape.
LogicalResult resolveTransposed(Node &node, Window &window, ArrayRef<AffineExpr> sizes,
                                SmallVector<int64_t> &outputPadding) {
  auto wanted = node.attribute<SmallVector<int64_t>>("output_shape");
  size_t rank = sizes.size();
  if (wanted.size() == rank + 2)
    wanted.erase(wanted.begin(), wanted.begin() + 2);
  if (outputPadding.size() != rank || (!wanted.empty() && wanted.size() != rank))
    return node.error() << "output_padding and output_shape need " << rank << " numbers";
  if (wanted.empty() && !window.isSameLower && !window.isSameUpper)
    return success();
  for (size_t i = 0; i < rank; ++i) {
    int64_t extent = window.extent(i);
    auto size = constantValue(sizes[i]);
    if (!wanted.empty() && !size)
      return node.unsupported("output_shape with a dynamic dimension");
    // SAME: the result is the input times the stride.
    int64_t total = wanted.empty() ? extent - window.strides[i] + outputPadding[i]
                                   : window.strides[i] * (*size - 1) + outputPadding[i] + extent - wanted[i];
    if (total < 0) { // more is wanted than the windows cover: zeros behind
      outputPadding[i] -= total;
      total = 0;
    }
    window.low[i] = window.isSameUpper ? total / 2 : total - total / 2;
    window.high[i] = total - window.low[i];
  }
  return success();
}

LogicalResult importConvTranspose(Node &node) {
  if (failed(checkRanks(node)))
    return failure();
  SmallVector<AffineExpr> input = node.dims(0), filter = node.dims(1);
  FailureOr<Window> window = Window::read(node, ArrayRef(filter).drop_front(2));
  if (failed(window))
    return failure();
  auto outputPadding = node.attribute("output_padding", SmallVector<int64_t>(input.size() - 2, 0));
  if (failed(resolveTransposed(node, *window, ArrayRef(input).drop_front(2), outputPadding)))
    return failure();
  Value x = node.input(0), weights = node.input(1);
  if (!x || !weights)
    return failure();
  // ONNX's [C, F / groups, window...] becomes [window..., F / groups, C].
  return finish(node, node.make<ConvTransposeOp>(toChannelsLast(node, x), filterLast(node, weights), window->strides,
                                                 window->dilations, window->low, window->high, outputPadding,
                                                 node.attribute<int64_t>("group", 1)));
}

} // namespace

llvm::ArrayRef<OperatorRow> convOperators() {
  static const OperatorRow rows[] = {
      {"Conv", 1, importConv},
      {"ConvTranspose", 1, importConvTranspose},
  };
  return rows;
}

} // namespace ingot::frontend
