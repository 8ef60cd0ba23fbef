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
  int64_t taps = 3;   ///< Of the window along each axis: 3, or 5 with tiles of 2 pixels and stride 1.

  explicit operator bool() const { return tile != 0; }

  // Along one axis:
  /// Elements of a transformed output tile.
  int64_t size() const { return stride == 2 ? tile + 1 : tile + taps - 1; }
  /// Elements of a transformed filter.
  int64_t filterSize() const { return tile + taps - 1; }
  /// Products that are summed in those elements.
  int64_t products() const { return stride == 2 ? 2 * tile + 1 : size(); }
};

} // namespace ingot::cpu

#endif
