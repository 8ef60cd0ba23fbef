//===- Packing.h - How operands are laid out --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights are stored once, in the order in which the kernels read them: panels of 16 columns, in each panel the columns
// of one step of the reduction side by side. The layout is the same for every x86 target (a machine with wide registers
// reads several neighbouring panels at once), so that all variants in a library share the constants.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_PACKING_H
#define INGOT_CODEGEN_CPU_PACKING_H

#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"

namespace ingot::cpu {

/// The attributes of kernel.pack. `blocks[i]` belongs to axis `permutation[i]`.
struct Layout {
  llvm::SmallVector<int64_t> permutation, blocks;
  int64_t winograd = 0;
};

/// The layout in which the kernel would like to have `argument`, given that it is a constant; nothing when row-major is
/// best. Filters are transformed for Winograd's algorithm only if `allowWinograd`.
std::optional<Layout> chooseLayout(mlir::BlockArgument argument, bool allowWinograd = false);

/// The same for an operand of `user` that is `value` before any view, by type alone.
std::optional<Layout> chooseLayout(mlir::Operation *user, mlir::Value value, bool allowWinograd);

/// The type of a tensor in this layout.
mlir::RankedTensorType packedType(mlir::RankedTensorType type, const Layout &layout);

/// Makes `argument` of the kernel packed; its uses see it through kernel.unpack. (The launches are the caller's to
/// change.)
void packArgument(kernel::FuncOp kernel, mlir::BlockArgument argument, const Layout &layout);

/// Replaces constant operands by kernel.pack of them.
void packConstants(mlir::ModuleOp module, bool allowWinograd);

/// Has operands that are not constant packed by launches of their own, where the kernel gains more than that costs; with
/// `allowWinograd` also chooses the gradients of filters that are computed by Winograd's algorithm.
void packVariables(mlir::ModuleOp module, bool allowWinograd);

} // namespace ingot::cpu

#endif
