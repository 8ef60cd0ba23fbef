// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A model: the program of a library and the variant of it that this processor runs.
#pragma once
#include "ingot/program.h"
#include "preparation.h"

namespace ingot {

struct Model : ingot_model {
  const ingot_program *program;
  ingot_description description;
  const ingot_variant *variant; // null: none fits, and `problem` says why
  char problem[512];
  mutable Preparation preparation; // of all sessions

  /// Chooses the variant: the first that fits, or the one the environment's INGOT_ISA names.
  void initialize(const ingot_program &program);
};

/// The functions behind every model and session of this library.
extern const ingot_functions functions;

inline const Model &modelOf(const ingot_model *model) { return *static_cast<const Model *>(model); }

} // namespace ingot
