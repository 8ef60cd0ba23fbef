//===- WindowAxis.h - One spatial axis of a sliding window ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions, transposed convolutions and pools slide a window along their spatial axes. Output q reads the input at
//
//   q * step + first + t * distance,    0 <= t < taps,    with filter element firstTap + t * tapStep
//
// and is stored at outputFirst + q * outputStep. A transposed convolution is one such axis for each phase of its
// stride.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_WINDOWAXIS_H
#define INGOT_CODEGEN_CPU_EMITTERS_WINDOWAXIS_H

#include "codegen/cpu/KernelBuilder.h"
#include "mlir/IR/AffineExpr.h"

namespace ingot::cpu {

struct WindowAxis {
  int64_t step = 1, first = 0, distance = 1, taps = 1;
  int64_t firstTap = 0, tapStep = 1;
  int64_t outputFirst = 0, outputStep = 1;
  mlir::AffineExpr input, output; // extents

  /// The axis of a convolution or a pool.
  static WindowAxis forward(mlir::AffineExpr input, mlir::AffineExpr output, int64_t window, int64_t stride,
                            int64_t dilation, int64_t low);
  /// Phase `phase` of a transposed convolution: the outputs y with y mod stride == phase.
  static WindowAxis transposed(mlir::AffineExpr input, mlir::AffineExpr output, int64_t window, int64_t stride,
                               int64_t dilation, int64_t low, int64_t phase);

  /// How many outputs q there are.
  mlir::AffineExpr count() const;
  /// Input position of output q's first tap.
  Index start(KernelBuilder &builder, Index q) const { return builder.add(builder.mul(q, step), first); }
  /// Where output q is stored.
  Index place(KernelBuilder &builder, Index q) const { return builder.add(builder.mul(q, outputStep), outputFirst); }
  /// Whether every output reads inside the input alone, as far as is known at compile time.
  bool staysInside() const;
  /// Whether this holds for the outputs [q, q + number), where extents are known.
  bool staysInside(int64_t q, int64_t number) const;

  /// The taps [lower, upper) of output q that lie inside the input of `extent`.
  struct Range {
    Index lower, upper;
  };
  Range inside(KernelBuilder &builder, Index q, Index extent) const;
  /// The outputs [lower, upper) of `outputExtent` that find tap number `tap` inside the input of `extent`.
  Range outputsOf(KernelBuilder &builder, Index tap, Index extent, Index outputExtent) const;
};

} // namespace ingot::cpu

#endif
