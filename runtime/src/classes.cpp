// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "classes.h"

#include "process.h"

#include <stdio.h>

using namespace ingot;

static int64_t extentOf(const ingot_port &port, int32_t axis, const int64_t *symbols) {
  int64_t dim = port.dims[axis];
  return dim >= 0 ? dim : symbols[-1 - dim];
}

// "[3, 0]", the place of an element of a row-major tensor.
static void describePlace(const ingot_port &port, const int64_t *symbols, int64_t index, char *text, size_t capacity) {
  int64_t place[INGOT_MAX_RANK] = {};
  for (int32_t axis = port.rank - 1; axis >= 0; --axis) {
    int64_t extent = extentOf(port, axis, symbols);
    place[axis] = extent ? index % extent : 0;
    index = extent ? index / extent : 0;
  }
  size_t used = static_cast<size_t>(snprintf(text, capacity, "["));
  for (int32_t axis = 0; axis < port.rank && used < capacity; ++axis)
    used += static_cast<size_t>(snprintf(text + used, capacity - used, axis ? ", %ld" : "%ld", place[axis]));
  if (used < capacity)
    snprintf(text + used, capacity - used, "]");
}

template <typename Number>
static int64_t findWrong(const Number *numbers, int64_t count, const ingot_class_check &check) {
  // Without a branch in the loop: nearly always all are right.
  bool isWrong = false;
  auto isClass = [&](Number number) {
    return static_cast<uint64_t>(number) < static_cast<uint64_t>(check.classes) || number == check.ignored;
  };
  for (int64_t i = 0; i < count; ++i)
    isWrong |= !isClass(numbers[i]);
  for (int64_t i = 0; isWrong; ++i)
    if (!isClass(numbers[i]))
      return i;
  return -1;
}

ingot_status ingot::checkClasses(const ingot_program &program, void *const *io, const int64_t *symbols) {
  for (int64_t i = 0; i < program.class_check_count; ++i) {
    const ingot_class_check &check = program.class_checks[i];
    const ingot_port &port = program.description.inputs[check.input];
    int64_t count = 1;
    for (int32_t axis = 0; axis < port.rank; ++axis)
      count *= extentOf(port, axis, symbols);
    bool isLong = port.dtype == INGOT_I64;
    if (!isLong && port.dtype != INGOT_I32)
      continue;
    const void *numbers = io[check.input];
    int64_t wrong = isLong ? findWrong(static_cast<const int64_t *>(numbers), count, check)
                           : findWrong(static_cast<const int32_t *>(numbers), count, check);
    if (wrong < 0)
      continue;
    int64_t given =
        isLong ? static_cast<const int64_t *>(numbers)[wrong] : static_cast<const int32_t *>(numbers)[wrong];
    char place[200];
    describePlace(port, symbols, wrong, place, sizeof place);
    return fail(INGOT_INVALID,
                "input \"%s\": element %s is class %ld, but there are %ld classes, 0 to %ld (%ld counts nothing)",
                port.name, place, given, check.classes, check.classes - 1, check.ignored);
  }
  return INGOT_OK;
}
