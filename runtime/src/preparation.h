// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all sessions of a model share: computed from the constants when the first of them is created, e.g. filters in
// Winograd's form in a library made with --winograd=load.
#pragma once
#include "memory.h"

#include <pthread.h>

struct ingot_context;

namespace ingot {

struct Model;

struct Preparation {
  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  int64_t sessions = 0; // that use the block
  Block block = {};
};

/// Gives a session's context what the model has prepared, which is computed now on the context's threads if no other
/// session has it. INGOT_NO_MEMORY, and nothing to release, when there is no room for it.
ingot_status acquirePrepared(const Model &model, ingot_context &context);

/// The last session to do so frees it.
void releasePrepared(const Model &model, ingot_context &context);

} // namespace ingot
