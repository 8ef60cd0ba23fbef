//===- Inspections.h - What --detect-anomaly tells --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_INSPECTIONS_H
#define INGOT_COMPILER_INSPECTIONS_H

#include "codegen/Codegen.h"

namespace ingot {

/// Fills in ProgramDescription::inspections from a planned module that was made with --detect-anomaly; of others
/// nothing.
void addInspections(mlir::ModuleOp planned, ProgramDescription &program);

} // namespace ingot

#endif
