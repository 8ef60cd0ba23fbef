//===- WinogradForm.h - Which of Winograd's algorithms ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_WINOGRADFORM_H
#define INGOT_CODEGEN_CPU_WINOGRADFORM_H

#include <cstdint>

namespace ingot::cpu {

/// How a convolution with a square window and equal strides goes by Winograd's algorithm (see Winograd.h). False: not
/// at all.
struct WinogradForm {
  int64_t tile = 0;   ///< Pixels of an output tile along each axis: 2, 4 or, for none, 0.
  int64_t stride = 1; ///< 1 or 2.
  int64_t taps = 3;   ///< Of the window along each axis: 3, with stride 2 also 4, with stride 1 and tiles of 2 also 5.

  explicit operator bool() const { return tile != 0; }

  // Along one axis:
  /// Elements of a transformed output tile.
  int64_t size() const { return stride == 2 ? tile + 1 : tile + taps - 1; }
  /// With stride 2, those of them in which products of odd samples are summed.
  int64_t oddSize() const { return taps == 3 && stride == 2 ? size() - 1 : size(); }
  /// Elements of a transformed filter.
  int64_t filterSize() const { return taps == 4 ? 2 * size() : tile + taps - 1; }
  /// Products that are summed in those elements.
  int64_t products() const { return stride == 2 ? size() + oddSize() : size(); }
};

} // namespace ingot::cpu

#endif
