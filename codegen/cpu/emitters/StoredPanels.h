//===- StoredPanels.h - Products with weights that are not float32 -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A word holds one step of a column in float16, two in bfloat16, or four in int8 (Storage.h). A vector of sixteen words
// is loaded once and taken apart in registers: a float16 is converted, a bfloat16 is the upper half of a float32, an
// int8 is shifted to its place and converted. The sums are float32.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_STOREDPANELS_H
#define INGOT_CODEGEN_CPU_EMITTERS_STOREDPANELS_H

#include "codegen/cpu/emitters/PanelProduct.h"
#include "dialects/kernel/Kernel.h"

namespace ingot::cpu {

/// The kernel.unpack that `weights` are seen through, behind a conversion from the type they are stored in; null when
/// they are not packed.
kernel::UnpackOp unpackOf(mlir::Value weights);

/// The unsigned bytes that `rows` are converted from; null when they are not.
mlir::Value storedBytes(mlir::Value rows);

/// The tensor of 16 bits that a float32 one is widened from; null when it is none.
mlir::Value storedHalves(mlir::Value tensor);

/// The same target with the registers that are left for a block when words and what was taken out of them need some.
Target withRoomForWords(Target target, Storage storage);

/// accumulate() of PanelProduct.h for columns that are not stored as float32: offsets, base and pitch of `columns`
/// count words, and `trips` is a constant or a multiple of the steps in a word.
Sums accumulateStored(KernelBuilder &builder, Index trips, const BroadcastRows &rows, const ColumnVectors &columns,
                      Sums sums, int64_t unroll);

} // namespace ingot::cpu

#endif
