// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Choice of the variant, and the table of functions.
#include "model.h"

#include "process.h"
#include "processor.h"
#include "session.h"
#include "shapes.h"
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

using namespace ingot;

static const char *describeVariants(const ingot_program &program, char *text, size_t capacity) {
  size_t used = 0;
  text[0] = 0;
  for (int64_t i = 0; i < program.variant_count && used < capacity; ++i)
    used += static_cast<size_t>(snprintf(text + used, capacity - used, "%s%s", i ? ", " : "", program.variants[i].isa));
  return text;
}

void Model::initialize(const ingot_program &source) {
  functions = &ingot::functions;
  program = &source;
  description = source.description;
  description.variant = "";
  variant = nullptr;
  char names[160], missing[160];
  if (source.abi != INGOT_PROGRAM_ABI) {
    snprintf(problem, sizeof problem, "%s was made for another runtime (agreement %d, not %d)", description.name,
             static_cast<int>(source.abi), INGOT_PROGRAM_ABI);
    return;
  }
  const char *forced = getenv("INGOT_ISA");
  if (forced && !*forced)
    forced = nullptr;
  uint64_t features = processorFeatures(), lacking = 0;
  bool isKnown = false;
  for (int64_t i = 0; i < source.variant_count && !variant; ++i) {
    const ingot_variant &candidate = source.variants[i];
    if (forced && strcmp(forced, candidate.isa))
      continue;
    isKnown = true;
    lacking = candidate.features & ~features;
    if (!lacking)
      variant = &candidate;
  }
  if (variant)
    description.variant = variant->isa;
  else if (forced && !isKnown)
    snprintf(problem, sizeof problem, "INGOT_ISA asks for %s, but %s has only: %s", forced, description.name,
             describeVariants(source, names, sizeof names));
  else
    snprintf(problem, sizeof problem, "this processor cannot run %s (variants: %s): it lacks %s", description.name,
             describeVariants(source, names, sizeof names), (nameFeatures(lacking, missing, sizeof missing), missing));
}

static const ingot_description *describe(const ingot_model *model) { return &modelOf(model).description; }
static int32_t threads() { return ingot_process_v1.threads(); }
static ingot_status setThreads(int32_t count) { return ingot_process_v1.setThreads(count); }
static ingot_status setExecutor(const ingot_executor *executor) { return ingot_process_v1.setExecutor(executor); }

const ingot_functions ingot::functions = {
    4,
    lastError,
    describe,
    outputShapes,
    createSession,
    destroySession,
    setSessionThreads,
    setSessionProfiler,
    sessionBytes,
    runSession,
    threads,
    setThreads,
    setExecutor,
    initializeState,
    bindState,
    setGradientObserver,
};
