// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot_inspect: where a NaN or an infinity in the loss or the state began.
//
// Such values are legitimate in between (masks are minus infinity, and what a selection drops may be anything). So they
// are only noted, until one arrives where nothing may be spoilt; then the way back through the launches' operands leads
// to the operation that made the first of its kind.
#include "process.h"
#include "session.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

using namespace ingot;

enum : uint8_t { isNan = 1, isInfinite = 2 };

static uint8_t kindOf(double value) { return isnan(value) ? isNan : isinf(value) ? isInfinite : 0; }

// Exponents of the 16-bit types are all ones for both kinds; a fraction tells NaN.
static uint8_t kindOf16(uint16_t bits, uint16_t exponent) {
  if ((bits & exponent) != exponent)
    return 0;
  return bits & 0x7fff & ~exponent ? isNan : isInfinite;
}

static uint8_t kindAt(const void *data, int32_t dtype, int64_t i) {
  switch (dtype) {
  case INGOT_F32:
    return kindOf(static_cast<const float *>(data)[i]);
  case INGOT_F64:
    return kindOf(static_cast<const double *>(data)[i]);
  case INGOT_F16:
    return kindOf16(static_cast<const uint16_t *>(data)[i], 0x7c00);
  case INGOT_BF16:
    return kindOf16(static_cast<const uint16_t *>(data)[i], 0x7f80);
  default:
    return 0;
  }
}

// Adds what a buffer holds to what is known; `index` is the buffer's among the launch's.
static void look(Sighting &sighting, const void *data, const ingot_inspected &value, int64_t elements, int32_t index) {
  if (value.dtype == INGOT_BOOL)
    return;
  for (int64_t i = 0; i < elements; ++i) {
    uint8_t kind = kindAt(data, value.dtype, i);
    if (!kind || (sighting.kinds & kind))
      continue;
    // A NaN is told about rather than an infinity.
    if (!sighting.kinds || kind == isNan) {
      sighting.buffer = index;
      sighting.element = i;
      sighting.elements = elements;
    }
    sighting.kinds |= kind;
  }
}

struct Origin {
  int32_t launch;
  bool isFromOutside;
};

// Back from a launch through operands of this kind.
static Origin follow(const ingot_context &context, int32_t launch, uint8_t kind) {
  for (;;) {
    const ingot_inspection &inspection = context.inspections[launch];
    int32_t next = -1;
    for (int32_t i = 0; i < inspection.operand_count && next < 0; ++i)
      if (int32_t producer = inspection.values[i].producer; producer >= 0 && (context.made[producer].kinds & kind))
        next = producer;
    if (next < 0)
      return {launch, (context.given[launch].kinds & kind) != 0};
    launch = next;
  }
}

static const char *nameOf(uint8_t kind) { return kind == isNan ? "NaN" : "infinity"; }

static void describe(const ingot_context &context, Origin origin, uint8_t kind, char *text, size_t capacity) {
  const ingot_inspection &inspection = context.inspections[origin.launch];
  if (origin.isFromOutside) {
    const Sighting &seen = context.given[origin.launch];
    snprintf(text, capacity, "%s has it (element %ld of %ld)", inspection.values[seen.buffer].name, seen.element,
             seen.elements);
    return;
  }
  const Sighting &seen = context.made[origin.launch];
  snprintf(text, capacity, "%s makes the first %s (element %ld of %ld of its result)", inspection.place, nameOf(kind),
           seen.element, seen.elements);
}

static int32_t explain(const ingot_context &context, int32_t launch, int32_t buffer) {
  uint8_t kind = context.made[launch].kinds & isNan ? isNan : isInfinite;
  Origin origin = follow(context, launch, kind);
  char where[400], before[450] = "";
  describe(context, origin, kind, where, sizeof where);
  // A NaN often comes of an infinity: infinity minus infinity, zero times infinity.
  if (kind == isNan && !origin.isFromOutside) {
    Origin infinite = follow(context, origin.launch, isInfinite);
    if (infinite.launch != origin.launch || infinite.isFromOutside) {
      char text[400];
      describe(context, infinite, isInfinite, text, sizeof text);
      snprintf(before, sizeof before, ", out of an infinity: %s", text);
    }
  }
  fail(INGOT_FAILED, "%s in %s: %s%s", nameOf(kind), context.inspections[launch].values[buffer].name, where, before);
  return INGOT_EXPLAINED;
}

extern "C" int32_t ingot_inspect(ingot_context *context, void *const *buffers, const int64_t *elements, int32_t launch,
                                 int32_t isAfter) {
  if (!context->inspections)
    return 0;
  const ingot_inspection &inspection = context->inspections[launch];
  if (!isAfter) { // before results overwrite operands
    context->given[launch] = {};
    for (int32_t i = 0; i < inspection.operand_count; ++i)
      if (inspection.values[i].producer < 0)
        look(context->given[launch], buffers[i], inspection.values[i], elements[i], i);
    return 0;
  }
  context->made[launch] = {};
  int32_t spoilt = -1;
  for (int32_t i = inspection.operand_count; i < inspection.value_count; ++i) {
    Sighting own = {};
    look(own, buffers[i], inspection.values[i], elements[i], i);
    look(context->made[launch], buffers[i], inspection.values[i], elements[i], i);
    if (own.kinds && inspection.values[i].name && spoilt < 0)
      spoilt = i;
  }
  return spoilt < 0 ? 0 : explain(*context, launch, spoilt);
}
