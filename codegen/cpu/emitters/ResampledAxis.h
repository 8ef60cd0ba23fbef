//===- ResampledAxis.h - What an axis of known sizes samples ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where both extents are known, so are the indices and weights of every output element. They become tables that a
// kernel reads; and where a vector of outputs samples neighbours, a shuffle of what was loaded from one place:
//
//   nearest, twice the size:   outputs 16b ... 16b + 15 are elements 8b, 8b, 8b + 1, 8b + 1, ...
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_RESAMPLEDAXIS_H
#define INGOT_CODEGEN_CPU_EMITTERS_RESAMPLEDAXIS_H

#include "codegen/loops/ResizeRule.h"

namespace ingot::cpu {

/// A vector of outputs whose samples lie within `vectors` vectors of input elements from `base` on.
struct SampledBlock {
  int64_t base = 0;
  int vectors = 0; // 0: too far apart
  /// For each tap, the element of the loaded vectors that each lane takes.
  llvm::SmallVector<llvm::SmallVector<int64_t>> shuffles;
};

/// A run of blocks: `period` blocks that differ, `trips` times, each time reading `step` elements further on.
struct SampledRun {
  int64_t first = 0, period = 1, trips = 1, step = 0;
  int64_t end() const { return first + period * trips; }
};

class ResampledAxis {
public:
  /// Nothing when an extent is open.
  static std::optional<ResampledAxis> of(ResizeOp op, size_t axis, Evaluator &evaluator);

  size_t taps() const { return indices.size(); }
  bool isWeighted() const { return !weights.empty(); }
  int64_t blocks() const { return int64_t(indices.front().size()) / panelLanes; }
  /// For each tap, input indices and weights of the outputs, of which the last is repeated to fill whole vectors.
  llvm::ArrayRef<int32_t> indicesOf(size_t tap) const { return indices[tap]; }
  llvm::ArrayRef<float> weightsOf(size_t tap) const { return weights[tap]; }

  /// All blocks in few runs; nothing when shuffles do not do, or would be too many.
  std::optional<llvm::SmallVector<SampledRun>> runs() const;
  SampledBlock block(int64_t number) const;
  int64_t inputExtent() const { return extent; }

private:
  int64_t extent = 0;
  llvm::SmallVector<llvm::SmallVector<int32_t>> indices;
  llvm::SmallVector<llvm::SmallVector<float>> weights;
};

} // namespace ingot::cpu

#endif
