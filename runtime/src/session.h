// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A session: the memory one run at a time needs. The functions stand in ingot_functions under similar names.
#pragma once
#include "memory.h"
#include "model.h"

#include <pthread.h>

namespace ingot {

struct Session;

ingot_status createSession(const ingot_model *model, ingot_session **session);
void destroySession(ingot_session *session);
ingot_status setSessionThreads(ingot_session *session, int32_t threads);
void setSessionProfiler(ingot_session *session, ingot_profiler profiler, void *state);
int64_t sessionBytes(const ingot_session *session);
void setGradientObserver(ingot_session *session, ingot_gradient_observer observer, void *state);
ingot_status bindState(ingot_session *session, void *state);
ingot_status runSession(ingot_session *session, const ingot_tensor *inputs, const ingot_tensor *outputs);

/// A run on bare pointers, as ingot_entry takes them, of the sizes that the symbols' values imply. Only the symbols and
/// the state are checked.
ingot_status runPointers(ingot_session *session, void *const *io, const int64_t *symbols);

/// What ingot_inspect has seen among some buffers of a launch.
struct Sighting {
  uint8_t kinds;  // NaN, infinity
  int32_t buffer; // the first, and the first element in it
  int64_t element, elements;
};

} // namespace ingot

/// What ingot_launch needs of a run in progress.
struct ingot_context {
  char *prepared; // this and the next: where generated code reads them
  int64_t runs;   // done before this one
  int32_t width;  // threads this run may use
  char *scratch;  // of thread 0
  int64_t scratchStride;
  ingot_profiler profiler;
  void *profilerState;
  const ingot_completion *completions, *completionsEnd; // those to come in this run; null without an observer
  ingot_gradient_observer observer;
  void *observerState;
  const ingot_inspection *inspections; // null without --detect-anomaly
  ingot::Sighting *given, *made;       // of each launch: operands from outside, results
};
