//===- PanelProduct.cpp - The inner loop of products ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/PanelProduct.h"
#include "codegen/cpu/emitters/StoredPanels.h"
#include "codegen/scalar/Casts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// Pointers of rows or vectors: known distances fold into the addresses of the loop, others become pointers before it.
struct Stream {
  SmallVector<Value> pointers;
  SmallVector<int64_t> displacements;

  Stream(KernelBuilder &builder, Type element, Value pointer, Index base, ArrayRef<Index> offsets) {
    Value start = builder.address(pointer, element, base);
    for (Index offset : offsets) {
      bool isKnown = offset.constant().has_value();
      pointers.push_back(isKnown ? start : builder.address(start, element, offset));
      displacements.push_back(offset.constant().value_or(0));
    }
  }
};

Value widened(KernelBuilder &builder, Value loaded, Type half) {
  return half ? widenHalf({builder.op(), builder.getLoc()}, loaded) : loaded;
}

/// The neighbours at `offset`, in all lanes. Loads that fill a register so are as cheap as those of one element.
Value broadcast(KernelBuilder &builder, Value pointer, Type element, Index offset, int64_t width) {
  if (width == 1)
    return builder.splat(builder.load(pointer, element, offset), panelLanes);
  if (width == 2) {
    Type pair = builder.op().getF64Type();
    Value loaded = builder.create<LLVM::LoadOp>(pair, builder.address(pointer, element, offset), /*alignment=*/4);
    return builder.create<vector::BitCastOp>(VectorType::get({panelLanes}, element),
                                             builder.splat(loaded, panelLanes / 2));
  }
  Value loaded = builder.loadVector(pointer, element, offset, width);
  SmallVector<int64_t> lanes;
  for (int64_t lane = 0; lane < panelLanes; ++lane)
    lanes.push_back(lane % width);
  return builder.create<vector::ShuffleOp>(loaded, loaded, lanes);
}

/// Step `k` of the reduction.
void step(KernelBuilder &builder, Index k, Index aheadPitch, const Stream &rows, const Stream &vectors,
          const Stream &ahead, const BroadcastRows &elements, const ColumnVectors &columns,
          MutableArrayRef<Value> sums) {
  Index rowOffset = builder.mul(k, elements.step), columnOffset = builder.mul(k, columns.pitch),
        aheadOffset = builder.mul(k, aheadPitch);
  Type element = getElementTypeOrSelf(sums.front().getType());
  size_t count = vectors.pointers.size();
  SmallVector<Value> b;
  for (size_t j = 0; j < count; ++j) {
    Index at = builder.add(columnOffset, vectors.displacements[j]);
    Value mask = j + 1 == count ? columns.lastMask : Value();
    Value loaded = builder.loadVector(vectors.pointers[j], columns.half ? columns.half : element, at, panelLanes, mask);
    b.push_back(widened(builder, loaded, columns.half));
  }
  if (columns.scale) {
    Value scale = builder.splat(builder.load(columns.scale, element, builder.add(columns.scaleBase, k)), panelLanes);
    for (Value &vector : b)
      vector = builder.create<arith::MulFOp>(vector, scale);
  }
  for (size_t j = 0; j < ahead.pointers.size(); ++j)
    builder.prefetch(ahead.pointers[j], element,
                     builder.add(aheadOffset, ahead.displacements[j] + columns.prefetch.distance),
                     columns.prefetch.locality);
  for (size_t j = 0; columns.prefetch.near && j < count; ++j)
    builder.prefetch(vectors.pointers[j], element,
                     builder.add(columnOffset, vectors.displacements[j] + columns.prefetch.near), /*locality=*/3);
  for (size_t i = 0; i < rows.pointers.size(); ++i) {
    Index at = builder.add(rowOffset, rows.displacements[i]);
    Value wide;
    if (elements.half)
      wide =
          builder.splat(widened(builder, builder.load(rows.pointers[i], elements.half, at), elements.half), panelLanes);
    else if (elements.areVectors)
      wide = builder.loadVector(rows.pointers[i], element, at, panelLanes, elements.mask);
    else
      wide = broadcast(builder, rows.pointers[i], element, at, elements.width);
    if (elements.areOwn) {
      sums[i] = builder.fma(wide, b[i % count], sums[i]);
      continue;
    }
    for (size_t j = 0; j < count; ++j)
      sums[i * count + j] = builder.fma(wide, b[j], sums[i * count + j]);
  }
}

} // namespace

Sums zeroSums(KernelBuilder &builder, size_t count) {
  Value zero = builder.constant(VectorType::get({panelLanes}, builder.op().getF32Type()), 0.0);
  return Sums(count, zero);
}

void ColumnVectors::sharePrefetch(KernelBuilder &builder, Index pass, Index passCount, int64_t panelSize) {
  auto passes = passCount.constant();
  int64_t vectors = offsets.size();
  if (!passes) {
    // As below for many: of fewer passes than vectors, each leaves out lines.
    prefetchStreams = 1;
    prefetchPitch = builder.ceilDiv(panelLanes * vectors, passCount);
    prefetchShift = builder.mul(pass, builder.mul(prefetchPitch, panelSize / panelLanes));
    return;
  }
  int64_t share = panelSize * llvm::divideCeil(vectors, *passes);
  prefetchStreams = llvm::divideCeil(vectors, *passes);
  if (vectors < *passes) {
    // A pass takes a part of a panel: it reads ahead more slowly than it computes.
    int64_t pitch = llvm::divideCeil(panelLanes * vectors, *passes);
    share = panelSize / panelLanes * pitch;
    prefetchPitch = pitch;
  }
  prefetchShift = builder.mul(pass, share);
}

Sums accumulate(KernelBuilder &builder, Index trips, const BroadcastRows &rows, const ColumnVectors &columns, Sums sums,
                int64_t unroll) {
  if (columns.storage != Storage::Float32)
    return accumulateStored(builder, trips, rows, columns, std::move(sums), unroll);
  Type type = sums.front().getType(), element = getElementTypeOrSelf(type);
  Type stored = columns.half ? columns.half : element;
  Stream rowStream(builder, rows.half ? rows.half : element, rows.pointer, rows.base, rows.offsets);
  Stream columnStream(builder, stored, columns.pointer, columns.base, columns.offsets);
  size_t streams = columns.prefetch.distance ? columns.offsets.size() : 0;
  if (columns.prefetchStreams)
    streams = std::min(streams, columns.prefetchStreams);
  Stream ahead(builder, stored, columns.pointer, builder.add(columns.base, columns.prefetchShift),
               ArrayRef(columns.offsets).take_front(streams));
  Index aheadPitch = columns.prefetchPitch.is(0) ? columns.pitch : columns.prefetchPitch;
  size_t count = sums.size();
  auto body = [&](Index k, ValueRange carried, int64_t steps) {
    SmallVector<Value> current(carried);
    for (int64_t u = 0; u < steps; ++u)
      step(builder, builder.add(k, u), aheadPitch, rowStream, columnStream, ahead, rows, columns,
           MutableArrayRef<Value>(current).slice(u * count, count));
    return current;
  };
  Index whole = builder.mul(builder.div(trips, unroll), unroll);
  if (unroll > 1 && !whole.is(0)) {
    sums.append(count * (unroll - 1), builder.constant(type, 0.0));
    Sums parts =
        builder.loop(0, whole, unroll, sums, [&](Index k, ValueRange carried) { return body(k, carried, unroll); });
    for (size_t stride = parts.size() / 2; stride >= count; stride /= 2)
      for (size_t i = 0; i < stride; ++i)
        parts[i] = builder.create<arith::AddFOp>(parts[i], parts[i + stride]).getResult();
    parts.resize(count);
    sums = parts;
  } else {
    whole = 0;
  }
  return builder.loop(whole, trips, 1, sums, [&](Index k, ValueRange carried) { return body(k, carried, 1); });
}

namespace {

/// rows[i] and rows[j] become the lanes that `low` and `high` pick from both: n < 16 is lane n of the first, n + 16 of
/// the second.
void mix(KernelBuilder &builder, MutableArrayRef<Value> rows, int64_t i, int64_t j, ArrayRef<int64_t> low,
         ArrayRef<int64_t> high) {
  Value a = rows[i], b = rows[j];
  rows[i] = builder.create<vector::ShuffleOp>(a, b, low);
  rows[j] = builder.create<vector::ShuffleOp>(a, b, high);
}

} // namespace

// Only interleaving inside and exchange of 128-bit parts: shuffles that need no index vectors, which LLVM would keep in
// registers throughout the kernel, at the cost of the sums.
void transpose16(KernelBuilder &builder, MutableArrayRef<Value> rows) {
  SmallVector<int64_t> lowSingles, highSingles, lowPairs, highPairs, evenParts, oddParts;
  for (int64_t part = 0; part < panelLanes; part += 4) {
    lowSingles.append({part, part + 16, part + 1, part + 17});
    highSingles.append({part + 2, part + 18, part + 3, part + 19});
    lowPairs.append({part, part + 1, part + 16, part + 17});
    highPairs.append({part + 2, part + 3, part + 18, part + 19});
    int64_t source = part % 8 * 2 + (part >= 8 ? 16 : 0);
    for (int64_t lane = 0; lane < 4; ++lane) {
      evenParts.push_back(source + lane);
      oddParts.push_back(source + 4 + lane);
    }
  }
  for (int64_t i = 0; i < panelLanes; i += 2)
    mix(builder, rows, i, i + 1, lowSingles, highSingles);
  for (int64_t i = 0; i < panelLanes; i += 4) {
    mix(builder, rows, i, i + 2, lowPairs, highPairs);
    mix(builder, rows, i + 1, i + 3, lowPairs, highPairs);
    // Rows i, i + 2 hold columns 0, 1 of each part, i + 1, i + 3 columns 2, 3.
    std::swap(rows[i + 1], rows[i + 2]);
  }
  SmallVector<Value> columns(panelLanes);
  for (int64_t c = 0; c < 4; ++c) {
    SmallVector<Value> parts{rows[c], rows[4 + c], rows[8 + c], rows[12 + c]};
    mix(builder, parts, 0, 1, evenParts, oddParts);
    mix(builder, parts, 2, 3, evenParts, oddParts);
    mix(builder, parts, 0, 2, evenParts, oddParts);
    mix(builder, parts, 1, 3, evenParts, oddParts);
    columns[c] = parts[0];
    columns[4 + c] = parts[1];
    columns[8 + c] = parts[2];
    columns[12 + c] = parts[3];
  }
  llvm::copy(columns, rows.begin());
}

// As in transpose16, but two vectors are added as soon as they are interleaved, so that each step halves their number.
Value sumLanes(KernelBuilder &builder, ArrayRef<Value> vectors) {
  SmallVector<int64_t> masks[4][2];
  for (int64_t part = 0; part < panelLanes; part += 4) {
    masks[0][0].append({part, part + 16, part + 1, part + 17});
    masks[0][1].append({part + 2, part + 18, part + 3, part + 19});
    masks[1][0].append({part, part + 1, part + 16, part + 17});
    masks[1][1].append({part + 2, part + 3, part + 18, part + 19});
    int64_t source = part % 8 * 2 + (part >= 8 ? 16 : 0);
    for (int64_t step : {2, 3})
      for (int64_t lane = 0; lane < 4; ++lane) {
        masks[step][0].push_back(source + lane);
        masks[step][1].push_back(source + 4 + lane);
      }
  }
  SmallVector<Value> sums(vectors);
  for (auto &[low, high] : masks) {
    SmallVector<Value> next;
    for (size_t i = 0; i < sums.size(); i += 2) {
      Value a = sums[i], b = i + 1 < sums.size() ? sums[i + 1] : a;
      next.push_back(builder.create<arith::AddFOp>(builder.create<vector::ShuffleOp>(a, b, low),
                                                   builder.create<vector::ShuffleOp>(a, b, high)));
    }
    sums = next;
  }
  return sums.front();
}

// Pairs of neighbours are added inside of 128-bit parts, until each part has the sums of all vectors; only then do
// lanes change parts.
Value sumNeighbours(KernelBuilder &builder, ArrayRef<Value> vectors, int64_t width) {
  SmallVector<int64_t> even, odd, order(panelLanes);
  for (int64_t part = 0; part < panelLanes; part += 4)
    for (int64_t lane : {part, part + 2, part + 16, part + 18}) {
      even.push_back(lane);
      odd.push_back(lane + 1);
    }
  SmallVector<Value> sums(vectors);
  sums.resize(width, vectors.back());
  while (sums.size() > 1) {
    SmallVector<Value> next;
    for (size_t i = 0; i < sums.size(); i += 2)
      next.push_back(
          builder.create<arith::AddFOp>(builder.create<vector::ShuffleOp>(sums[i], sums[i + 1], even).getResult(),
                                        builder.create<vector::ShuffleOp>(sums[i], sums[i + 1], odd).getResult()));
    sums = next;
  }
  int64_t own = 4 / width; // of a part's four sums, those of one vector
  for (int64_t lane = 0; lane < panelLanes; ++lane) {
    int64_t vector = lane % 4 / own, filter = lane / 4 * own + lane % own;
    order[vector * (panelLanes / width) + filter] = lane;
  }
  return builder.create<vector::ShuffleOp>(sums.front(), sums.front(), order);
}

} // namespace ingot::cpu
