//===- PanelPacking.h - Panels of an operand that is not constant -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_PANELPACKING_H
#define INGOT_CODEGEN_CPU_EMITTERS_PANELPACKING_H

#include "codegen/cpu/KernelBuilder.h"

namespace ingot::cpu {

/// Sixteen float32 columns of a matrix in memory: step k of column i lies at offsets[i] + k * step behind `pointer`.
struct PanelSource {
  mlir::Value pointer;
  llvm::SmallVector<Index> offsets;
  Index step = 1;
};

/// Where step k of a panel goes: 16 elements at base + k * pitch behind `pointer`, times `factor`.
struct PanelDestination {
  mlir::Value pointer;
  Index base;
  int64_t pitch;
  double factor = 1;
};

/// Copies `steps` steps of a panel. Where the steps lie side by side, by transposing tiles of 16x16 in registers (that
/// takes a constant number of steps for the last tile), else element by element.
void packPanel(KernelBuilder &builder, Index steps, const PanelSource &from, const PanelDestination &to);

} // namespace ingot::cpu

#endif
