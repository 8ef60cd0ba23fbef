// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Constants enter an artifact in two steps: the program's object reserves room that has no bytes in any file, the
// linker works on small files, and then the bytes are written once, straight into the finished file.
#pragma once
#include "codegen/Codegen.h"
#include "llvm/Support/Error.h"
#include "llvm/TargetParser/Triple.h"

namespace ingot {

/// Assembly that reserves room for `bytes` of constants, with the slack that program.h promises, under the hidden
/// symbol constantsSymbol. `isPart`: in a section that stays apart when the object is linked into another artifact.
std::string reserveConstants(const llvm::Triple &triple, int64_t bytes, bool isPart);

constexpr llvm::StringLiteral constantsSymbol = "ingot_constants";

/// Gives the reserved room in an ELF file (shared library or relocatable object) its bytes.
llvm::Error fillConstants(llvm::StringRef path, llvm::ArrayRef<ConstantPiece> pieces, int64_t bytes);

} // namespace ingot
