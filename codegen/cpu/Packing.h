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

#include "codegen/cpu/Storage.h"
#include "codegen/cpu/WinogradForm.h"
#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"

namespace ingot::cpu {

/// The attributes of kernel.pack. `blocks[i]` belongs to axis `permutation[i]`.
struct Layout {
  llvm::SmallVector<int64_t> permutation, blocks;
  WinogradForm winograd = {};
  /// What the elements are stored in, and the axis whose indices have scales (Int8).
  Storage storage = Storage::Float32;
  int64_t scaledAxis = -1;
};

/// The layout in which the kernel would like to have `argument`, given that it is a constant; nothing when row-major is
/// best.
std::optional<Layout> chooseLayout(mlir::BlockArgument argument);

/// The same for an operand of `user` that is `value` before any view, by type alone.
std::optional<Layout> chooseLayout(mlir::Operation *user, mlir::Value value);

/// Whether all `launches` pass a constant for argument `number` of their kernel.
bool areConstants(llvm::ArrayRef<kernel::LaunchOp> launches, unsigned number);

/// The type of a tensor in this layout.
mlir::RankedTensorType packedType(mlir::RankedTensorType type, const Layout &layout);

/// Makes `argument` of the kernel packed; its uses see it through kernel.unpack. (The launches are the caller's to
/// change.)
void packArgument(kernel::FuncOp kernel, mlir::BlockArgument argument, const Layout &layout);

/// `layout`, which chooseLayout gave for the argument, with the storage that its user wants; nothing when the argument
/// is to stay in float32.
std::optional<Layout> reduceLayout(mlir::BlockArgument argument, std::optional<Layout> layout);

/// Makes `argument` of the kernel packed and stored as the layout says. With Int8 the kernel takes the scales as one
/// more argument, the last.
void reduceArgument(kernel::FuncOp kernel, mlir::BlockArgument argument, const Layout &layout);

/// The axis of a kernel.pack's input whose indices have scales; -1 when none has. Held in a discardable attribute,
/// "kernel.scaled_axis".
int64_t scaledAxis(mlir::Operation *op);
void setScaledAxis(mlir::Operation *op, int64_t axis);

/// Replaces constant operands by kernel.pack of them. Filters that are to be transformed by Winograd's algorithm are
/// left for packVariables, which adds launches, where `keepsFilters`.
void packConstants(mlir::ModuleOp module, bool keepsFilters);

/// Products with int8 weights that may compute in integers get their rows as bytes, from launches of their own.
void reduceRows(mlir::ModuleOp module);

/// Has operands that packConstants has left packed by launches of their own, where the kernel gains more than that
/// costs; launches on constants run once, before the first run.
void packVariables(mlir::ModuleOp module);

/// Makes one kernel of a convolution and the window that alone reads it, where that saves time. Comes last: it depends
/// on how filters are laid out.
void joinWindows(mlir::ModuleOp module);

/// The same for a product of channels that a 1x1 convolution alone reads.
void joinScales(mlir::ModuleOp module);

/// Reduces large maps to channels in parts of lines, then the parts.
void splitReductions(mlir::ModuleOp module);

} // namespace ingot::cpu

#endif
