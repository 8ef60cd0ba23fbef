// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The state block and hyperparameters, on a program written by hand: w -= rate * g, step += 1, loss = sum of w.
#include "model.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <string.h>

using namespace ingot;

namespace {

constexpr int64_t four[] = {4};
const float first[] = {1, 2, 3, 4};
const ingot_port inputs[] = {{"g", INGOT_F32, 1, four, INGOT_DATA, 0},
                             {"rate", INGOT_F64, 0, nullptr, INGOT_HYPER, 0.5}};
const ingot_port outputs[] = {{"loss", INGOT_F32, 0, nullptr, INGOT_LOSS, 0}};
const ingot_state_tensor tensors[] = {{{"w", INGOT_F32, 1, four, INGOT_PARAMETER, 0}, 0, 16},
                                      {{"step", INGOT_I64, 0, nullptr, INGOT_STEP, 0}, 64, 8}};
const int64_t initial[] = {0, -1};

void descend(void *const *io, const int64_t *, int64_t begin, int64_t end, void *) {
  auto *g = static_cast<const float *>(io[0]);
  auto *rate = static_cast<const double *>(io[1]);
  auto *w = static_cast<float *>(io[3]);
  for (int64_t i = begin; i < end; ++i)
    w[i] -= static_cast<float>(*rate) * g[i];
}

int32_t entry(ingot_context *context, void *const *io, char *, char *, const int64_t *symbols) {
  auto *loss = static_cast<float *>(io[2]);
  auto *w = static_cast<float *>(io[3]);
  ingot_launch(context, descend, io, symbols, 4, 1, 0);
  *loss = 0;
  for (int i = 0; i < 4; ++i)
    *loss += w[i];
  ++*reinterpret_cast<int64_t *>(w + 16);
  return 0;
}

const ingot_variant variants[] = {{"plain", 0, entry, nullptr}};

class StateTest : public testing::Test {
protected:
  void SetUp() override {
    program.abi = INGOT_PROGRAM_ABI;
    ingot_description &about = program.description;
    about.name = about.entry = "train";
    about.input_count = 2;
    about.inputs = inputs;
    about.output_count = 1;
    about.outputs = outputs;
    about.state = tensors;
    about.state_count = 2;
    about.state_bytes = sizeof block;
    program.variant_count = 1;
    program.variants = variants;
    program.constants = reinterpret_cast<const char *>(first);
    program.state_initial = initial;
    model.initialize(program);
    memset(block, 0x55, sizeof block);
    ASSERT_EQ(ingot_session_create(&model, &session), INGOT_OK) << ingot_last_error(&model);
  }
  void TearDown() override { ingot_session_destroy(session); }

  ingot_status run(double *rate) {
    ingot_tensor given[] = {{g, INGOT_F32, 1, {4}}, {rate, INGOT_F64, 0, {}}}, result = {&loss, INGOT_F32, 0, {}};
    return ingot_run(session, given, &result);
  }
  float w(int i) const { return reinterpret_cast<const float *>(block)[i]; }
  int64_t steps() const { return *reinterpret_cast<const int64_t *>(block + 64); }

  ingot_program program = {};
  Model model = {};
  ingot_session *session = nullptr;
  alignas(64) char block[128];
  float g[4] = {2, 2, 2, 2}, loss = 0;
};

TEST_F(StateTest, BeginsWithTheLibrarysValuesAndZeros) {
  ASSERT_EQ(ingot_state_initialize(&model, block), INGOT_OK);
  EXPECT_EQ(memcmp(block, first, sizeof first), 0);
  for (size_t i = sizeof first; i < sizeof block; ++i)
    EXPECT_EQ(block[i], 0) << i;
}

TEST_F(StateTest, RunsChangeIt) {
  ASSERT_EQ(ingot_state_initialize(&model, block), INGOT_OK);
  ASSERT_EQ(ingot_session_bind_state(session, block), INGOT_OK);
  double rate = 0.25;
  ASSERT_EQ(run(&rate), INGOT_OK) << ingot_last_error(&model);
  EXPECT_EQ(w(0), 0.5f);
  EXPECT_EQ(loss, 8);
  EXPECT_EQ(steps(), 1);
}

TEST_F(StateTest, SubnormalNumbersAreZeros) {
  ASSERT_EQ(ingot_state_initialize(&model, block), INGOT_OK);
  ASSERT_EQ(ingot_session_bind_state(session, block), INGOT_OK);
  memset(block, 0, sizeof first);
  std::fill_n(g, 4, 2e-38f);
  double rate = 1e-3;
  ASSERT_EQ(run(&rate), INGOT_OK) << ingot_last_error(&model);
  for (int i = 0; i < 4; ++i) // whichever thread computed it
    EXPECT_EQ(w(i), 0) << i;
  // The caller's own arithmetic is as before.
  volatile float smallest = g[0];
  EXPECT_GT(smallest * 1e-3f, 0);
}

TEST_F(StateTest, AHyperparameterLeftOutHasItsStandardValue) {
  ASSERT_EQ(ingot_state_initialize(&model, block), INGOT_OK);
  ASSERT_EQ(ingot_session_bind_state(session, block), INGOT_OK);
  ASSERT_EQ(run(nullptr), INGOT_OK) << ingot_last_error(&model);
  EXPECT_EQ(w(3), 3);
}

TEST_F(StateTest, ARunWithoutStateIsRefused) {
  EXPECT_EQ(run(nullptr), INGOT_INVALID);
  EXPECT_STREQ(ingot_last_error(&model), "train needs a state: ingot_session_bind_state gives it one");
}

TEST_F(StateTest, WhatCannotBeAStateIsRefused) {
  EXPECT_EQ(ingot_session_bind_state(session, nullptr), INGOT_INVALID);
  EXPECT_STREQ(ingot_last_error(&model), "train needs a state block of 128 bytes");
  EXPECT_EQ(ingot_session_bind_state(session, block + 8), INGOT_INVALID);
  EXPECT_STREQ(ingot_last_error(&model), "the state block is not aligned to 64 bytes");
  EXPECT_EQ(ingot_state_initialize(&model, block + 8), INGOT_INVALID);
  program.description.state_bytes = program.description.state_count = 0;
  model.initialize(program);
  EXPECT_EQ(ingot_state_initialize(&model, block), INGOT_INVALID);
  EXPECT_STREQ(ingot_last_error(&model), "train has no state: it is not made for training");
}

} // namespace
