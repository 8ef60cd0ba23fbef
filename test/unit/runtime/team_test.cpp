// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Teams: threads that pass through the phases of one piece of work together.
#include "process.h"
#include "session.h"
#include "team.h"

#include "ingot/team.h"

#include <gtest/gtest.h>
#include <numeric>
#include <thread>
#include <vector>

using namespace ingot;

namespace {

// In each phase every part adds up what all parts left in the phase before: 1, members, members^2, ... modulo 2^64.
struct Work {
  static constexpr int64_t phases = 500;
  alignas(64) char memory[INGOT_TEAM_BYTES];
  uint64_t left[2][INGOT_TEAM_MOST];
  std::vector<std::atomic<int>> runs;
  int64_t members;

  explicit Work(int64_t members) : runs(static_cast<size_t>(phases * members)), members(members) {
    clearTeam(memory, members);
    for (uint64_t &value : left[0])
      value = 1;
  }

  static void pass(ingot_team &team, Work &work) {
    for (int64_t phase = 0; phase < phases; ++phase)
      for (int64_t part = ingot_team_next(&team, -1); part >= 0; part = ingot_team_next(&team, part)) {
        const uint64_t *before = work.left[phase % 2];
        work.left[(phase + 1) % 2][part] = std::accumulate(before, before + work.members, uint64_t(0));
        work.runs[static_cast<size_t>(phase * work.members + part)].fetch_add(1);
      }
  }
  void join(int64_t member) {
    ingot_team team;
    enterTeam(&team, memory, members, member);
    pass(team, *this);
  }

  bool isDone() const {
    uint64_t expected = 1;
    for (int64_t phase = 0; phase < phases; ++phase)
      expected *= static_cast<uint64_t>(members);
    for (int64_t part = 0; part < members; ++part)
      if (left[phases % 2][part] != expected)
        return false;
    for (auto &count : runs)
      if (count != 1)
        return false;
    return true;
  }
};

TEST(TeamTest, EachPartIsDoneOnceInEachPhase) {
  for (int64_t members : {1, 2, 3, 5}) {
    Work work(members);
    std::vector<std::thread> threads;
    for (int64_t member = 0; member < members; ++member)
      threads.emplace_back([&, member] { work.join(member); });
    for (std::thread &thread : threads)
      thread.join();
    EXPECT_TRUE(work.isDone()) << members << " members";
  }
}

TEST(TeamTest, WhoNeverComesIsReplaced) {
  Work work(4);
  work.join(2);
  EXPECT_TRUE(work.isDone());
  work.join(0); // and finds nothing left to do
  EXPECT_TRUE(work.isDone());
}

// Items [begin, end) count themselves; the phases of each piece belong to its team.
struct Counted {
  std::atomic<int64_t> items[64], parts[64], members[64];
};

void countItems(void *const *buffers, const int64_t *, int64_t begin, int64_t end, void *scratch) {
  auto &counted = *static_cast<Counted *>(buffers[0]);
  auto &team = *static_cast<ingot_team *>(scratch);
  for (int64_t item = begin; item < end; ++item) {
    for (int64_t part = ingot_team_next(&team, -1); part >= 0; part = ingot_team_next(&team, part))
      counted.parts[item].fetch_add(1);
    counted.items[item].store(1);
    counted.members[item].store(team.members);
  }
}

TEST(TeamTest, ItemsAreSharedWhereThreadsWouldBeIdle) {
  constexpr int64_t offset = 64, stride = offset + INGOT_TEAM_BYTES;
  alignas(64) static char scratch[4 * stride];
  ASSERT_EQ(ingot_process_v1.setThreads(4), INGOT_OK);
  struct {
    int32_t width;
    int64_t items, groups, grain, mostMembers, members;
  } cases[] = {{4, 1, 1, 1, 8, 4}, {4, 1, 1, 1, 3, 3}, {4, 2, 2, 12, 8, 2}, {4, 2, 1, 12, 8, 4},
               {3, 2, 2, 1, 8, 1}, {1, 7, 1, 2, 8, 1}, {4, 64, 1, 2, 8, 1}, {2, 0, 1, 1, 8, 0}};
  for (const auto &row : cases) {
    Counted counted{};
    void *buffers[] = {&counted};
    ingot_context context{};
    context.width = row.width;
    context.scratch = scratch;
    context.scratchStride = stride;
    ingot_launch_team(&context, countItems, buffers, nullptr, row.items, row.groups, row.grain, row.mostMembers, offset,
                      0);
    for (int64_t item = 0; item < row.items; ++item) {
      EXPECT_EQ(counted.items[item], 1);
      EXPECT_EQ(counted.members[item], row.members) << row.items << " items, " << row.width << " threads";
      EXPECT_EQ(counted.parts[item], row.members);
    }
  }
  ingot_process_v1.setThreads(0);
}

} // namespace
