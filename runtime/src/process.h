// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all Ingot libraries of a process share: one thread pool and one error text per thread. Every library carries the
// code, but only the first one loaded is used: its table wins because the symbol is unique in the process
// (STB_GNU_UNIQUE, which also works across dlopen(RTLD_LOCAL) and keeps that library in memory while the pool's threads
// run in it).
#pragma once
#include "ingot/runtime.h"

namespace ingot {

/// One chunk of a region; `thread` < the region's limit tells which scratch memory is free to use.
using Chunk = void (*)(void *argument, int32_t thread, int64_t chunk);

/// The table behind the unique symbol. Libraries of different releases meet here: its layout is fixed by the name's
/// number.
struct Process {
  /// This thread's buffer of errorCapacity bytes; null when there is no memory for it.
  char *(*errorText)();
  /// Runs all chunks on at most `limit` threads, the caller included; returns when they are done.
  void (*parallel)(int32_t limit, int64_t chunks, Chunk chunk, void *argument);
  int32_t (*threads)();
  ingot_status (*setThreads)(int32_t threads);
  ingot_status (*setExecutor)(const ingot_executor *executor);
};

constexpr int errorCapacity = 1024;

extern "C" __attribute__((visibility("default"))) Process ingot_process_v1;

/// Writes this thread's error text and returns `status`, so that a failing check is one statement.
__attribute__((format(printf, 2, 3))) ingot_status fail(ingot_status status, const char *format, ...);

/// This thread's last error text, "" when there is none.
const char *lastError();

} // namespace ingot
