// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Class numbers that do not exist, and what a gradient step tells while it runs; on programs written by hand.
#include "classes.h"
#include "model.h"
#include "process.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

using namespace ingot;

namespace {

constexpr int64_t targetDims[] = {-1, 3};
const ingot_port inputs[] = {{"x", INGOT_F32, 0, nullptr, INGOT_DATA, 0},
                             {"target", INGOT_I64, 2, targetDims, INGOT_TARGET, 0}};
const ingot_class_check checks[] = {{1, 5, -100}};

std::string checked(const std::vector<int64_t> &numbers, ingot_port port = inputs[1]) {
  ingot_port ports[] = {inputs[0], port};
  ingot_program program = {};
  program.description.inputs = ports;
  program.class_check_count = 1;
  program.class_checks = checks;
  void *io[] = {nullptr, const_cast<int64_t *>(numbers.data())};
  int64_t rows = int64_t(numbers.size()) / 3;
  return checkClasses(program, io, &rows) ? lastError() : "";
}

TEST(Classes, are_below_their_count_or_ignored) {
  EXPECT_EQ(checked({0, 1, 2, 3, 4, -100}), "");
  EXPECT_EQ(checked({}), "") << "no rows";
  EXPECT_EQ(checked({0, 0, 0, 0, 0, 5}),
            "input \"target\": element [1, 2] is class 5, but there are 5 classes, 0 to 4 (-100 counts nothing)");
  EXPECT_NE(checked({0, -1, 9}).find("[0, 1] is class -1"), std::string::npos) << "the first one is told";
  EXPECT_NE(checked({INT64_MIN, 0, 0}), "");
  EXPECT_NE(checked({INT64_MAX, 0, 0}), "");
}

TEST(Classes, of_32_bits_are_checked_as_well) {
  ingot_port port = inputs[1];
  port.dtype = INGOT_I32;
  std::vector<int64_t> packed(3);
  auto *numbers = reinterpret_cast<int32_t *>(packed.data());
  EXPECT_EQ(checked(packed, port), "");
  numbers[2] = -7;
  EXPECT_NE(checked(packed, port).find("[0, 2] is class -7"), std::string::npos);
}

// Three launches; the second completes gradient 1, the third gradients 0 and 2.
void nothing(void *const *, const int64_t *, int64_t, int64_t, void *) {}

int32_t entry(ingot_context *context, void *const *, char *, char *, const int64_t *) {
  for (int32_t launch = 0; launch < 3; ++launch)
    ingot_launch(context, nothing, nullptr, nullptr, launch == 1 ? 0 : 1, 1, launch);
  return 0;
}

TEST(Gradients, are_told_in_the_order_in_which_they_are_complete) {
  const ingot_variant variants[] = {{"plain", 0, entry, nullptr}};
  const ingot_completion completions[] = {{1, 1}, {2, 0}, {2, 2}};
  const ingot_state_tensor tensor = {{"w.gradient", INGOT_F32, 0, nullptr, INGOT_GRADIENT, 0}, 0, 4};
  ingot_program program = {};
  program.abi = INGOT_PROGRAM_ABI;
  program.description.name = program.description.entry = "gradients";
  program.description.launch_count = 3;
  program.description.state = &tensor;
  program.description.state_count = 1;
  program.description.state_bytes = 64;
  program.variant_count = 1;
  program.variants = variants;
  program.completion_count = 3;
  program.completions = completions;
  Model model;
  model.initialize(program);
  ingot_session *session = nullptr;
  ASSERT_EQ(ingot_session_create(&model, &session), INGOT_OK) << ingot_last_error(&model);
  alignas(64) char state[64] = {};
  ASSERT_EQ(ingot_session_bind_state(session, state), INGOT_OK);
  ASSERT_EQ(ingot_run(session, nullptr, nullptr), INGOT_OK) << "nobody listens";
  std::vector<int64_t> told;
  auto listen = [](void *told, int64_t tensor) { static_cast<std::vector<int64_t> *>(told)->push_back(tensor); };
  ingot_session_set_gradient_observer(session, listen, &told);
  for (int run = 0; run < 2; ++run)
    ASSERT_EQ(ingot_run(session, nullptr, nullptr), INGOT_OK);
  EXPECT_EQ(told, (std::vector<int64_t>{1, 0, 2, 1, 0, 2}));
  ingot_session_set_gradient_observer(session, nullptr, nullptr);
  ASSERT_EQ(ingot_run(session, nullptr, nullptr), INGOT_OK);
  EXPECT_EQ(told.size(), 6u);
  ingot_session_destroy(session);
}

} // namespace
