// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "preparation.h"

#include "model.h"
#include "process.h"
#include "rounding.h"
#include "session.h"

using namespace ingot;

static ingot_status prepare(const Model &model, ingot_context &context) {
  Block &block = model.preparation.block;
  int64_t bytes = model.description.prepared_bytes;
  if (!block.allocate(bytes, /*wantsHugePages=*/true))
    return fail(INGOT_NO_MEMORY, "no memory for %ld bytes of %s's transformed weights", bytes, model.description.name);
  context.prepared = block.data;
  // For all sessions: not under the rounding that the first one's thread happens to have.
  WithFloatControl control(standardFloatControl);
  model.variant->prepare(&context, nullptr, const_cast<char *>(model.program->constants), nullptr, nullptr);
  return INGOT_OK;
}

ingot_status ingot::acquirePrepared(const Model &model, ingot_context &context) {
  if (!model.description.prepared_bytes)
    return INGOT_OK;
  Preparation &preparation = model.preparation;
  pthread_mutex_lock(&preparation.lock);
  ingot_status status = preparation.sessions ? INGOT_OK : prepare(model, context);
  if (!status) {
    ++preparation.sessions;
    context.prepared = preparation.block.data;
  }
  pthread_mutex_unlock(&preparation.lock);
  return status;
}

void ingot::releasePrepared(const Model &model, ingot_context &context) {
  if (!context.prepared)
    return;
  context.prepared = nullptr;
  Preparation &preparation = model.preparation;
  pthread_mutex_lock(&preparation.lock);
  if (--preparation.sessions == 0)
    preparation.block.release();
  pthread_mutex_unlock(&preparation.lock);
}
