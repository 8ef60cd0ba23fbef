//===- PanelProduct.h - The inner loop of products --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Broadcast elements of some rows times vectors of 16 columns, summed over a reduction: the inner loop of contractions
// and convolutions. The sums stay in registers from call to call.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_PANELPRODUCT_H
#define INGOT_CODEGEN_CPU_EMITTERS_PANELPRODUCT_H

#include "codegen/cpu/KernelBuilder.h"
#include "codegen/cpu/Schedule.h"
#include "codegen/cpu/Storage.h"

namespace ingot::cpu {

/// Element k of row i lies at base + offsets[i] + k * step.
struct BroadcastRows {
  mlir::Value pointer;
  Index base;
  llvm::SmallVector<Index> offsets;
  Index step = 1;
  /// Elements are unsigned bytes in place of float32; only with columns of int8, which are multiplied as integers if
  /// the target can (then steps are neighbours).
  bool areBytes = false, hasByteProduct = false;
  /// An element is a vector of 16 neighbours, of which `mask` (may be null) guards the lanes.
  bool areVectors = false;
  mlir::Value mask = {};
  /// An element is so many neighbours (1, 2 or 4), which fill the lanes again and again; float32 only.
  int64_t width = 1;
  /// The type in memory where it is not float32: bfloat16 or float16, which loads widen. Only single elements.
  mlir::Type half = {};
  /// Each vector has rows of its own: row i of vector j is at offsets[i * vectors + j]; float32 only.
  bool areOwn = false;
};

/// Step k of vector j lies at base + offsets[j] + k * pitch.
struct ColumnVectors {
  mlir::Value pointer;
  Index base;
  llvm::SmallVector<Index> offsets;
  Index pitch = panelLanes;
  /// Guards the last vector; null when it may be read whole.
  mlir::Value lastMask;
  Prefetch prefetch;
  /// Of the elements; other than float32, everything here counts words (StoredPanels.h).
  Storage storage = Storage::Float32;
  /// What is prefetched: further elements behind `prefetch.distance`, how many of the vectors' streams (0: all), and
  /// how far they advance in a step (0: as the vectors do).
  Index prefetchShift = 0;
  size_t prefetchStreams = 0;
  Index prefetchPitch = 0;
  /// The type in memory where elements lie one by one in bfloat16 or float16, which loads widen; else null.
  mlir::Type half = {};
  /// When not null, step k is multiplied by element scaleBase + k; float32 only.
  mlir::Value scale = {};
  Index scaleBase = 0;

  /// Passes over one panel group share the prefetching of the next one: pass `pass` of `passes` reads ahead its part,
  /// so that memory has the time of all passes for it. Only for panels that follow each other, of `panelSize` elements,
  /// and passes that read them from their start.
  void sharePrefetch(KernelBuilder &builder, Index pass, Index passes, int64_t panelSize);
};

using Sums = llvm::SmallVector<mlir::Value>;

/// rows.offsets.size() * columns.offsets.size() zeros.
Sums zeroSums(KernelBuilder &builder, size_t count);

/// sums[i * vectors + j] += sum over k < trips of row i's element * vector j, in the type of the sums. With `unroll` >
/// 1 several steps are summed side by side.
Sums accumulate(KernelBuilder &builder, Index trips, const BroadcastRows &rows, const ColumnVectors &columns, Sums sums,
                int64_t unroll = 1);

/// Transposes 16 vectors of 16 lanes.
void transpose16(KernelBuilder &builder, llvm::MutableArrayRef<mlir::Value> rows);

/// The vector whose lane i is the sum of the lanes of vectors[i], of which there are up to 16; other lanes are of no
/// use. In the same order on every target.
mlir::Value sumLanes(KernelBuilder &builder, llvm::ArrayRef<mlir::Value> vectors);

/// The vector whose lane v * 16 / width + f is the sum of the lanes [f * width, (f + 1) * width) of vectors[v], of
/// which there are up to `width` (2 or 4); other lanes are of no use.
mlir::Value sumNeighbours(KernelBuilder &builder, llvm::ArrayRef<mlir::Value> vectors, int64_t width);

} // namespace ingot::cpu

#endif
