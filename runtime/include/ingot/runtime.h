/* clang-format off */
/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
   ingot/runtime.h: how a program uses a library that ingotc made. C11 and C++; needs no library of its own to link.

   A library made from resnet50.onnx exports resnet50_model(), which returns the model. Everything below works through
   it:

       ingot_session *session;
       if (ingot_session_create(resnet50_model(), &session) != INGOT_OK) puts(ingot_last_error(resnet50_model()));
       ingot_tensor input = {pixels, INGOT_F32, 4, {1, 3, 224, 224}}, output = {scores, INGOT_F32, 2, {1, 1000}};
       ingot_run(session, &input, &output);
       ingot_session_destroy(session);

   Ownership  The caller owns every buffer it passes; nothing is kept after a call returns. A model belongs to its
              library and is never freed. A session owns the memory of intermediate values; ingot_session_destroy
              gives it back.
   Threads    A model may be used by any number of threads, a session by one at a time: make one session per host
              thread. All models of a process share one pool of worker threads. A run that finds the pool taken uses
              its own thread. A forked child starts workers of its own.
   Lifetimes  Unloading the library (dlclose) ends its model; destroy its sessions first. The library that owns the
              shared pool, the first one loaded, stays in memory.
   Errors     Functions return INGOT_OK (0) or a status; ingot_last_error describes this thread's last failure in
              words. Nothing throws, exits or prints.
   Memory     A run of a model without symbolic dimensions allocates nothing and makes no system call, but to wake
              sleeping workers. One with symbolic dimensions allocates when it meets sizes larger than before.
   State      What a training step changes (parameters, the optimizer's moments, running statistics, the step's
              number) lies in one block of the caller's, so that saving it is one write and copying it one copy.
   Caches     Inputs of role INGOT_CACHE are the caller's memory with room for more rows than there are: a run reads the
             first ones, as many as its input of role INGOT_LENGTH says, and writes its own behind them.
   Values     Tensors are dense, row-major, aligned as their element type needs. INGOT_BOOL is one byte, 0 or 1. */
#ifndef INGOT_RUNTIME_H
#define INGOT_RUNTIME_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define INGOT_MAX_RANK 8

typedef enum ingot_status {
  INGOT_OK = 0,
  INGOT_INVALID = 1,     /* a tensor's type, rank or shape, or another argument, is not what the model takes */
  INGOT_NO_MEMORY = 2,   /* the system gives no more memory */
  INGOT_UNSUPPORTED = 3, /* this processor lacks what every variant in the library needs */
  INGOT_FAILED = 4       /* the model itself found its data impossible, e.g. an index out of range */
} ingot_status;

/* Element types; the numbers are ONNX's. */
typedef enum ingot_dtype {
  INGOT_F32 = 1, INGOT_U8 = 2, INGOT_I8 = 3, INGOT_U16 = 4, INGOT_I16 = 5, INGOT_I32 = 6, INGOT_I64 = 7,
  INGOT_BOOL = 9, INGOT_F16 = 10, INGOT_F64 = 11, INGOT_U32 = 12, INGOT_U64 = 13, INGOT_BF16 = 16
} ingot_dtype;

typedef struct ingot_tensor {
  void *data;
  int32_t dtype; /* an ingot_dtype */
  int32_t rank;
  int64_t shape[INGOT_MAX_RANK];
} ingot_tensor;

/* A named dimension; maximum -1 means unbounded. */
typedef struct ingot_symbol {
  const char *name;
  int64_t minimum, maximum;
} ingot_symbol;

/* What a tensor is there for. Training steps alone have others than INGOT_DATA, INGOT_CACHE and INGOT_LENGTH. */
typedef enum ingot_role {
  INGOT_DATA = 0,      /* the network's own inputs and outputs */
  INGOT_TARGET = 1,    /* input: what the outputs should have been */
  INGOT_HYPER = 2,     /* input: a number that the optimizer uses, e.g. "lr"; may be left out */
  INGOT_LOSS = 3,      /* output */
  INGOT_GRADIENT = 4,  /* output; in the state: the sum that gradient steps add to and an update step uses up */
  INGOT_PARAMETER = 5, /* in the state: what is trained */
  INGOT_SLOT = 6,      /* in the state: the optimizer's memory of a parameter, e.g. a moment */
  INGOT_STATISTIC = 7, /* in the state: e.g. a running mean */
  INGOT_STEP = 8,      /* in the state: number of steps done, int64 */
  INGOT_GENERATOR = 9, /* in the state: a counter of random numbers drawn */
  INGOT_CACHE = 10,    /* input that a run also writes: rows from an earlier run's last one on. Whoever runs keeps it */
  INGOT_LENGTH = 11    /* input: an int64 that no shape tells, how many rows of the caches are there; dims[0] is its symbol */
} ingot_role;

/* An input or output. A dimension >= 0 is a constant, -(1 + i) is symbol i; of outputs also INGOT_COMPUTED_DIMENSION,
   which ingot_output_shapes knows. */
#define INGOT_COMPUTED_DIMENSION INT64_MIN
typedef struct ingot_port {
  const char *name;
  int32_t dtype;
  int32_t rank;
  const int64_t *dims;
  int32_t role;    /* an ingot_role */
  double standard; /* of INGOT_HYPER: the value when it is left out; of classes as a target: the one that counts nothing */
} ingot_port;

/* A tensor in the state block; its dimensions are constants. */
typedef struct ingot_state_tensor {
  ingot_port port;
  int64_t offset, bytes; /* from the block's start; offsets are multiples of 64 */
} ingot_state_tensor;

/* One of several programs in a library that work on one state: the steps and the other entries of a recipe, or a training
   step and its evaluation. Each is a model with inputs, outputs and sessions of its own. */
struct ingot_model;
typedef struct ingot_part {
  const char *name;
  const struct ingot_model *(*model)(void);
} ingot_part;

/* What a model is. */
typedef struct ingot_description {
  const char *name;
  const char *compiler;    /* version of Ingot that made it */
  const char *source_hash; /* of the model file */
  const char *options;     /* of the compilation */
  const char *target;      /* processor triple */
  const char *variant;     /* instruction set in use, e.g. "x86-64-v4"; empty when this processor fits none */
  int32_t input_count, output_count, symbol_count, launch_count;
  const ingot_port *inputs, *outputs;
  const ingot_symbol *symbols;
  const char *const *launch_names; /* the kernels of a run in order, for profiles */
  int64_t constant_bytes;          /* weights */
  int64_t arena_bytes;             /* a session's memory for intermediate values, without what depends on symbols */
  int64_t arena_lower_bound;       /* the largest set of values alive at once */
  int64_t scratch_bytes;           /* a session's further memory per thread */
  const char *entry;               /* what a run computes: "run", "train_step", "evaluate", or a name from a recipe */
  const char *source;              /* the model file or recipe: for training its path as the compiler got it, else its name */
  const char *optimizer;           /* of a training step; else empty */
  const ingot_state_tensor *state; /* what a training step changes, in order of offsets */
  int64_t state_count;
  int64_t state_bytes;             /* 0: runs change nothing */
  const ingot_part *parts;         /* of the library's first model: all of its programs, itself first; else none */
  int64_t part_count;
  /* since version 4 */
  int64_t prepared_bytes;          /* computed from the weights when the first session is created; all sessions share it */
  int64_t winograd_bytes;          /* of constant_bytes or prepared_bytes: what filters take more in Winograd's form */
} ingot_description;

/* A host's own executor in place of the pool. `parallel` runs task(argument, i) once for each i in [0, tasks), on any threads
   in any order, and returns when all are done; tasks <= threads. It may be called from several threads at once. */
typedef struct ingot_executor {
  void *state;
  int32_t threads;
  void (*parallel)(void *state, int32_t tasks, void (*task)(void *argument, int32_t index), void *argument);
} ingot_executor;

/* Called after each launch of a profiled run; `launch` counts the description's launch_names. */
typedef void (*ingot_profiler)(void *state, int32_t launch, int64_t nanoseconds);

/* Called during a gradient step as soon as a gradient is complete; `tensor` counts the description's state. */
typedef void (*ingot_gradient_observer)(void *state, int64_t tensor);

typedef struct ingot_functions ingot_functions;
typedef struct ingot_model { const ingot_functions *functions; } ingot_model;     /* further contents are private */
typedef struct ingot_session { const ingot_functions *functions; } ingot_session; /* further contents are private */

/* The functions of a library, reached through its model, so that no symbol but the model's own is exported. */
struct ingot_functions {
  int64_t version; /* grows when functions are added at the end */
  const char *(*last_error)(void);
  const ingot_description *(*describe)(const ingot_model *);
  ingot_status (*output_shapes)(const ingot_model *, const ingot_tensor *inputs, ingot_tensor *outputs);
  ingot_status (*session_create)(const ingot_model *, ingot_session **);
  void (*session_destroy)(ingot_session *);
  ingot_status (*session_set_threads)(ingot_session *, int32_t threads);
  void (*session_set_profiler)(ingot_session *, ingot_profiler, void *state);
  int64_t (*session_bytes)(const ingot_session *);
  ingot_status (*run)(ingot_session *, const ingot_tensor *inputs, const ingot_tensor *outputs);
  int32_t (*threads)(void);
  ingot_status (*set_threads)(int32_t threads);
  ingot_status (*set_executor)(const ingot_executor *);
  /* since version 2 */
  ingot_status (*state_initialize)(const ingot_model *, void *state);
  ingot_status (*session_bind_state)(ingot_session *, void *state);
  /* since version 3 */
  void (*session_set_gradient_observer)(ingot_session *, ingot_gradient_observer, void *state);
};

/* This thread's last failure; "" before the first. Valid until the thread's next call. */
static inline const char *ingot_last_error(const ingot_model *m) { return m->functions->last_error(); }
static inline const ingot_description *ingot_describe(const ingot_model *m) { return m->functions->describe(m); }
/* Checks the inputs (their data is not read, but for INGOT_LENGTH's) and fills dtype, rank and shape of every output. */
static inline ingot_status ingot_output_shapes(const ingot_model *m, const ingot_tensor *inputs, ingot_tensor *outputs) { return m->functions->output_shapes(m, inputs, outputs); }
static inline ingot_status ingot_session_create(const ingot_model *m, ingot_session **session) { return m->functions->session_create(m, session); }
static inline void ingot_session_destroy(ingot_session *s) { if (s) s->functions->session_destroy(s); }
/* Bounds the threads of this session's runs; 0 (the start) takes all of the pool. */
static inline ingot_status ingot_session_set_threads(ingot_session *s, int32_t threads) { return s->functions->session_set_threads(s, threads); }
/* Null ends profiling. */
static inline void ingot_session_set_profiler(ingot_session *s, ingot_profiler p, void *state) { s->functions->session_set_profiler(s, p, state); }
/* The memory a session holds now. */
static inline int64_t ingot_session_bytes(const ingot_session *s) { return s->functions->session_bytes(s); }
/* Writes what training starts from into a state block, `state_bytes` long and aligned to 64 bytes: the parameters of the
   model file, and zeros. */
static inline ingot_status ingot_state_initialize(const ingot_model *m, void *state) { return m->functions->state_initialize(m, state); }
/* The state block that this session's runs read and change. It stays the caller's, who must not touch it during a run
   and keeps it until the session is destroyed or bound to another. */
static inline ingot_status ingot_session_bind_state(ingot_session *s, void *state) { return s->functions->session_bind_state(s, state); }
/* The observer is called on the thread of the run, between launches: it may read the gradient, and reduce it over machines
   in the background, but not wait long. Null ends it. */
static inline void ingot_session_set_gradient_observer(ingot_session *s, ingot_gradient_observer o, void *state) { s->functions->session_set_gradient_observer(s, o, state); }
/* Computes the outputs. Both arrays are in the description's order; outputs must have the shapes ingot_output_shapes tells.
   A hyperparameter whose `data` is null has its standard value. */
static inline ingot_status ingot_run(ingot_session *s, const ingot_tensor *inputs, const ingot_tensor *outputs) { return s->functions->run(s, inputs, outputs); }
/* The process's threads, the calling one included. At first: the cores this process may use (affinity, cgroup quota), or the
   environment's INGOT_THREADS. Setting waits for runs in progress; 0 restores the first value. */
static inline int32_t ingot_threads(const ingot_model *m) { return m->functions->threads(); }
static inline ingot_status ingot_set_threads(const ingot_model *m, int32_t threads) { return m->functions->set_threads(threads); }
/* For all models of the process; null restores the pool. No run may be in progress. */
static inline ingot_status ingot_set_executor(const ingot_model *m, const ingot_executor *e) { return m->functions->set_executor(e); }

/* clang-format on */
#ifdef __cplusplus
}
#endif
#endif
