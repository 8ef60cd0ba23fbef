// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the exported functions of a generated library call. The only file that needs ingot_library_program.
#include "model.h"
#include "process.h"
#include "session.h"
#include "state.h"

#include <pthread.h>

using namespace ingot;

static Model model;
static ingot_session *session; // of ingot_library_run, made at its first call
static pthread_mutex_t sessionLock = PTHREAD_MUTEX_INITIALIZER;

extern "C" const ingot_model *ingot_library_model() {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, [] { model.initialize(ingot_library_program); });
  return &model;
}

extern "C" const char *ingot_library_error() { return lastError(); }

extern "C" int32_t ingot_library_run(void *const *io, const int64_t *symbols) {
  ingot_library_model();
  pthread_mutex_lock(&sessionLock);
  ingot_status status = session ? INGOT_OK : createSession(&model, &session);
  if (!status)
    status = runPointers(session, io, symbols);
  pthread_mutex_unlock(&sessionLock);
  return status;
}

extern "C" int32_t ingot_library_state_initialize(void *state) { return initializeState(ingot_library_model(), state); }
