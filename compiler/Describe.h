//===- Describe.h - A model's inputs and outputs as JSON --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_DESCRIBE_H
#define INGOT_COMPILER_DESCRIBE_H

#include "codegen/Codegen.h"

namespace ingot {

/// Name, inputs, outputs and symbols; an imported module has these already.
std::string formatDescription(const ProgramDescription &program);

} // namespace ingot

#endif
