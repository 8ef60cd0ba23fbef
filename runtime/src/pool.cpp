// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Regions: publishing, claiming, finishing. Starting and stopping threads is in workers.cpp.
#include "pool.h"

#include "futex.h"

#include <algorithm>

using namespace ingot;

// Zero-initialised: no constructor runs when a library is loaded.
constinit Pool ingot::processPool{};

static constexpr int spins = 20000; // about 0.4 ms: longer than the gaps between the kernels of a model
static constexpr uint32_t callerSleeps = 1u << 31;

void Pool::parallel(int32_t limit, int64_t chunks, Chunk chunk, void *argument) {
  if (hasExecutor.load(std::memory_order_acquire))
    return runOnHost(executor, limit, chunks, chunk, argument);
  int32_t width = std::min({limit, threads(), static_cast<int32_t>(std::min<int64_t>(chunks, maximumThreads))});
  // Taken by another host thread, or by the region this call is nested in: the caller's own thread does it all.
  if (width <= 1 || chunks > 4095 || busy.exchange(1, std::memory_order_acquire)) {
    for (int64_t i = 0; i < chunks; ++i)
      chunk(argument, 0, i);
    return;
  }
  if (started < width)
    startWorkers(width);
  this->chunk = chunk;
  this->argument = argument;
  left.store(static_cast<uint32_t>(chunks), std::memory_order_relaxed);
  publish(width, static_cast<int32_t>(chunks));
  serve(Region{region.load(std::memory_order_relaxed)}, 0);
  waitForOthers();
  unlock();
}

// The host decides which thread runs a task; each task keeps one scratch memory for the chunks it takes.
void Pool::runOnHost(const ingot_executor &host, int32_t limit, int64_t chunks, Chunk chunk, void *argument) {
  struct Shared {
    std::atomic<int64_t> next;
    int64_t chunks;
    Chunk chunk;
    void *argument;
  } shared{{0}, chunks, chunk, argument};
  auto task = [](void *state, int32_t index) {
    auto &shared = *static_cast<Shared *>(state);
    for (int64_t i; (i = shared.next.fetch_add(1, std::memory_order_relaxed)) < shared.chunks;)
      shared.chunk(shared.argument, index, i);
  };
  int32_t tasks = static_cast<int32_t>(std::min<int64_t>(std::min(limit, host.threads), chunks));
  if (tasks <= 1)
    return task(&shared, 0);
  host.parallel(host.state, tasks, task, &shared);
}

void Pool::publish(int32_t width, int32_t chunks) {
  uint64_t epoch = (region.load(std::memory_order_relaxed) >> 24) + 1;
  // An exchange, not a store: it must be ordered before the look at the sleepers, who do the same two steps mirrored.
  region.exchange(epoch << 24 | static_cast<uint64_t>(width) << 12 | static_cast<uint64_t>(chunks),
                  std::memory_order_seq_cst);
  if (!sleepers.load(std::memory_order_seq_cst))
    return;
  int32_t last = chunks ? width : started; // an empty region calls everybody, to stop
  for (int32_t i = 1; i < last; ++i)
    if (workers[i].asleep.load(std::memory_order_relaxed) && workers[i].asleep.exchange(0))
      futexWake(workers[i].asleep);
}

// Takes one chunk of the owner's share; -1 when none is left or the region is over.
int32_t Pool::claim(Region region, int32_t owner) {
  int32_t first = region.firstOf(owner), count = region.firstOf(owner + 1) - first;
  std::atomic<uint64_t> &word = workers[owner].taken;
  uint64_t seen = word.load(std::memory_order_acquire);
  for (;;) {
    uint64_t taken = 0;
    if (seen >> 24 == region.epoch())
      taken = seen & 0xffffff;
    // Nobody has claimed here in this region, or this thread is late: while a claim is missing the region cannot have
    // ended, so if it is the current one now, the exchange below either succeeds in it or fails.
    else if (this->region.load(std::memory_order_acquire) != region.word)
      return -1;
    if (taken >= static_cast<uint64_t>(count))
      return -1;
    if (word.compare_exchange_weak(seen, region.epoch() << 24 | (taken + 1), std::memory_order_acq_rel))
      return first + static_cast<int32_t>(taken);
  }
}

void Pool::serve(Region region, int32_t index) {
  int32_t width = region.width();
  if (index >= width)
    return;
  for (int32_t step = 0; step < width; ++step) {
    int32_t owner = index + step < width ? index + step : index + step - width;
    for (int32_t i; (i = claim(region, owner)) >= 0; finishOne())
      chunk(argument, index, i);
  }
}

void Pool::finishOne() {
  if (left.fetch_sub(1, std::memory_order_acq_rel) == (callerSleeps | 1))
    futexWake(left);
}

void Pool::waitForOthers() {
  for (int i = 0; i < spins; ++i) {
    if (left.load(std::memory_order_acquire) == 0)
      return;
    pauseProcessor();
  }
  uint32_t now = left.fetch_or(callerSleeps, std::memory_order_acq_rel) | callerSleeps;
  while (now != callerSleeps) {
    futexWait(left, now);
    now = left.load(std::memory_order_acquire);
  }
}

Pool::Region Pool::waitForRegion(Region last, Worker &self) {
  for (;;) {
    for (int i = 0; i < spins; ++i) {
      uint64_t now = region.load(std::memory_order_acquire);
      if (now != last.word)
        return Region{now};
      pauseProcessor();
    }
    self.asleep.store(1, std::memory_order_relaxed);
    sleepers.fetch_add(1, std::memory_order_seq_cst);
    while (self.asleep.load(std::memory_order_relaxed) && region.load(std::memory_order_seq_cst) == last.word)
      futexWait(self.asleep, 1);
    self.asleep.store(0, std::memory_order_relaxed);
    sleepers.fetch_sub(1, std::memory_order_relaxed);
  }
}
