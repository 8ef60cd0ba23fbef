// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The launcher's side of a team; see ingot/team.h.
#pragma once
#include <stdint.h>

namespace ingot {

/// Prepares a team's memory, INGOT_TEAM_BYTES and what the kernel shares, before its members enter.
void clearTeam(char *memory, int64_t members);
/// Writes the ingot_team at the start of a member's scratch.
void enterTeam(void *scratch, char *memory, int64_t members, int64_t member);

} // namespace ingot
