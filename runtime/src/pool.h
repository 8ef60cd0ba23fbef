// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A fork-join pool: parallel() cuts a region into chunks, each thread first takes its own share (the same one in every
// run, so that its caches keep its weights), then helps the others. A region ends when its chunks are done, not when
// all threads have come: a worker that sleeps, was preempted, or does not exist (after fork) delays nobody.
#pragma once
#include "process.h"

#include <atomic>
#include <pthread.h>

namespace ingot {

class Pool {
public:
  static constexpr int32_t maximumThreads = 1024;

  void parallel(int32_t limit, int64_t chunks, Chunk chunk, void *argument);
  int32_t threads();
  ingot_status setThreads(int32_t threads);
  ingot_status setExecutor(const ingot_executor *executor);

private:
  // A region's identity in one word, so that a late worker can never mix two regions: epoch (40 bits), width, chunks
  // (12 each).
  struct Region {
    uint64_t word;
    int32_t width() const { return static_cast<int32_t>(word >> 12 & 4095); }
    int32_t chunks() const { return static_cast<int32_t>(word & 4095); }
    uint64_t epoch() const { return word >> 24; }
    int32_t firstOf(int32_t thread) const { return thread * chunks() / width(); }
  };

  // What belongs to one thread: how much of its share is taken (epoch << 24 | count), and whether it sleeps.
  struct alignas(64) Worker {
    std::atomic<uint64_t> taken;
    std::atomic<uint32_t> asleep;
    pthread_t handle;
    Pool *pool;
  };

  static void *start(void *worker);
  void work(int32_t index);
  Region waitForRegion(Region last, Worker &self);
  void serve(Region region, int32_t index);
  int32_t claim(Region region, int32_t owner);
  void finishOne();
  void waitForOthers();
  void publish(int32_t width, int32_t chunks);
  void runOnHost(const ingot_executor &host, int32_t limit, int64_t chunks, Chunk chunk, void *argument);
  void startWorkers(int32_t width);
  void stopWorkersFrom(int32_t first);
  void lock();
  void forgetWorkers();
  static void inForkedChild();
  void unlock() { busy.store(0, std::memory_order_release); }

  alignas(64) std::atomic<uint64_t> region;
  alignas(64) std::atomic<uint32_t> left; // chunks not done; the top bit: the caller sleeps on this word
  alignas(64) std::atomic<int32_t> sleepers;
  alignas(64) std::atomic<uint32_t> busy;
  Chunk chunk; // of the current region, like the next; read only after a successful claim
  void *argument;
  int32_t started; // workers 1 to started-1 exist (0 is the caller); guarded by busy
  std::atomic<int32_t> wanted;
  std::atomic<bool> hasExecutor;
  ingot_executor executor;
  Worker workers[maximumThreads];
};

/// The pool of the library that owns it; others reach it through ingot_process_v1.
extern Pool processPool;

} // namespace ingot
