// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The process-wide table and the error texts.
#include "process.h"

#include "pool.h"

#include <atomic>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

using namespace ingot;

// The table is written in assembly because no C++ attribute gives a symbol the unique binding. It sits in a group, so
// that several static libraries in one program merge theirs.
__asm__(R"(
  .section .data.ingot_process_v1,"awG",@progbits,ingot_process_v1,comdat
  .balign 64
  .type ingot_process_v1, @gnu_unique_object
  .size ingot_process_v1, 40
ingot_process_v1:
  .quad ingot_pool_error_text
  .quad ingot_pool_parallel
  .quad ingot_pool_threads
  .quad ingot_pool_set_threads
  .quad ingot_pool_set_executor
  .text
)");
static_assert(sizeof(Process) == 40, "the assembly above and the struct must agree");

extern "C" {
// A thread-specific key instead of thread_local: it needs no TLS block in every library and is freed by libc itself,
// so unloading a library leaves no destructor pointing into nothing.
__attribute__((used)) char *ingot_pool_error_text() {
  static std::atomic<int64_t> sharedKey{-1};
  int64_t key = sharedKey.load(std::memory_order_acquire);
  if (key < 0) {
    pthread_key_t fresh;
    if (pthread_key_create(&fresh, free))
      return nullptr;
    if (sharedKey.compare_exchange_strong(key, fresh))
      key = fresh;
    else
      pthread_key_delete(fresh);
  }
  auto *text = static_cast<char *>(pthread_getspecific(static_cast<pthread_key_t>(key)));
  if (!text) {
    text = static_cast<char *>(calloc(1, errorCapacity));
    if (text)
      pthread_setspecific(static_cast<pthread_key_t>(key), text);
  }
  return text;
}

__attribute__((used)) void ingot_pool_parallel(int32_t limit, int64_t chunks, Chunk chunk, void *argument) {
  processPool.parallel(limit, chunks, chunk, argument);
}
__attribute__((used)) int32_t ingot_pool_threads() { return processPool.threads(); }
__attribute__((used)) ingot_status ingot_pool_set_threads(int32_t threads) { return processPool.setThreads(threads); }
__attribute__((used)) ingot_status ingot_pool_set_executor(const ingot_executor *executor) {
  return processPool.setExecutor(executor);
}
}

ingot_status ingot::fail(ingot_status status, const char *format, ...) {
  if (char *text = ingot_process_v1.errorText()) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, errorCapacity, format, arguments);
    va_end(arguments);
  }
  return status;
}

const char *ingot::lastError() {
  const char *text = ingot_process_v1.errorText();
  return text ? text : "out of memory";
}
