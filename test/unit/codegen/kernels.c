/* The code of a small program, as a code generator would make it: y = 2x in chunks, then z = sum(y). */
#include "ingot/program.h"
#ifndef ENTRY
#define ENTRY ingot_entry_x86_64
#define FACTOR 2
#endif

static void scale(void *const *buffers, const int64_t *symbols, int64_t begin, int64_t end, void *scratch) {
  const float *x = buffers[0], *factor = buffers[1];
  float *y = buffers[2];
  for (int64_t i = begin; i < end; ++i)
    y[i] = *factor * x[i];
}

static void sum(void *const *buffers, const int64_t *symbols, int64_t begin, int64_t end, void *scratch) {
  const float *y = buffers[0];
  float total = 0;
  for (int64_t i = 0; i < symbols[0]; ++i)
    total += y[i];
  *(float *)buffers[1] = total;
}

int32_t ENTRY(ingot_context *context, void *const *io, char *constants, char *arena, const int64_t *symbols) {
  void *first[] = {io[0], constants + 64, arena}, *second[] = {arena, io[1]};
  ingot_launch(context, scale, first, symbols, symbols[0], 16, 0);
  ingot_launch(context, sum, second, symbols, 1, 1, 1);
  return 0;
}
