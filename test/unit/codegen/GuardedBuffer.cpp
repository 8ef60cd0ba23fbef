// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "GuardedBuffer.h"
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

GuardedBuffer::GuardedBuffer(size_t bytes, Guard side) : bytes(bytes) {
  size_t page = sysconf(_SC_PAGESIZE), inner = (bytes + page - 1) / page * page;
  mapped = inner + 2 * page;
  mapping = static_cast<char *>(mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (inner)
    mprotect(mapping + page, inner, PROT_READ | PROT_WRITE);
  start = mapping + page + (side == Guard::After ? inner - bytes : 0);
}

GuardedBuffer::GuardedBuffer(GuardedBuffer &&other)
    : mapping(std::exchange(other.mapping, nullptr)), start(other.start), mapped(other.mapped), bytes(other.bytes) {}

GuardedBuffer::~GuardedBuffer() {
  if (mapping)
    munmap(mapping, mapped);
}
