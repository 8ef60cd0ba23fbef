// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory that faults when code reads or writes one byte outside of it, on one of its sides.
#pragma once
#include <cstddef>
#include <vector>

enum class Guard { Before, After };

class GuardedBuffer {
public:
  GuardedBuffer(size_t bytes, Guard side);
  GuardedBuffer(GuardedBuffer &&other);
  ~GuardedBuffer();
  char *data() const { return start; }
  size_t size() const { return bytes; }

private:
  char *mapping = nullptr, *start = nullptr;
  size_t mapped = 0, bytes = 0;
};
