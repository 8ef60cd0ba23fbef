// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory for arenas and scratch.
#pragma once
#include "ingot/program.h"

namespace ingot {

/// A block of memory, aligned to INGOT_ALIGNMENT, with INGOT_SLACK touched bytes before and after it. Zero is a valid,
/// empty block. Not a class with a destructor: a session frees its blocks by hand, as it is itself freed by hand.
struct Block {
  char *data;
  int64_t bytes;
  void *memory; // as the system gave it, totalBytes long
  int64_t totalBytes;
  bool isMapped;

  /// Replaces the block by one of at least `bytes`; its old contents are lost. False when there is no memory: then it
  /// is empty.
  /// Huge pages suit what is used as a whole.
  bool allocate(int64_t bytes, bool wantsHugePages);
  void release();
};

} // namespace ingot
