/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
   ingot/program.h: the agreement between generated code and the runtime linked into the same library. Not for
   applications.

   A generated library holds one ingot_program (read-only data), one entry function per instruction-set variant, their
   kernels, and the constants. The runtime picks a variant once, checks a run's tensors, and calls the entry, which
   calls ingot_launch for each kernel in order.

   Every buffer the runtime or the library provides (constants, arena, scratch) is aligned to 64 bytes and has at least
   INGOT_SLACK readable and already touched bytes before and after it. The state is aligned, but has no slack. Users'
   buffers (io) have neither: generated code
   must not read or write outside them, and may assume only their elements' natural alignment. */
#ifndef INGOT_PROGRAM_H
#define INGOT_PROGRAM_H
#include "runtime.h"
#ifdef __cplusplus
extern "C" {
#endif

#define INGOT_PROGRAM_ABI 5
#define INGOT_ALIGNMENT 64
#define INGOT_SLACK 64

/* The runtime's side of one run in progress. It begins with the address (char *) of what was prepared from the
   constants, and the number of runs (int64_t) that the session has done before; generated code reads nothing else of
   it. */
typedef struct ingot_context ingot_context;

/* One kernel: computes the parallel items [begin, end). `buffers` are the launch's operands, then its results;
   behind them, where the kernel asks for it, the number of the run (not an address).
   `symbols` are the model's symbols in the program's order. `scratch` is this thread's own, scratch_bytes long,
   uninitialised. */
typedef void (*ingot_kernel)(void *const *buffers, const int64_t *symbols, int64_t begin, int64_t end, void *scratch);

/* Runs all `items` of a kernel, in chunks of at least |grain| spread over the pool, one a thread if grain < 0; items <=
   |grain| stay on the calling thread. Returns when all are done. `launch_index` counts the program's launch_names. */
void ingot_launch(ingot_context *context, ingot_kernel kernel, void *const *buffers, const int64_t *symbols,
                  int64_t items, int64_t grain, int32_t launch_index);

/* One inference, or one step: straight-line launches. `io` are the inputs' buffers, then the outputs', then, where
   state_bytes is not 0, the state block. `arena` is as long as ingot_sizes (or arena_bytes) says. Returns 0, or the
   number of a failed check. */
typedef int32_t (*ingot_entry)(ingot_context *context, void *const *io, char *constants, char *arena,
                               const int64_t *symbols);

/* What depends on symbols: the dimensions of all outputs, concatenated, and the whole arena's bytes (static part
 * included). */
typedef void (*ingot_sizes)(const int64_t *symbols, int64_t *output_dims, int64_t *arena_bytes);

/* The first of the model's assumptions on its dimensions that these symbols break, as text; null when they break none.
 */
typedef const char *(*ingot_broken_assumption)(const int64_t *symbols);

/* Processor features a variant needs, as the runtime finds them (the operating system's register support included). */
enum {
  INGOT_CPU_V3 = 1u << 0,      /* x86-64-v3: AVX2, FMA, F16C, BMI1, BMI2, LZCNT, MOVBE */
  INGOT_CPU_V4 = 1u << 1,      /* x86-64-v4: AVX-512 F, BW, CD, DQ, VL */
  INGOT_CPU_VNNI = 1u << 2,    /* AVX-512 VNNI */
  INGOT_CPU_BF16 = 1u << 3,    /* AVX-512 BF16 */
  INGOT_CPU_AMX = 1u << 4,     /* AMX tile, int8 and bf16 */
  INGOT_CPU_AVXVNNI = 1u << 5, /* AVX VNNI (VEX) */
  INGOT_CPU_V2 = 1u << 6       /* x86-64-v2: SSE4.2, POPCNT, SSSE3, CX16 */
};

/* Best variant first: the runtime takes the first whose features the processor has, or the one INGOT_ISA names. */
typedef struct ingot_variant {
  const char *isa; /* "x86-64-v4" */
  uint64_t features;
  ingot_entry entry;
  ingot_entry prepare; /* computes what all runs share from the constants alone; null when prepared_bytes is 0 */
} ingot_variant;

/* An input of class numbers: a run refuses every other than 0 ... classes - 1 and `ignored`. */
typedef struct ingot_class_check {
  int64_t input, classes, ignored;
} ingot_class_check;

/* When `launch` is done, the gradient number `tensor` of the state is complete. */
typedef struct ingot_completion {
  int32_t launch, tensor;
} ingot_completion;

/* A buffer of a launch, for --detect-anomaly. */
typedef struct ingot_inspected {
  int32_t dtype;
  int32_t producer; /* the launch that computes it; of a result this one; -1: comes from outside */
  const char *name; /* of what comes from outside, and of results that must be finite; else null */
} ingot_inspected;

/* How a launch is told about: operands, then results. */
typedef struct ingot_inspection {
  const char *place; /* the ONNX node, and in which part of the step */
  int32_t operand_count, value_count;
  const ingot_inspected *values;
} ingot_inspection;

/* In the entries of a step made with --detect-anomaly, before and after each launch: looks for NaN and infinities among
   the launch's `elements` of each buffer. Afterwards not 0 when a result that must be finite is not; the last error
   says where that began. */
int32_t ingot_inspect(ingot_context *context, void *const *buffers, const int64_t *elements, int32_t launch_index,
                      int32_t is_after);

/* What an entry returns when the last error already says why. */
#define INGOT_EXPLAINED (-1)

typedef struct ingot_program {
  int64_t abi;                   /* INGOT_PROGRAM_ABI */
  ingot_description description; /* `variant` is empty here */
  int64_t variant_count;
  const ingot_variant *variants;
  ingot_sizes sizes;                         /* null when neither an output's shape nor the arena depends on symbols */
  ingot_broken_assumption broken_assumption; /* null when the bounds of the symbols are all there is to check */
  const char *constants;
  const int64_t *state_initial; /* for each tensor of the state, where in the constants its first value is; -1: zeros */
  int64_t class_check_count;
  const ingot_class_check *class_checks;
  int64_t completion_count;
  const ingot_completion *completions; /* in order of launches */
  const ingot_inspection *inspections; /* of each launch; null without --detect-anomaly */
} ingot_program;

/* The program of this library. */
extern const ingot_program ingot_library_program;

/* What the exported functions of a library call; X is the model's name.
   X_model() -> ingot_library_model();  X_error() -> ingot_library_error();
   X_run(...), X_train_step(...) -> ingot_library_run(io as for ingot_entry, values of the symbols in order): a run in a
   session of the library's own, calls from several threads wait for each other;
   X_state_initialize(state) -> ingot_library_state_initialize(state). */
const ingot_model *ingot_library_model(void);
const char *ingot_library_error(void);
int32_t ingot_library_run(void *const *io, const int64_t *symbols);
int32_t ingot_library_state_initialize(void *state);

#ifdef __cplusplus
}
#endif
#endif
