// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The object file that holds a program's constants.
#pragma once
#include "codegen/Codegen.h"
#include "llvm/Support/Error.h"
#include "llvm/TargetParser/Triple.h"

namespace ingot {

/// Writes an ELF object with one hidden symbol `symbol`: `bytes` bytes of read-only data, aligned and padded as
/// program.h asks. The pieces write into the mapped file: the constants are never in memory as a whole.
llvm::Error writeConstantsObject(llvm::StringRef path, const llvm::Triple &triple, llvm::StringRef symbol,
                                 int64_t bytes, llvm::ArrayRef<ConstantPiece> pieces);

} // namespace ingot
