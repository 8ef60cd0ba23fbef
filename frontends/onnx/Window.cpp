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

void Window::resolve(Node &node, ArrayRef<AffineExpr> sizes) {
  if (!isSameUpper && !isSameLower)
    return;
  for (auto [axis, size] : llvm::enumerate(sizes)) {
    int64_t total = extent(axis) - 1;
    auto known = constantValue(size);
    if (!known && strides[axis] != 1) {
      resolveOpen(node, axis, size);
      continue;
    }
    if (known)
      total = std::max<int64_t>(0, ((*known + strides[axis] - 1) / strides[axis] - 1) * strides[axis] + extent(axis) -
                                       *known);
    low[axis] = isSameUpper ? total / 2 : total - total / 2;
    high[axis] = total - low[axis];
  }
}

// There are ceil(size / stride) = (size - 1) / stride + 1 windows. With r = (size - 1) mod stride they cover size - r
// elements from the first one's place on, and `reach` more, so that max(0, reach - r) are padding, half of it in front:
// r / 2 less than the most. No term is negative: kernels divide non-negative numbers only.
void Window::resolveOpen(Node &node, size_t axis, AffineExpr size) {
  node.getGraph().require(size - 1);
  int64_t reach = extent(axis) - 1, stride = strides[axis];
  AffineExpr rest = (size - 1) % stride;
  if (reach < stride - 1) // rest, but at most reach
    rest = rest - (rest - reach) * (rest + (stride - 1 - reach)).floorDiv(stride);
  bool isEven = reach % 2 == 0;
  int64_t most = isSameUpper ? reach / 2 : reach - reach / 2;
  low[axis] = high[axis] = 0;
  open.push_back({axis, most, reach - most, simplifyDimension((rest + (isEven == isSameUpper)).floorDiv(2)),
                  simplifyDimension((size - 1).floorDiv(stride) * stride + (reach + 1))});
}

Value Window::padded(Node &node, Value input, Value filling) const {
  if (open.empty() || !input || !filling)
    return input;
  SmallVector<AffineExpr> extents = node.dimsOf(input), starts(extents.size(), node.symbols().constant(0));
  SmallVector<int64_t> front(extents.size(), 0), behind(front), steps(extents.size(), 1);
  for (const OpenAxis &each : open) {
    front[each.axis + 1] = each.low;
    behind[each.axis + 1] = each.high;
    starts[each.axis + 1] = each.start;
    extents[each.axis + 1] = each.extent;
  }
  return node.slice(node.make<PadOp>(input, filling, front, behind, PadMode::Constant), starts, steps, extents);
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
