// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A run: check the tensors, make sure of the memory, call the entry.
#include "session.h"

#include "classes.h"
#include "preparation.h"
#include "process.h"
#include "rounding.h"
#include "shapes.h"
#include "state.h"

#include <algorithm>
#include <stdlib.h>
#include <string.h>

using namespace ingot;

struct ingot::Session : ingot_session {
  const Model *model;
  ingot_context context;
  int32_t limit; // of threads; 0: the pool's
  int32_t scratchThreads;
  Block arena, scratch;
  bool sizesKnown;           // symbols, outputDims and the arena belong together
  int64_t *symbols;          // of the run before
  int64_t *candidateSymbols; // of this one, not yet checked
  int64_t *outputDims;
  void **io;   // of runSession: inputs, outputs, state
  void *state; // the caller's; null until it is bound
};

static Session &sessionOf(ingot_session *session) { return *static_cast<Session *>(session); }

// The tables behind a session, in the same allocation.
static Session *allocateSession(const ingot_program &program) {
  const ingot_description &description = program.description;
  size_t launches = program.inspections ? static_cast<size_t>(description.launch_count) : 0;
  size_t symbols = static_cast<size_t>(description.symbol_count);
  size_t dims = static_cast<size_t>(countOutputDims(description));
  size_t tensors = static_cast<size_t>(description.input_count + description.output_count);
  size_t words = 2 * symbols + dims + tensors + 1;
  auto *session =
      static_cast<Session *>(calloc(1, sizeof(Session) + words * sizeof(int64_t) + 2 * launches * sizeof(Sighting)));
  if (!session)
    return nullptr;
  session->symbols = reinterpret_cast<int64_t *>(session + 1);
  session->candidateSymbols = session->symbols + symbols;
  session->outputDims = session->candidateSymbols + symbols;
  session->io = reinterpret_cast<void **>(session->outputDims + dims);
  session->context.inspections = program.inspections;
  session->context.given = reinterpret_cast<Sighting *>(session->io + tensors + 1);
  session->context.made = session->context.given + launches;
  return session;
}

static ingot_status failForMemory(const Session &session, int64_t bytes) {
  return fail(INGOT_NO_MEMORY, "no memory for %ld bytes of %s's intermediate values", bytes,
              session.model->description.name);
}

// The threads of the next run, with scratch memory for each.
static ingot_status prepareThreads(Session &session) {
  int32_t width = ingot_process_v1.threads();
  if (session.limit && session.limit < width)
    width = session.limit;
  if (width > session.scratchThreads) {
    int64_t stride =
        (session.model->description.scratch_bytes + INGOT_ALIGNMENT - 1) / INGOT_ALIGNMENT * INGOT_ALIGNMENT;
    stride += INGOT_SLACK;
    session.scratchThreads = 0;
    // Most threads use little of theirs: huge pages would make the touched slack costly.
    if (!session.scratch.allocate(stride * width, /*wantsHugePages=*/false))
      return failForMemory(session, stride * width);
    // Each thread's slack must be touched, as the block's own is.
    for (int32_t i = 1; i <= width; ++i)
      memset(session.scratch.data + i * stride - INGOT_SLACK, 0, INGOT_SLACK);
    session.context.scratch = session.scratch.data;
    session.context.scratchStride = stride;
    session.scratchThreads = width;
  }
  session.context.width = width;
  return INGOT_OK;
}

// Output dimensions and arena for these symbols; nothing to do when they are the last run's.
static ingot_status prepareSizes(Session &session, const int64_t *symbols) {
  const ingot_program &program = *session.model->program;
  size_t bytes = static_cast<size_t>(program.description.symbol_count) * sizeof(int64_t);
  if (session.sizesKnown && (!bytes || !memcmp(session.symbols, symbols, bytes)))
    return INGOT_OK;
  session.sizesKnown = false;
  int64_t arenaBytes = computeSizes(program, symbols, session.outputDims);
  if ((!session.arena.data || session.arena.bytes < arenaBytes) &&
      !session.arena.allocate(arenaBytes, /*wantsHugePages=*/true))
    return failForMemory(session, arenaBytes);
  if (bytes)
    memcpy(session.symbols, symbols, bytes);
  session.sizesKnown = true;
  return INGOT_OK;
}

ingot_status ingot::createSession(const ingot_model *handle, ingot_session **result) {
  const Model &model = modelOf(handle);
  *result = nullptr;
  if (!model.variant)
    return fail(INGOT_UNSUPPORTED, "%s", model.problem);
  Session *session = allocateSession(*model.program);
  if (!session)
    return fail(INGOT_NO_MEMORY, "no memory for a session of %s", model.description.name);
  session->functions = &functions;
  session->model = &model;
  ingot_status status = prepareThreads(*session);
  if (!status)
    status = acquirePrepared(model, session->context);
  if (!status && model.description.symbol_count == 0)
    status = prepareSizes(*session, nullptr);
  if (status)
    destroySession(session);
  else
    *result = session;
  return status;
}

void ingot::destroySession(ingot_session *handle) {
  Session &session = sessionOf(handle);
  releasePrepared(*session.model, session.context);
  session.arena.release();
  session.scratch.release();
  free(&session);
}

ingot_status ingot::setSessionThreads(ingot_session *session, int32_t threads) {
  if (threads < 0)
    return fail(INGOT_INVALID, "the number of threads must not be negative, but is %d", threads);
  sessionOf(session).limit = threads;
  return INGOT_OK;
}

void ingot::setSessionProfiler(ingot_session *session, ingot_profiler profiler, void *state) {
  sessionOf(session).context.profiler = profiler;
  sessionOf(session).context.profilerState = state;
}

int64_t ingot::sessionBytes(const ingot_session *handle) {
  auto &session = *static_cast<const Session *>(handle);
  return session.arena.bytes + session.scratch.bytes; // without the system's addresses that alignment leaves unused
}

void ingot::setGradientObserver(ingot_session *session, ingot_gradient_observer observer, void *state) {
  sessionOf(session).context.observer = observer;
  sessionOf(session).context.observerState = state;
}

ingot_status ingot::bindState(ingot_session *handle, void *state) {
  Session &session = sessionOf(handle);
  if (ingot_status status = checkState(session.model->description, state))
    return status;
  session.state = state;
  return INGOT_OK;
}

// All is checked: compute.
static ingot_status callEntry(Session &session, void *const *io) {
  if (ingot_status status = prepareThreads(session))
    return status;
  const ingot_program &program = *session.model->program;
  if (ingot_status status = checkClasses(program, io, session.symbols))
    return status;
  ingot_context &context = session.context;
  context.completions = context.completionsEnd = nullptr;
  if (context.observer) {
    context.completions = program.completions;
    context.completionsEnd = program.completions + program.completion_count;
  }
  // What training forgets (moments, vanishing gradients) halves until it is subnormal, and stays so; processors need a
  // hundred cycles for each such number.
  WithFloatControl control(floatControl() | (session.model->description.state_bytes ? flushSubnormals : 0));
  int32_t failed = session.model->variant->entry(&session.context, io, const_cast<char *>(program.constants),
                                                 session.arena.data, session.symbols);
  ++context.runs;
  if (failed == INGOT_EXPLAINED)
    return INGOT_FAILED;
  if (failed)
    return fail(INGOT_FAILED, "%s refused its data (check %d)", session.model->description.name, failed);
  return INGOT_OK;
}

ingot_status ingot::runSession(ingot_session *handle, const ingot_tensor *inputs, const ingot_tensor *outputs) {
  Session &session = sessionOf(handle);
  const ingot_description &description = session.model->description;
  if (ingot_status status = bindInputs(*session.model->program, inputs, true, session.candidateSymbols))
    return status;
  if (ingot_status status = prepareSizes(session, session.candidateSymbols))
    return status;
  if (ingot_status status = checkOutputs(description, outputs, session.outputDims))
    return status;
  if (description.state_bytes && !session.state)
    return fail(INGOT_INVALID, "%s needs a state: ingot_session_bind_state gives it one", description.name);
  int32_t firstOutput = description.input_count, end = firstOutput + description.output_count;
  for (int32_t i = 0; i < firstOutput; ++i)
    session.io[i] = isLeftOut(description.inputs[i], inputs[i]) ? const_cast<double *>(&description.inputs[i].standard)
                                                                : inputs[i].data;
  for (int32_t i = firstOutput; i < end; ++i)
    session.io[i] = outputs[i - firstOutput].data;
  session.io[end] = session.state;
  return callEntry(session, session.io);
}

ingot_status ingot::runPointers(ingot_session *handle, void *const *io, const int64_t *symbols) {
  Session &session = sessionOf(handle);
  const ingot_description &description = session.model->description;
  if (ingot_status status = checkSymbols(*session.model->program, symbols))
    return status;
  if (description.state_bytes)
    if (ingot_status status = checkState(description, io[description.input_count + description.output_count]))
      return status;
  if (ingot_status status = prepareSizes(session, symbols))
    return status;
  return callEntry(session, io);
}
