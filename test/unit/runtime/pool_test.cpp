// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The thread pool, through the table that libraries share.
#include "pool.h"

#include <chrono>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

using namespace ingot;

namespace {

// Counts how often each chunk ran, and whether two chunks ever shared a thread's scratch memory at the same time.
struct Probe {
  explicit Probe(int64_t chunks) : runs(static_cast<size_t>(chunks)), inUse(Pool::maximumThreads) {}

  static void chunk(void *state, int32_t thread, int64_t index) {
    auto &probe = *static_cast<Probe *>(state);
    if (probe.inUse[static_cast<size_t>(thread)].exchange(true))
      probe.shared = true;
    int32_t highest = probe.highestThread.load();
    while (thread > highest && !probe.highestThread.compare_exchange_weak(highest, thread)) {
    }
    probe.runs[static_cast<size_t>(index)].fetch_add(1);
    probe.inUse[static_cast<size_t>(thread)] = false;
  }

  bool ranOnceEach() const {
    for (auto &count : runs)
      if (count != 1)
        return false;
    return !shared;
  }

  std::vector<std::atomic<int>> runs;
  std::vector<std::atomic<bool>> inUse;
  std::atomic<bool> shared = false;
  std::atomic<int32_t> highestThread = -1;
};

bool runRegion(int32_t limit, int64_t chunks) {
  Probe probe(chunks);
  ingot_process_v1.parallel(limit, chunks, Probe::chunk, &probe);
  return probe.ranOnceEach() && probe.highestThread < limit;
}

class PoolTest : public testing::Test {
protected:
  void SetUp() override { ASSERT_EQ(ingot_process_v1.setThreads(4), INGOT_OK); }
  void TearDown() override {
    ingot_process_v1.setExecutor(nullptr);
    ingot_process_v1.setThreads(0);
  }
};

TEST_F(PoolTest, EveryChunkRunsOnce) {
  for (int round = 0; round < 300; ++round)
    for (int32_t limit : {1, 2, 3, 4, 9})
      for (int64_t chunks : {0, 1, 2, 3, 7, 8, 40})
        ASSERT_TRUE(runRegion(limit, chunks)) << limit << " threads, " << chunks << " chunks";
}

TEST_F(PoolTest, MoreChunksThanARegionCountsRunToo) { EXPECT_TRUE(runRegion(4, 5000)); }

TEST_F(PoolTest, MoreThreadsThanProcessors) {
  ASSERT_EQ(ingot_process_v1.setThreads(40), INGOT_OK);
  for (int round = 0; round < 200; ++round)
    ASSERT_TRUE(runRegion(40, 80));
}

TEST_F(PoolTest, SleepingWorkersWakeUp) {
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ASSERT_TRUE(runRegion(4, 8));
  }
}

TEST_F(PoolTest, ASlowChunkIsWaitedFor) {
  std::atomic<int> done = 0;
  auto slow = [](void *state, int32_t, int64_t index) {
    std::this_thread::sleep_for(std::chrono::milliseconds(index ? 0 : 30));
    ++*static_cast<std::atomic<int> *>(state);
  };
  ingot_process_v1.parallel(4, 4, slow, &done);
  EXPECT_EQ(done, 4);
}

TEST_F(PoolTest, NestedRegionsRunOnTheirOwnThread) {
  std::atomic<int> wrong = 0;
  auto outer = [](void *state, int32_t, int64_t) {
    if (!runRegion(4, 8))
      ++*static_cast<std::atomic<int> *>(state);
  };
  for (int round = 0; round < 100; ++round)
    ingot_process_v1.parallel(4, 8, outer, &wrong);
  EXPECT_EQ(wrong, 0);
}

TEST_F(PoolTest, ManyHostThreadsAtOnce) {
  std::atomic<int> wrong = 0;
  std::vector<std::thread> hosts;
  for (int host = 0; host < 8; ++host)
    hosts.emplace_back([&] {
      for (int round = 0; round < 500; ++round)
        wrong += !runRegion(4, 8);
    });
  for (std::thread &host : hosts)
    host.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(PoolTest, TheNumberOfThreadsChangesWhileOthersRun) {
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::thread host([&] {
    while (!stop)
      wrong += !runRegion(8, 16);
  });
  for (int32_t count : {1, 8, 2, 5, 1, 3, 8, 4})
    EXPECT_EQ(ingot_process_v1.setThreads(count), INGOT_OK);
  stop = true;
  host.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(ingot_process_v1.threads(), 4);
}

TEST_F(PoolTest, ImpossibleCountsAreRefused) {
  EXPECT_EQ(ingot_process_v1.setThreads(-1), INGOT_INVALID);
  EXPECT_STREQ(lastError(), "the number of threads must be between 0 and 1024, not -1");
  EXPECT_EQ(ingot_process_v1.setThreads(100000), INGOT_INVALID);
  EXPECT_EQ(ingot_process_v1.threads(), 4);
}

TEST_F(PoolTest, TheHostsExecutorTakesOver) {
  static std::atomic<int> calls;
  calls = 0;
  ingot_executor executor = {nullptr, 3, [](void *, int32_t tasks, void (*task)(void *, int32_t), void *argument) {
                               ++calls;
                               std::vector<std::thread> threads;
                               for (int32_t i = 0; i < tasks; ++i)
                                 threads.emplace_back(task, argument, i);
                               for (std::thread &thread : threads)
                                 thread.join();
                             }};
  ASSERT_EQ(ingot_process_v1.setExecutor(&executor), INGOT_OK);
  EXPECT_EQ(ingot_process_v1.threads(), 3);
  EXPECT_TRUE(runRegion(8, 20));
  EXPECT_EQ(calls, 1);
  ASSERT_EQ(ingot_process_v1.setExecutor(nullptr), INGOT_OK);
  EXPECT_TRUE(runRegion(4, 20));
  EXPECT_EQ(calls, 1);
  executor.parallel = nullptr;
  EXPECT_EQ(ingot_process_v1.setExecutor(&executor), INGOT_INVALID);
}

TEST_F(PoolTest, AForkedChildHasAPoolOfItsOwn) {
  ASSERT_TRUE(runRegion(4, 8));
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    bool right = runRegion(4, 8) && ingot_process_v1.setThreads(2) == INGOT_OK && runRegion(2, 8);
    _exit(right ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(runRegion(4, 8));
}

TEST_F(PoolTest, ErrorTextsBelongToTheirThread) {
  fail(INGOT_INVALID, "of the first");
  std::thread([] {
    EXPECT_STREQ(lastError(), "");
    fail(INGOT_INVALID, "of the second");
  }).join();
  EXPECT_STREQ(lastError(), "of the first");
}

} // namespace
