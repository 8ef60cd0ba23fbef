//===- Training.h - ingotc's options for gradients and training -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_TOOLS_INGOTC_TRAINING_H
#define INGOT_TOOLS_INGOTC_TRAINING_H

#include "compiler/Compiler.h"
#include <CLI/CLI.hpp>

namespace ingot {

void addTrainingOptions(CLI::App &app, TrainOptions &options);
/// What is wrong with options that need others, or do not go with them; empty when nothing is.
std::string checkTrainingOptions(const CompileOptions &options);
/// Inner tensors that an inference returns too; after addTrainingOptions.
void addOutputOptions(CLI::App &app, CompileOptions &options);

} // namespace ingot

#endif
