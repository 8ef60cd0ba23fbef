/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
   ingot/team.h: threads that share the steps of a kernel; a part of the agreement in program.h. Not for applications.
 */
#ifndef INGOT_TEAM_H
#define INGOT_TEAM_H
#include "program.h"
#ifdef __cplusplus
extern "C" {
#endif

/* ingot_launch for a kernel whose items have steps that several threads can share, as a recurrent layer's do. The items
   come in `groups` equal groups, and are cut into as many pieces where there are that many threads. Where there are
   fewer pieces than threads, up to `most_members` threads run a piece together, as a team. Each one's scratch starts
   with an ingot_team; `shared_offset` is where in a thread's scratch the team's memory may lie, behind INGOT_TEAM_BYTES
   that are the runtime's. */
void ingot_launch_team(ingot_context *context, ingot_kernel kernel, void *const *buffers, const int64_t *symbols,
                       int64_t items, int64_t groups, int64_t grain, int64_t most_members, int64_t shared_offset,
                       int32_t launch_index);

typedef struct ingot_team {
  char *shared; /* memory of the whole team, uninitialised; the same for all members */
  int64_t members;
  int64_t member; /* from here on the runtime's own */
  int64_t phase;
} ingot_team;
#define INGOT_TEAM_MOST 32
#define INGOT_TEAM_BYTES (INGOT_TEAM_MOST * 128)

/* All members pass through the same phases, each of `members` parts. next(team, -1) begins a phase: returns the part
   that this thread must do now, or -1 when the phase is over, all its parts done and what they wrote visible.
   next(team, part) says that a part is done, and returns the next one or -1. A member that is held up, or never comes,
   has its parts done by the others. */
int64_t ingot_team_next(ingot_team *team, int64_t part);

#ifdef __cplusplus
}
#endif
#endif
