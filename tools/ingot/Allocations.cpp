// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program's own malloc comes before libc's for every library it loads.
#include "Allocations.h"

#include <atomic>
#include <cerrno>
#include <cstddef>

static std::atomic<int64_t> allocations;

int64_t ingot::countAllocations() { return allocations.load(std::memory_order_relaxed); }

#if !defined(__SANITIZE_ADDRESS__) && !(defined(__has_feature) && __has_feature(address_sanitizer))
extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

static void count() { allocations.fetch_add(1, std::memory_order_relaxed); }

__attribute__((visibility("default"))) void *malloc(size_t bytes) { return count(), __libc_malloc(bytes); }
__attribute__((visibility("default"))) void *calloc(size_t n, size_t bytes) { return count(), __libc_calloc(n, bytes); }
__attribute__((visibility("default"))) void *realloc(void *old, size_t bytes) {
  return count(), __libc_realloc(old, bytes);
}
__attribute__((visibility("default"))) void *memalign(size_t alignment, size_t bytes) {
  return count(), __libc_memalign(alignment, bytes);
}
__attribute__((visibility("default"))) void *aligned_alloc(size_t alignment, size_t bytes) {
  return count(), __libc_memalign(alignment, bytes);
}
__attribute__((visibility("default"))) int posix_memalign(void **result, size_t alignment, size_t bytes) {
  count();
  *result = __libc_memalign(alignment, bytes);
  return *result ? 0 : ENOMEM;
}
}
#endif
