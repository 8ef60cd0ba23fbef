// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Checks what the caller passes against what the program says.
#pragma once
#include "ingot/program.h"

namespace ingot {

/// Checks every input's type, rank, dimensions and alignment, and finds the symbols' values from them. Data may be null
/// when `needData` is false.
ingot_status bindInputs(const ingot_program &program, const ingot_tensor *inputs, bool needData, int64_t *symbols);

/// Whether the caller leaves out this hyperparameter, which then has its standard value.
inline bool isLeftOut(const ingot_port &port, const ingot_tensor &tensor) {
  return port.role == INGOT_HYPER && !tensor.data;
}

/// Checks the symbols against their bounds and what else the model assumes of them.
ingot_status checkSymbols(const ingot_program &program, const int64_t *symbols);

/// Checks the caller's outputs; `dims` are the right dimensions of all outputs, concatenated.
ingot_status checkOutputs(const ingot_description &description, const ingot_tensor *outputs, const int64_t *dims);

/// Number of dimensions of all outputs together.
int64_t countOutputDims(const ingot_description &description);

/// Writes the outputs' dimensions, concatenated, and returns the arena's bytes.
int64_t computeSizes(const ingot_program &program, const int64_t *symbols, int64_t *outputDims);

/// ingot_functions::output_shapes.
ingot_status outputShapes(const ingot_model *model, const ingot_tensor *inputs, ingot_tensor *outputs);

} // namespace ingot
