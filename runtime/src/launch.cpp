// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot_launch and ingot_launch_team: how generated code reaches the pool.
#include "process.h"
#include "rounding.h"
#include "session.h"
#include "team.h"

#include "ingot/team.h"

#include <algorithm>
#include <stdlib.h>
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

  // Spread so that neighbouring chunks, which one thread takes, add up to equal shares.
  int64_t firstOf(int64_t chunk) const { return items / chunks * chunk + items % chunks * chunk / chunks; }
};
} // namespace

static void runChunk(void *argument, int32_t thread, int64_t chunk) {
  auto &launch = *static_cast<Launch *>(argument);
  ingot::WithFloatControl control(launch.floatControl);
  launch.kernel(launch.buffers, launch.symbols, launch.firstOf(chunk), launch.firstOf(chunk + 1),
                launch.context->scratch + thread * launch.context->scratchStride);
}

namespace {
struct TeamLaunch : Launch { // whose chunks are a piece for each member
  int64_t members, sharedOffset;

  char *scratch(int64_t thread) const { return context->scratch + thread * context->scratchStride; }
  /// The team has the memory of the thread that its first member would be. There are as many threads as members.
  char *memory(int64_t piece) const { return scratch(piece * members) + sharedOffset; }
};
} // namespace

static void runMember(void *argument, int32_t thread, int64_t chunk) {
  auto &launch = *static_cast<TeamLaunch *>(argument);
  ingot::WithFloatControl control(launch.floatControl);
  int64_t piece = chunk / launch.members;
  char *scratch = launch.scratch(thread);
  // A team of one has its thread's memory: there may be more pieces than threads.
  char *memory = launch.members > 1 ? launch.memory(piece) : scratch + launch.sharedOffset;
  ingot::enterTeam(scratch, memory, launch.members, chunk % launch.members);
  launch.kernel(launch.buffers, launch.symbols, launch.firstOf(piece), launch.firstOf(piece + 1), scratch);
}

static int64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000 + time.tv_nsec;
}

// Two chunks a thread: who is held up leaves at most one to the others.
static constexpr int64_t chunksPerThread = 2;

static int64_t start(const ingot_context *context) { return context->profiler ? now() : 0; }

static void finish(ingot_context *context, int32_t launchIndex, int64_t start) {
  if (context->profiler)
    context->profiler(context->profilerState, launchIndex, now() - start);
  for (; context->completions != context->completionsEnd && context->completions->launch == launchIndex;
       ++context->completions)
    context->observer(context->observerState, context->completions->tensor);
}

extern "C" void ingot_launch(ingot_context *context, ingot_kernel kernel, void *const *buffers, const int64_t *symbols,
                             int64_t items, int64_t grain, int32_t launchIndex) {
  int64_t begin = start(context);
  // Where beginning a chunk costs work, one for each thread.
  int64_t most = context->width * (grain < 0 ? 1 : chunksPerThread), least = std::max<int64_t>(llabs(grain), 1);
  int64_t chunks = context->width > 1 ? std::min(items / least, most) : 1;
  if (items <= 0) {
    // Nothing to compute.
  } else if (chunks <= 1) {
    kernel(buffers, symbols, 0, items, context->scratch);
  } else {
    Launch launch{context, kernel, buffers, symbols, items, chunks, ingot::floatControl()};
    ingot::ingot_process_v1.parallel(context->width, chunks, runChunk, &launch);
  }
  finish(context, launchIndex, begin);
}

extern "C" void ingot_launch_team(ingot_context *context, ingot_kernel kernel, void *const *buffers,
                                  const int64_t *symbols, int64_t items, int64_t groups, int64_t grain,
                                  int64_t mostMembers, int64_t sharedOffset, int32_t launchIndex) {
  int64_t begin = start(context), width = context->width;
  int64_t pieces = std::max(items / std::max<int64_t>(grain, 1), std::min(groups, width));
  pieces = std::max<int64_t>(1, width > 1 ? std::min({pieces, items, width * chunksPerThread}) : 1);
  int64_t members = std::clamp<int64_t>(width / pieces, 1, std::min<int64_t>(mostMembers, INGOT_TEAM_MOST));
  TeamLaunch launch{{context, kernel, buffers, symbols, items, pieces, ingot::floatControl()}, members, sharedOffset};
  for (int64_t piece = 0; members > 1 && piece < pieces; ++piece)
    ingot::clearTeam(launch.memory(piece), members);
  if (items > 0)
    ingot::ingot_process_v1.parallel(context->width, pieces * members, runMember, &launch);
  finish(context, launchIndex, begin);
}
