/* A program written by hand: y[batch, seq + 1] = x[batch, seq] with mask[seq] and a one put behind each row. */
#include "ingot/program.h"

static const int64_t x_dims[] = {-1, -2}, mask_dims[] = {-2}, y_dims[] = {-1, INGOT_COMPUTED_DIMENSION};
static const ingot_symbol symbols[] = {{"batch", 1, 4}, {"seq", 0, -1}};
static const ingot_port inputs[] = {{"x", INGOT_F32, 2, x_dims}, {"mask", INGOT_BOOL, 1, mask_dims}};
static const ingot_port outputs[] = {{"y", INGOT_F32, 2, y_dims}};
static const char *const launches[] = {"copy", "append"};

static void copy(void *const *buffers, const int64_t *symbols, int64_t begin, int64_t end, void *scratch) {
  const float *x = buffers[0];
  const uint8_t *mask = buffers[1];
  float *arena = buffers[2];
  for (int64_t i = begin; i < end; ++i)
    arena[i] = mask[i % symbols[1]] ? x[i] : 0;
  *(int64_t *)scratch = begin;
}

static void append(void *const *buffers, const int64_t *symbols, int64_t begin, int64_t end, void *scratch) {
  const float *arena = buffers[0];
  float *y = buffers[1];
  int64_t seq = symbols[1];
  for (int64_t row = begin; row < end; ++row) {
    for (int64_t i = 0; i < seq; ++i)
      y[row * (seq + 1) + i] = arena[row * seq + i];
    y[row * (seq + 1) + seq] = 1;
  }
}

static int32_t entry(ingot_context *context, void *const *io, char *constants, char *arena, const int64_t *symbols) {
  void *first[] = {io[0], io[1], arena}, *second[] = {arena, io[2]};
  ingot_launch(context, copy, first, symbols, symbols[0] * symbols[1], 2, 0);
  ingot_launch(context, append, second, symbols, symbols[0], 1, 1);
  return symbols[1] == 13 ? 7 : 0; /* an unlucky size fails */
}

static void sizes(const int64_t *symbols, int64_t *output_dims, int64_t *arena_bytes) {
  output_dims[0] = symbols[0];
  output_dims[1] = symbols[1] + 1;
  *arena_bytes = symbols[0] * symbols[1] * 4;
}

static const char *broken_assumption(const int64_t *symbols) {
  return symbols[0] == 3 && symbols[1] < 3 ? "seq >= batch" : 0;
}

static const ingot_variant variants[] = {{"alien", 1ull << 40, entry, 0}, {"plain", 0, entry, 0}};

const ingot_program ingot_library_program = {
    .abi = INGOT_PROGRAM_ABI,
    .description = {.name = "test",
                    .compiler = "0",
                    .source_hash = "",
                    .options = "",
                    .target = "",
                    .variant = "",
                    .input_count = 2,
                    .output_count = 1,
                    .symbol_count = 2,
                    .launch_count = 2,
                    .inputs = inputs,
                    .outputs = outputs,
                    .symbols = symbols,
                    .launch_names = launches,
                    .scratch_bytes = 8},
    .variant_count = 2,
    .variants = variants,
    .sizes = sizes,
    .broken_assumption = broken_assumption,
};
