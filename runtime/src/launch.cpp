// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot_launch: how generated code reaches the pool.
#include "process.h"
#include "rounding.h"
#include "session.h"

#include <algorithm>
#include <time.h>

namespace {
struct Launch {
  const ingot_context *context;
  ingot_kernel kernel;
  void *const *buffers;
  const int64_t *symbols;
  int64_t items, chunks;
  /// The caller's: whoever computes a chunk gets the same numbers.
  uint64_t floatControl;

  int64_t firstOf(int64_t chunk) const { return items / chunks * chunk + std::min(chunk, items % chunks); }
};
} // namespace

static void runChunk(void *argument, int32_t thread, int64_t chunk) {
  auto &launch = *static_cast<Launch *>(argument);
  ingot::WithFloatControl control(launch.floatControl);
  launch.kernel(launch.buffers, launch.symbols, launch.firstOf(chunk), launch.firstOf(chunk + 1),
                launch.context->scratch + thread * launch.context->scratchStride);
}

static int64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000 + time.tv_nsec;
}

extern "C" void ingot_launch(ingot_context *context, ingot_kernel kernel, void *const *buffers, const int64_t *symbols,
                             int64_t items, int64_t grain, int32_t launchIndex) {
  int64_t start = context->profiler ? now() : 0;
  // Two chunks a thread: who is held up leaves at most one to the others.
  constexpr int64_t chunksPerThread = 2;
  int64_t chunks =
      context->width > 1 ? std::min(items / std::max<int64_t>(grain, 1), context->width * chunksPerThread) : 1;
  if (items <= 0) {
    // Nothing to compute.
  } else if (chunks <= 1) {
    kernel(buffers, symbols, 0, items, context->scratch);
  } else {
    Launch launch{context, kernel, buffers, symbols, items, chunks, ingot::floatControl()};
    ingot::ingot_process_v1.parallel(context->width, chunks, runChunk, &launch);
  }
  if (context->profiler)
    context->profiler(context->profilerState, launchIndex, now() - start);
  for (; context->completions != context->completionsEnd && context->completions->launch == launchIndex;
       ++context->completions)
    context->observer(context->observerState, context->completions->tensor);
}
