// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Models and sessions on a program written by hand (program.c).
#include "model.h"
#include "process.h"

#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace ingot;

namespace {

class SessionTest : public testing::Test {
protected:
  void SetUp() override {
    model = ingot_library_model();
    ASSERT_EQ(ingot_session_create(model, &session), INGOT_OK) << ingot_last_error(model);
  }
  void TearDown() override { ingot_session_destroy(session); }

  // A correct call for this batch and length; tests then spoil it.
  void prepare(int64_t batch, int64_t seq) {
    x.assign(static_cast<size_t>(batch * seq), 3);
    mask.assign(static_cast<size_t>(seq), 1);
    y.assign(static_cast<size_t>(batch * (seq + 1)), -1);
    inputs[0] = {x.data(), INGOT_F32, 2, {batch, seq}};
    inputs[1] = {mask.data(), INGOT_BOOL, 1, {seq}};
    output = {y.data(), INGOT_F32, 2, {batch, seq + 1}};
  }

  void expectRefusal(const char *text) {
    EXPECT_EQ(ingot_run(session, inputs, &output), INGOT_INVALID);
    EXPECT_STREQ(ingot_last_error(model), text);
  }

  void expectRightAnswer() {
    ASSERT_EQ(ingot_run(session, inputs, &output), INGOT_OK) << ingot_last_error(model);
    int64_t row = output.shape[1];
    for (size_t i = 0; i < y.size(); ++i)
      ASSERT_EQ(y[i], static_cast<int64_t>(i) % row == row - 1 ? 1 : 3) << i;
  }

  const ingot_model *model = nullptr;
  ingot_session *session = nullptr;
  std::vector<float> x, y;
  std::vector<uint8_t> mask;
  ingot_tensor inputs[2], output;
};

TEST_F(SessionTest, RefusesDimensionsThatDoNotFitTogether) {
  prepare(3, 3);
  expectRightAnswer();
  prepare(3, 2);
  expectRefusal("the dimensions do not fit together: the model needs seq >= batch");
}

TEST_F(SessionTest, RunsWithChangingSizes) {
  for (int64_t batch : {1, 4, 2})
    for (int64_t seq : {1, 100, 0, 1000, 7}) {
      prepare(batch, seq);
      expectRightAnswer();
    }
}

TEST_F(SessionTest, TellsOutputShapes) {
  prepare(3, 5);
  inputs[0].data = inputs[1].data = nullptr;
  ingot_tensor shape = {};
  ASSERT_EQ(ingot_output_shapes(model, inputs, &shape), INGOT_OK);
  EXPECT_EQ(shape.dtype, INGOT_F32);
  EXPECT_EQ(shape.rank, 2);
  EXPECT_EQ(shape.shape[0], 3);
  EXPECT_EQ(shape.shape[1], 6);
}

TEST_F(SessionTest, RefusesAWrongTypeOrRank) {
  prepare(2, 5);
  inputs[0].dtype = INGOT_F64;
  expectRefusal("input \"x\" has type float64, expected float32");
  inputs[0].dtype = 99;
  expectRefusal("input \"x\" has type ?, expected float32");
  inputs[0] = {x.data(), INGOT_F32, 1, {10}};
  expectRefusal("input \"x\" has 1 dimensions, expected 2");
}

TEST_F(SessionTest, RefusesSizesThatDisagree) {
  prepare(2, 5);
  inputs[1].shape[0] = 4;
  expectRefusal("input \"mask\": dimension 0 (\"seq\") is 4, but an earlier input has 5 there");
  prepare(5, 5);
  expectRefusal("dimension \"batch\" is 5, expected 1 to 4");
  prepare(2, 5);
  output.shape[1] = 5;
  expectRefusal("output \"y\": dimension 1 is 5, expected 6");
}

TEST_F(SessionTest, RefusesImpossibleTensors) {
  prepare(2, 5);
  inputs[0].shape[1] = -5;
  expectRefusal("input \"x\": dimension 1 is negative");
  inputs[0].shape[1] = int64_t(1) << 62;
  expectRefusal("input \"x\" is larger than any memory");
  prepare(2, 5);
  inputs[0].data = nullptr;
  expectRefusal("input \"x\" has no data");
  inputs[0].data = reinterpret_cast<char *>(x.data()) + 1;
  expectRefusal("input \"x\" is not aligned to its elements of 4 bytes");
  EXPECT_EQ(ingot_run(session, nullptr, &output), INGOT_INVALID);
}

TEST_F(SessionTest, ASessionOutlivesARefusedRun) {
  prepare(2, 5);
  expectRightAnswer();
  inputs[1].shape[0] = 4;
  EXPECT_EQ(ingot_run(session, inputs, &output), INGOT_INVALID);
  prepare(2, 5);
  expectRightAnswer();
}

TEST_F(SessionTest, PassesOnTheModelsOwnRefusal) {
  prepare(1, 13);
  EXPECT_EQ(ingot_run(session, inputs, &output), INGOT_FAILED);
  EXPECT_STREQ(ingot_last_error(model), "test refused its data (check 7)");
}

TEST_F(SessionTest, HasNoMemoryForAbsurdSizes) {
  prepare(1, 5);
  // The sizes are consistent and in bounds, but no arena is that large.
  inputs[0].shape[1] = inputs[1].shape[0] = int64_t(1) << 50;
  EXPECT_EQ(ingot_run(session, inputs, &output), INGOT_NO_MEMORY);
  prepare(1, 5);
  expectRightAnswer();
}

// In strict mode the kernel kills a thread at its first system call but a few.
TEST_F(SessionTest, ARunMakesNoSystemCall) {
  prepare(4, 1000);
  expectRightAnswer();
  pid_t child = fork();
  if (child == 0) {
    ingot_session_set_threads(session, 1);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
      _exit(77);
    bool isRight = true;
    for (int i = 0; i < 100; ++i)
      isRight &= ingot_run(session, inputs, &output) == INGOT_OK;
    syscall(SYS_exit, isRight ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
    GTEST_SKIP() << "this kernel has no strict mode";
  EXPECT_EQ(status, 0);
}

TEST_F(SessionTest, ProfilesEveryLaunch) {
  prepare(2, 50);
  std::vector<int32_t> launches;
  ingot_session_set_profiler(
      session,
      [](void *state, int32_t launch, int64_t nanoseconds) {
        EXPECT_GE(nanoseconds, 0);
        static_cast<std::vector<int32_t> *>(state)->push_back(launch);
      },
      &launches);
  expectRightAnswer();
  EXPECT_EQ(launches, (std::vector<int32_t>{0, 1}));
  ingot_session_set_profiler(session, nullptr, nullptr);
  expectRightAnswer();
  EXPECT_EQ(launches.size(), 2u);
}

TEST_F(SessionTest, BoundsItsThreads) {
  prepare(4, 1000);
  EXPECT_EQ(ingot_session_set_threads(session, -1), INGOT_INVALID);
  for (int32_t threads : {1, 2, 100, 0}) {
    EXPECT_EQ(ingot_session_set_threads(session, threads), INGOT_OK);
    expectRightAnswer();
  }
  EXPECT_EQ(ingot_set_threads(model, 7), INGOT_OK); // more scratch memory is needed now
  expectRightAnswer();
  EXPECT_EQ(ingot_set_threads(model, 0), INGOT_OK);
}

TEST_F(SessionTest, LibraryRunServesSeveralThreads) {
  std::vector<std::thread> hosts;
  for (int host = 0; host < 4; ++host)
    hosts.emplace_back([] {
      int64_t symbols[] = {2, 3};
      float x[6] = {3, 3, 3, 3, 3, 3}, y[8] = {};
      uint8_t mask[3] = {1, 1, 1};
      void *io[] = {x, mask, y};
      for (int i = 0; i < 200; ++i)
        ASSERT_EQ(ingot_library_run(io, symbols), INGOT_OK);
      EXPECT_EQ(y[0] + y[3] + y[6], 3 + 1 + 3);
      symbols[0] = 9;
      EXPECT_EQ(ingot_library_run(io, symbols), INGOT_INVALID);
      EXPECT_STREQ(ingot_library_error(), "dimension \"batch\" is 9, expected 1 to 4");
    });
  for (std::thread &host : hosts)
    host.join();
}

// Models made anew, to see the choice of the variant.
class VariantTest : public testing::Test {
protected:
  void TearDown() override { unsetenv("INGOT_ISA"); }
  std::string problemOf(const ingot_program &program) {
    model.initialize(program);
    ingot_session *session = nullptr;
    EXPECT_EQ(ingot_session_create(&model, &session), INGOT_UNSUPPORTED);
    return ingot_last_error(&model);
  }
  Model model;
};

TEST_F(VariantTest, TheFirstThatFitsIsChosen) {
  model.initialize(ingot_library_program);
  EXPECT_STREQ(ingot_describe(&model)->variant, "plain");
}

TEST_F(VariantTest, TheEnvironmentForcesOne) {
  setenv("INGOT_ISA", "plain", 1);
  model.initialize(ingot_library_program);
  EXPECT_STREQ(ingot_describe(&model)->variant, "plain");
  setenv("INGOT_ISA", "x86-64-v9", 1);
  EXPECT_EQ(problemOf(ingot_library_program), "INGOT_ISA asks for x86-64-v9, but test has only: alien, plain");
  setenv("INGOT_ISA", "alien", 1);
  EXPECT_EQ(problemOf(ingot_library_program), "this processor cannot run test (variants: alien, plain): it lacks ");
}

// What stands in for transformed weights: a number for each time it was computed.
int preparations = 0;

int32_t prepareNumber(ingot_context *context, void *const *io, char *constants, char *, const int64_t *symbols) {
  EXPECT_TRUE(!io && !symbols && constants[0] == 'c');
  ++preparations;
  memset(*reinterpret_cast<char **>(context), preparations, 100);
  return 0;
}

int32_t returnPrepared(ingot_context *context, void *const *io, char *, char *, const int64_t *) {
  const char *prepared = *reinterpret_cast<char **>(context);
  return prepared[0] == prepared[99] ? prepared[99] : -2;
}

TEST(PreparationTest, SessionsShareWhatTheFirstOneComputes) {
  const ingot_variant variant{"plain", 0, returnPrepared, prepareNumber};
  ingot_program program{};
  program.abi = INGOT_PROGRAM_ABI;
  program.description.name = "test";
  program.description.prepared_bytes = 100;
  program.variant_count = 1;
  program.variants = &variant;
  program.constants = "c";
  Model model;
  model.initialize(program);
  auto number = [&](ingot_session *session) {
    EXPECT_EQ(ingot_run(session, nullptr, nullptr), INGOT_FAILED); // the entry returns it as a failed check
    return std::string(ingot_last_error(&model));
  };
  ingot_session *first = nullptr, *second = nullptr;
  ASSERT_EQ(ingot_session_create(&model, &first), INGOT_OK);
  ASSERT_EQ(ingot_session_create(&model, &second), INGOT_OK);
  EXPECT_EQ(number(first), "test refused its data (check 1)");
  ingot_session_destroy(first);
  EXPECT_EQ(number(second), "test refused its data (check 1)");
  ingot_session_destroy(second);
  ASSERT_EQ(ingot_session_create(&model, &first), INGOT_OK); // the last one has freed it
  EXPECT_EQ(number(first), "test refused its data (check 2)");
  ingot_session_destroy(first);
  program.description.prepared_bytes = int64_t(1) << 60;
  Model large;
  large.initialize(program);
  EXPECT_EQ(ingot_session_create(&large, &first), INGOT_NO_MEMORY);
  EXPECT_NE(std::string(ingot_last_error(&large)).find("transformed weights"), std::string::npos);
}

TEST_F(VariantTest, AnotherAgreementIsRefused) {
  ingot_program program = ingot_library_program;
  program.abi = 99;
  EXPECT_EQ(problemOf(program),
            "test was made for another runtime (agreement 99, not " + std::to_string(INGOT_PROGRAM_ABI) + ")");
}

} // namespace
