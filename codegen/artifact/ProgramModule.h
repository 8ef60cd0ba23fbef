// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The LLVM module with a library's descriptor and exported functions.
#pragma once
#include "codegen/Codegen.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

namespace ingot {

/// The functions and data a library exports.
std::vector<std::string> exportedNames(const ProgramDescription &program);

/// An object with ingot_library_program, room for the constants, and the exported functions, for the plainest processor
/// of the target.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> emitProgramObject(const Artifact &artifact);

} // namespace ingot
