// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The LLVM module with a library's descriptor and exported functions.
#pragma once
#include "codegen/Codegen.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

namespace ingot {

/// The symbol of a program's constants. It carries the model's name, since several models may meet in one static
/// binary.
std::string constantsName(const ProgramDescription &program);

/// The functions and data a library exports.
std::vector<std::string> exportedNames(const ProgramDescription &program);

/// An object with ingot_library_program and the exported functions, for the plainest processor of the target.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> emitProgramObject(const Artifact &artifact);

} // namespace ingot
