// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Large blocks are mapped, aligned for huge pages; small ones come from malloc.
#include "memory.h"

#include <stdlib.h>
#include <sys/mman.h>

using namespace ingot;

static constexpr int64_t hugePage = 2 << 20;
static constexpr int64_t largest = int64_t(1) << 46; // what a processor's addresses hold, halved

static char *alignUp(char *address, int64_t alignment) {
  return reinterpret_cast<char *>((reinterpret_cast<uintptr_t>(address) + alignment - 1) &
                                  -static_cast<uintptr_t>(alignment));
}

bool Block::allocate(int64_t wanted, bool wantsHugePages) {
  release();
  if (wanted < 0 || wanted > largest)
    return false;
  bool large = wanted >= 2 * hugePage;
  int64_t alignment = large ? hugePage : INGOT_ALIGNMENT;
  int64_t total = wanted + 2 * INGOT_SLACK + alignment;
  void *fresh =
      large ? mmap(nullptr, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : malloc(total);
  if (!fresh || fresh == MAP_FAILED)
    return false;
  char *start = alignUp(static_cast<char *>(fresh), alignment);
  if (large && wantsHugePages)
    madvise(start, wanted + 2 * INGOT_SLACK, MADV_HUGEPAGE);
  *this = Block{start + INGOT_SLACK, wanted, fresh, total, large};
  // A masked load that crosses into a page nobody has touched costs 150 ns each time, even with the lanes masked off.
  for (int i = 0; i < INGOT_SLACK; ++i)
    data[i - INGOT_SLACK] = data[wanted + i] = 0;
  return true;
}

void Block::release() {
  if (isMapped)
    munmap(memory, totalBytes);
  else
    free(memory);
  *this = Block{};
}
