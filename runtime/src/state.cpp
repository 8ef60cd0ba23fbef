// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "state.h"

#include "model.h"
#include "process.h"

#include <string.h>

using namespace ingot;

ingot_status ingot::checkState(const ingot_description &description, const void *state) {
  if (!description.state_bytes)
    return fail(INGOT_INVALID, "%s has no state: it is not made for training", description.name);
  if (!state)
    return fail(INGOT_INVALID, "%s needs a state block of %ld bytes", description.name, description.state_bytes);
  if (reinterpret_cast<uintptr_t>(state) % INGOT_ALIGNMENT)
    return fail(INGOT_INVALID, "the state block is not aligned to %d bytes", INGOT_ALIGNMENT);
  return INGOT_OK;
}

ingot_status ingot::initializeState(const ingot_model *model, void *state) {
  const ingot_program &program = *modelOf(model).program;
  const ingot_description &description = program.description;
  if (ingot_status status = checkState(description, state))
    return status;
  // Also what lies between the tensors, so that equal states are equal blocks.
  auto *block = static_cast<char *>(state);
  memset(block, 0, static_cast<size_t>(description.state_bytes));
  for (int64_t i = 0; i < description.state_count; ++i) {
    const ingot_state_tensor &tensor = description.state[i];
    if (program.state_initial[i] >= 0)
      memcpy(block + tensor.offset, program.constants + program.state_initial[i], static_cast<size_t>(tensor.bytes));
  }
  return INGOT_OK;
}
