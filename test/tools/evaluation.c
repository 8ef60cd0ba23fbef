/* Trains the digits network on four made-up images and evaluates it from the same state. */
#include "untrained.h"
#include <ingot/runtime.h>
#include <stdio.h>

static _Alignas(64) char state[untrained_STATE_BYTES];
static float image[4 * 64];
static int64_t target[4] = {0, 1, 2, 3};

static float evaluate(ingot_session *session) {
  float loss, logits[40];
  ingot_tensor inputs[] = {{image, INGOT_F32, 4, {4, 1, 8, 8}}, {target, INGOT_I64, 1, {4}}};
  ingot_tensor outputs[] = {{&loss, INGOT_F32, 0, {0}}, {logits, INGOT_F32, 2, {4, 10}}};
  if (ingot_run(session, inputs, outputs) != INGOT_OK)
    puts(ingot_last_error(untrained_evaluation_model()));
  return loss;
}

int main(void) {
  const ingot_description *about = ingot_describe(untrained_evaluation_model());
  printf("%s: %d inputs, %d outputs, same state %d\n", about->entry, about->input_count, about->output_count,
         about->state_bytes == untrained_STATE_BYTES);
  ingot_session *session;
  if (ingot_session_create(untrained_evaluation_model(), &session) != INGOT_OK ||
      untrained_state_initialize(state) != 0 || ingot_session_bind_state(session, state) != INGOT_OK)
    return 1;
  for (int i = 0; i < 4 * 64; ++i)
    image[i] = (float)(i * 7 % 17);
  float first = evaluate(session), again = evaluate(session), loss = 0, logits[40];
  for (int step = 0; step < 20; ++step) {
    if (untrained_train_step(image, target, 0.05, 0, state, &loss, logits) != 0)
      return puts(untrained_error()), 1;
    if (step == 0)
      printf("the first step's loss is the evaluation's: %d\n", loss - first < 1e-5f && first - loss < 1e-5f);
  }
  printf("repeatable %d, better %d\n", first == again, evaluate(session) < first / 2);
  ingot_session_destroy(session);
  return 0;
}
