// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The pool's threads: when they start, what they do, how many there are, and what a fork leaves of them.
#include "pool.h"

#include "cores.h"
#include "futex.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>

using namespace ingot;

// glibc's own; pthread_atfork lies in a static part of libc that generated libraries are not linked with.
extern "C" int __register_atfork(void (*prepare)(), void (*parent)(), void (*child)(), void *library);

int32_t Pool::threads() {
  if (hasExecutor.load(std::memory_order_acquire))
    return executor.threads;
  int32_t count = wanted.load(std::memory_order_relaxed);
  if (count == 0)
    wanted.store(count = usableCores(maximumThreads), std::memory_order_relaxed);
  return count;
}

ingot_status Pool::setThreads(int32_t threads) {
  if (threads < 0 || threads > maximumThreads)
    return fail(INGOT_INVALID, "the number of threads must be between 0 and %d, not %d", maximumThreads, threads);
  lock();
  wanted.store(threads ? threads : usableCores(maximumThreads), std::memory_order_relaxed);
  if (wanted < started)
    stopWorkersFrom(wanted);
  unlock();
  return INGOT_OK;
}

ingot_status Pool::setExecutor(const ingot_executor *host) {
  if (host && (!host->parallel || host->threads < 1 || host->threads > maximumThreads))
    return fail(INGOT_INVALID, "an executor needs a function and between 1 and %d threads", maximumThreads);
  lock();
  hasExecutor.store(false, std::memory_order_release);
  if (host) {
    // The pool's own threads would only keep memory.
    wanted.store(0, std::memory_order_relaxed);
    if (started > 1)
      stopWorkersFrom(1);
    executor = *host;
    hasExecutor.store(true, std::memory_order_release);
  }
  unlock();
  return INGOT_OK;
}

void Pool::lock() {
  while (busy.exchange(1, std::memory_order_acquire))
    sched_yield();
}

void Pool::startWorkers(int32_t width) {
  static std::atomic<bool> forkHandled;
  if (!forkHandled.exchange(true))
    __register_atfork(nullptr, nullptr, inForkedChild, nullptr);
  // Signals are the host's own threads' business.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  if (started == 0)
    started = 1;
  for (; started < width; ++started) {
    workers[started].pool = this;
    // Without the thread the others do its share.
    if (pthread_create(&workers[started].handle, nullptr, start, &workers[started]))
      break;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// Called with the pool locked: an empty region tells the workers to look at `wanted`.
void Pool::stopWorkersFrom(int32_t first) {
  first = first < 1 ? 1 : first;
  publish(0, 0);
  for (int32_t i = first; i < started; ++i)
    pthread_join(workers[i].handle, nullptr);
  started = first;
}

void *Pool::start(void *worker) {
  auto *self = static_cast<Worker *>(worker);
  self->pool->work(static_cast<int32_t>(self - self->pool->workers));
  return nullptr;
}

void Pool::work(int32_t index) {
  char name[16];
  snprintf(name, sizeof name, "ingot-%d", index);
  pthread_setname_np(pthread_self(), name);
  allowAllCores();
  for (Region region{0};;) {
    region = waitForRegion(region, workers[index]);
    if (region.chunks() == 0 && index >= wanted.load(std::memory_order_relaxed))
      return;
    serve(region, index);
  }
}

// Only the thread that forked lives on in the child; a region another thread had in progress will never be finished.
void Pool::forgetWorkers() {
  for (int32_t i = 0; i < started; ++i)
    workers[i].asleep.store(0, std::memory_order_relaxed);
  started = 0;
  sleepers.store(0, std::memory_order_relaxed);
  left.store(0, std::memory_order_relaxed);
  unlock();
}

void Pool::inForkedChild() { processPool.forgetWorkers(); }
