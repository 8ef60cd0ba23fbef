// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Teams: threads that pass through the steps of one piece of a kernel together, some ten thousand times a second. They
// meet through words in memory, without the pool. Nobody relies on the others: what a member has not begun, those who
// wait for it begin in its place. So a piece also ends when the pool gives it one thread.
#include "team.h"

#include "futex.h"
#include "ingot/team.h"

#include <atomic>
#include <sched.h>
#include <string.h>

using namespace ingot;

namespace {
/// What the members know of one of them, each counter in a cache line of its own: the part of phase n is taken when
/// `taken` is n + 1, done when `done` is.
struct Member {
  alignas(64) std::atomic<int64_t> taken;
  alignas(64) std::atomic<int64_t> done;
  /// Whether it is here. The parts of one who is not are taken without waiting.
  std::atomic<int32_t> isPresent;
};
static_assert(sizeof(Member) * INGOT_TEAM_MOST == INGOT_TEAM_BYTES);

// A part takes microseconds. One who does not come for a hundred was preempted.
constexpr int eagerSpins = 2000, patientSpins = 4000;

Member *membersOf(const ingot_team &team) { return reinterpret_cast<Member *>(team.shared - INGOT_TEAM_BYTES); }

bool take(Member &member, int64_t phase) {
  return member.taken.compare_exchange_strong(phase, phase + 1, std::memory_order_acq_rel);
}
} // namespace

void ingot::clearTeam(char *memory, int64_t members) {
  memset(memory, 0, sizeof(Member) * static_cast<size_t>(members));
}

void ingot::enterTeam(void *scratch, char *memory, int64_t members, int64_t member) {
  *static_cast<ingot_team *>(scratch) = {memory + INGOT_TEAM_BYTES, members, member, 0};
}

/// Waits until all parts of the phase are done. Returns -1 then, or a part to do in another's place.
static int64_t waitForParts(Member *members, int64_t count, int64_t phase) {
  for (int spins = 0;; ++spins) {
    bool isOver = true;
    for (int64_t other = 0; other < count; ++other) {
      Member &member = members[other];
      if (member.done.load(std::memory_order_acquire) > phase)
        continue;
      isOver = false;
      bool isLate = spins >= patientSpins;
      if (!isLate && member.isPresent.load(std::memory_order_relaxed))
        continue;
      if (isLate)
        member.isPresent.store(0, std::memory_order_relaxed);
      if (take(member, phase))
        return other;
    }
    if (isOver)
      return -1;
    if (spins >= patientSpins) {
      sched_yield(); // somebody computes, or would if there were a core for it
      spins = patientSpins;
    } else if (spins >= eagerSpins) {
      pauseProcessor();
    }
  }
}

extern "C" int64_t ingot_team_next(ingot_team *team, int64_t part) {
  if (team->members == 1)
    return part < 0 ? 0 : -1;
  Member *members = membersOf(*team), &self = members[team->member];
  if (part >= 0) {
    members[part].done.store(team->phase + 1, std::memory_order_release);
  } else if (take(self, team->phase)) {
    if (!self.isPresent.load(std::memory_order_relaxed))
      self.isPresent.store(1, std::memory_order_relaxed);
    return team->member;
  }
  int64_t next = waitForParts(members, team->members, team->phase);
  if (next < 0)
    ++team->phase;
  return next;
}
