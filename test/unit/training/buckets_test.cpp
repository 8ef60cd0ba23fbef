// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Gradients in buckets, and agreement of ranks, with another rank that is made up.
#include "GradientBuckets.h"

#include "Failing.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace ingot;

namespace {

/// Rank 0 of two; the other one has the same numbers, and fails when told to.
class Twins : public Reduction {
public:
  int rank() const override { return 0; }
  int size() const override { return 2; }
  std::string name() const override { return "twins"; }
  void beginSum(void *elements, int64_t count, ingot_dtype dtype) override {
    begun.emplace_back(static_cast<char *>(elements), count);
    if (dtype == INGOT_F64) {
      auto *numbers = static_cast<double *>(elements);
      if (otherFails && count == 2)
        numbers[1] = exitBadInput;
      return;
    }
    for (int64_t i = 0; i < count; ++i)
      static_cast<float *>(elements)[i] *= 2;
  }
  void progress() override { ++progressed; }
  void finishSums() override { ++finished; }
  void broadcast(void *, int64_t, int) override {}
  [[noreturn]] void abort(int code) override { std::exit(code); }

  std::vector<std::pair<char *, int64_t>> begun;
  int progressed = 0, finished = 0;
  bool otherFails = false;
};

constexpr int64_t dims[] = {4};

ingot_state_tensor tensor(const char *name, ingot_role role, int64_t offset, ingot_dtype dtype = INGOT_F32) {
  return {{name, dtype, 1, dims, role, 0}, offset, dtype == INGOT_F64 ? 32 : 16};
}

/// Two parameters, three gradients (the third of another type), a step number.
struct Block {
  std::vector<ingot_state_tensor> tensors = {
      tensor("a", INGOT_PARAMETER, 0), tensor("b", INGOT_PARAMETER, 64), tensor("a.gradient", INGOT_GRADIENT, 128),
      tensor("b.gradient", INGOT_GRADIENT, 192), tensor("c.gradient", INGOT_GRADIENT, 256, INGOT_F64)};
  ingot_description about = {};
  alignas(64) char memory[320] = {};
  Twins ranks;

  Block() {
    about.name = "block";
    about.state = tensors.data();
    about.state_count = int64_t(tensors.size());
    auto *numbers = reinterpret_cast<float *>(memory);
    for (int i = 0; i < 64; ++i)
      numbers[i] = 1;
  }
  float at(int64_t offset) const { return reinterpret_cast<const float *>(memory + offset)[3]; }
};

TEST(GradientBuckets, begin_from_the_end_and_only_when_all_of_theirs_is_there) {
  Block block;
  GradientBuckets buckets(block.about, block.about, block.memory, block.ranks, 16);
  ASSERT_EQ(buckets.size(), 3);
  buckets.start();
  buckets.complete(3);
  EXPECT_EQ(buckets.begun(), 0) << "the last one is missing";
  buckets.complete(4);
  EXPECT_EQ(buckets.begun(), 2);
  EXPECT_EQ(block.ranks.begun[0].first, block.memory + 256);
  EXPECT_EQ(block.ranks.begun[1].first, block.memory + 192);
  EXPECT_EQ(block.ranks.progressed, 2);
  GradientBuckets::observe(&buckets, 2);
  buckets.finish();
  EXPECT_EQ(buckets.begun(), 3);
  EXPECT_EQ(block.ranks.finished, 1);
  EXPECT_EQ(block.at(128), 2);
  EXPECT_EQ(block.at(0), 1) << "no gradient";
}

TEST(GradientBuckets, share_one_sum_with_their_neighbours) {
  Block block;
  GradientBuckets buckets(block.about, block.about, block.memory, block.ranks, 1000);
  ASSERT_EQ(buckets.size(), 2) << "one of each type";
  buckets.start();
  buckets.finish();
  ASSERT_EQ(block.ranks.begun.size(), 2u);
  EXPECT_EQ(block.ranks.begun[1], std::make_pair(block.memory + 128, int64_t(20)));
  buckets.start();
  EXPECT_EQ(buckets.begun(), 0) << "again";
}

TEST(GradientBuckets, refuse_types_that_cannot_be_added_up) {
  Block block;
  block.tensors[2].port.dtype = INGOT_BF16;
  EXPECT_TRUE(
      contains(failing([&] { GradientBuckets(block.about, block.about, block.memory, block.ranks); }), "a.gradient"));
}

TEST(Together, fails_everywhere_when_another_rank_fails) {
  Twins ranks;
  int done = 0;
  together(&ranks, Who::Everyone, [&] { ++done; });
  together(nullptr, Who::First, [&] { ++done; });
  EXPECT_EQ(done, 2);
  ranks.otherFails = true;
  try {
    together(&ranks, Who::Everyone, [&] { ++done; });
    FAIL() << "it goes on";
  } catch (const AgreedFailure &failure) {
    EXPECT_TRUE(failure.isToldElsewhere);
    EXPECT_EQ(failure.code, exitBadInput);
  }
}

TEST(Together, the_first_rank_that_fails_tells) {
  Twins ranks;
  try {
    together(&ranks, Who::First, [] { throw Failure(exitBadUsage, "file", "is wrong"); });
    FAIL() << "it goes on";
  } catch (const AgreedFailure &failure) {
    EXPECT_FALSE(failure.isToldElsewhere);
    EXPECT_EQ(failure.code, exitBadUsage);
    EXPECT_STREQ(failure.what(), "file: error: is wrong");
  }
}

} // namespace
