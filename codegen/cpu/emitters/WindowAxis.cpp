//===- WindowAxis.cpp - One spatial axis of a sliding window --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/WindowAxis.h"
#include "dialects/ingot/Shape.h"
#include <numeric>

using namespace mlir;

namespace ingot::cpu {

WindowAxis WindowAxis::forward(AffineExpr input, AffineExpr output, int64_t window, int64_t stride, int64_t dilation,
                               int64_t low) {
  WindowAxis axis;
  axis.step = stride;
  axis.first = -low;
  axis.distance = dilation;
  axis.taps = window;
  axis.input = input;
  axis.output = output;
  return axis;
}

// y = x * stride + w * dilation - low, so x = (y + low - w * dilation) / stride for the w that leave no rest.
WindowAxis WindowAxis::transposed(AffineExpr input, AffineExpr output, int64_t window, int64_t stride, int64_t dilation,
                                  int64_t low, int64_t phase) {
  WindowAxis axis;
  axis.input = input;
  axis.output = output;
  axis.outputFirst = phase;
  axis.outputStep = stride;
  int64_t common = std::gcd(stride, dilation), spacing = stride / common;
  axis.distance = dilation / common;
  axis.tapStep = -spacing;
  axis.taps = 0;
  // Counted from the last tap, so that the input is walked forwards.
  for (int64_t tap = window - 1; tap >= 0; --tap) {
    int64_t position = phase + low - tap * dilation;
    if (position % stride)
      continue;
    if (axis.taps++ == 0) {
      axis.first = position / stride;
      axis.firstTap = tap;
    }
  }
  return axis;
}

AffineExpr WindowAxis::count() const {
  return simplifyDimension((output + (outputStep - 1 - outputFirst)).floorDiv(outputStep));
}

bool WindowAxis::staysInside(int64_t q, int64_t number) const {
  auto extent = constantValue(input);
  if (taps == 0)
    return true;
  return extent && q * step + first >= 0 && (q + number - 1) * step + first + (taps - 1) * distance < *extent;
}

bool WindowAxis::staysInside() const {
  auto number = constantValue(count());
  return number && staysInside(0, *number);
}

WindowAxis::Range WindowAxis::inside(KernelBuilder &builder, Index q, Index extent) const {
  if (staysInside())
    return {0, taps};
  Index from = start(builder, q);
  Index lower = builder.div(builder.max(0, builder.sub(distance - 1, from)), distance);
  Index upper = builder.div(builder.max(0, builder.sub(builder.add(extent, distance - 1), from)), distance);
  upper = builder.min(upper, taps);
  return {builder.min(lower, upper), upper};
}

WindowAxis::Range WindowAxis::outputsOf(KernelBuilder &builder, Index tap, Index extent, Index outputExtent) const {
  if (staysInside())
    return {0, outputExtent};
  // q * step + from is inside [0, extent).
  Index from = builder.add(builder.mul(tap, distance), first);
  Index lower = builder.ceilDiv(builder.max(0, builder.sub(0, from)), step);
  Index upper = builder.ceilDiv(builder.max(0, builder.sub(extent, from)), step);
  upper = builder.min(upper, outputExtent);
  return {builder.min(lower, upper), upper};
}

} // namespace ingot::cpu
