// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The block of memory that training steps change. It is the caller's; see ingot_state_initialize in runtime.h.
#pragma once
#include "ingot/program.h"

namespace ingot {

/// ingot_functions::state_initialize.
ingot_status initializeState(const ingot_model *model, void *state);

/// Whether `state` can be a state block of this model: aligned, not null, and the model has one.
ingot_status checkState(const ingot_description &description, const void *state);

} // namespace ingot
