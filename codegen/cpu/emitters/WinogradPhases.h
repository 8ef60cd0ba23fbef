//===- WinogradPhases.h - Samples with transforms of their own --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With stride 2, Winograd's algorithm (see Winograd.h) transforms the even and the odd samples of an axis apart, and
// sums their products. Here is where the products of such a phase lie, and by which elements of the filter they are
// multiplied. Without strides there is one phase, of all samples.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_WINOGRADPHASES_H
#define INGOT_CODEGEN_CPU_EMITTERS_WINOGRADPHASES_H

#include "codegen/cpu/KernelBuilder.h"
#include "codegen/cpu/Winograd.h"

namespace ingot::cpu {

/// Along each axis: with stride 2 the even (0) or the odd (1) samples, otherwise all (0).
struct Phase {
  Index row, column;
};

/// The phases of a form. Elements and products are those of both axes together, row by row.
struct WinogradPhases {
  KernelBuilder &builder;
  const WinogradForm &form;

  /// The first product of a phase. Phases follow each other by rows, then by columns; the odd ones of three taps lack
  /// the last element of an axis.
  Index start(const Phase &phase) const;
  /// The elements of a phase along an axis.
  Index extent(Index isOdd) const;
  /// How many phases have an element `at` along an axis.
  Index count(Index at) const;
  /// Which product an element has in a phase.
  Index inputOf(Index element, const Phase &phase) const;
  /// Which element of the filters it multiplies. In an odd phase of three taps that is the last for all of an axis.
  Index filterOf(Index element, const Phase &phase) const;
};

} // namespace ingot::cpu

#endif
