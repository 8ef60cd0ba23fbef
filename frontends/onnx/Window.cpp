//===- Window.cpp - What convolutions and pools have in common ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Window.h"

using namespace mlir;

namespace ingot::frontend {

FailureOr<Window> Window::read(Node &node, ArrayRef<AffineExpr> kernel) {
  Window window;
  window.shape = node.attribute<SmallVector<int64_t>>("kernel_shape");
  if (window.shape.empty())
    for (AffineExpr size : kernel)
      window.shape.push_back(constantValue(size).value_or(0));
  size_t rank = window.shape.size();
  for (auto [position, size] : llvm::enumerate(kernel))
    if (kernel.size() != rank || constantValue(size).value_or(window.shape[position]) != window.shape[position])
      return node.error() << "kernel_shape contradicts the weights' shape " << describe(node.inputType(1));
  window.strides = node.attribute("strides", SmallVector<int64_t>(rank, 1));
  window.dilations = node.attribute("dilations", SmallVector<int64_t>(rank, 1));
  auto pads = node.attribute("pads", SmallVector<int64_t>(2 * rank, 0));
  if (window.strides.size() != rank || window.dilations.size() != rank || pads.size() != 2 * rank)
    return node.error() << "strides, dilations and pads need " << rank << ", " << rank << " and " << 2 * rank
                        << " numbers for a window of rank " << rank;
  std::string autoPad = node.attribute<std::string>("auto_pad", "NOTSET");
  window.isSameUpper = autoPad == "SAME_UPPER";
  window.isSameLower = autoPad == "SAME_LOWER";
  if (autoPad == "VALID")
    pads.assign(2 * rank, 0);
  window.low.assign(pads.begin(), pads.begin() + rank);
  window.high.assign(pads.begin() + rank, pads.end());
  for (int64_t number : llvm::concat<const int64_t>(window.shape, window.strides, window.dilations))
    if (number < 1 || number > INT32_MAX)
      return node.error() << "window, strides and dilations must be positive, but one is " << number;
  for (int64_t number : pads)
    if (number < -INT32_MAX || number > INT32_MAX)
      return node.error() << "padding by " << number << " is out of range";
  return window;
}

LogicalResult Window::resolve(Node &node, ArrayRef<AffineExpr> sizes) {
  if (!isSameUpper && !isSameLower)
    return success();
  for (auto [axis, size] : llvm::enumerate(sizes)) {
    int64_t total = extent(axis) - 1;
    auto known = constantValue(size);
    if (!known && strides[axis] != 1)
      return node.unsupported("auto_pad SAME with a stride over a dynamic dimension");
    if (known)
      total = std::max<int64_t>(0, ((*known + strides[axis] - 1) / strides[axis] - 1) * strides[axis] + extent(axis) -
                                       *known);
    low[axis] = isSameUpper ? total / 2 : total - total / 2;
    high[axis] = total - low[axis];
  }
  return success();
}

Value toChannelsLast(Node &node, Value value) {
  int64_t rank = node.dimsOf(value).size();
  SmallVector<int64_t> permutation{0};
  for (int64_t axis = 2; axis < rank; ++axis)
    permutation.push_back(axis);
  permutation.push_back(1);
  return node.transpose(value, permutation);
}

Value toChannelsFirst(Node &node, Value value) {
  int64_t rank = node.dimsOf(value).size();
  SmallVector<int64_t> permutation{0, rank - 1};
  for (int64_t axis = 1; axis < rank - 1; ++axis)
    permutation.push_back(axis);
  return node.transpose(value, permutation);
}

} // namespace ingot::frontend
