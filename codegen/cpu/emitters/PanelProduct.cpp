//===- PanelProduct.cpp - The inner loop of products ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/PanelProduct.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// Pointers of rows or vectors: known distances fold into the addresses of the loop, others become pointers before it.
struct Stream {
  SmallVector<Value> pointers;
  SmallVector<int64_t> displacements;

  Stream(KernelBuilder &builder, Value pointer, Index base, ArrayRef<Index> offsets) {
    Type f32 = builder.op().getF32Type();
    Value start = builder.address(pointer, f32, base);
    for (Index offset : offsets) {
      bool isKnown = offset.constant().has_value();
      pointers.push_back(isKnown ? start : builder.address(start, f32, offset));
      displacements.push_back(offset.constant().value_or(0));
    }
  }
};

/// One step of the reduction.
void step(KernelBuilder &builder, Index rowOffset, Index columnOffset, const Stream &rows, const Stream &vectors,
          const ColumnVectors &columns, MutableArrayRef<Value> sums) {
  Type f32 = builder.op().getF32Type();
  size_t count = vectors.pointers.size();
  SmallVector<Value> b;
  for (size_t j = 0; j < count; ++j) {
    Index at = builder.add(columnOffset, vectors.displacements[j]);
    b.push_back(builder.loadVector(vectors.pointers[j], f32, at, panelLanes, j + 1 == count ? columns.lastMask : Value()));
  }
  if (columns.prefetch.distance)
    for (size_t j = 0; j < count; ++j) {
      Index at = builder.add(columnOffset, vectors.displacements[j] + columns.prefetch.distance);
      builder.prefetch(vectors.pointers[j], f32, at, columns.prefetch.locality);
    }
  for (size_t i = 0; i < rows.pointers.size(); ++i) {
    Value a = builder.load(rows.pointers[i], f32, builder.add(rowOffset, rows.displacements[i]));
    Value wide = builder.splat(a, panelLanes);
    for (size_t j = 0; j < count; ++j)
      sums[i * count + j] = builder.fma(wide, b[j], sums[i * count + j]);
  }
}

} // namespace

Sums zeroSums(KernelBuilder &builder, size_t count) {
  Value zero = builder.constant(VectorType::get({panelLanes}, builder.op().getF32Type()), 0.0);
  return Sums(count, zero);
}

Sums accumulate(KernelBuilder &builder, Index trips, const BroadcastRows &rows, const ColumnVectors &columns, Sums sums,
                int64_t unroll) {
  Stream rowStream(builder, rows.pointer, rows.base, rows.offsets);
  Stream columnStream(builder, columns.pointer, columns.base, columns.offsets);
  size_t count = sums.size();
  auto body = [&](Index k, ValueRange carried, int64_t steps) {
    SmallVector<Value> current(carried);
    for (int64_t u = 0; u < steps; ++u)
      step(builder, builder.mul(builder.add(k, u), rows.step), builder.mul(builder.add(k, u), columns.pitch), rowStream,
           columnStream, columns, MutableArrayRef<Value>(current).slice(u * count, count));
    return current;
  };
  Index whole = builder.mul(builder.div(trips, unroll), unroll);
  if (unroll > 1 && !whole.is(0)) {
    Sums zeros = zeroSums(builder, count * (unroll - 1));
    sums.append(zeros);
    Sums parts = builder.loop(0, whole, unroll, sums, [&](Index k, ValueRange carried) { return body(k, carried, unroll); });
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

void transpose16(KernelBuilder &builder, MutableArrayRef<Value> rows) {
  for (int64_t bit : {8, 4, 2, 1}) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < panelLanes; ++lane) {
      low.push_back(lane & bit ? panelLanes + lane - bit : lane);
      high.push_back(lane & bit ? panelLanes + lane : lane + bit);
    }
    for (int64_t i = 0; i < panelLanes; ++i) {
      if (i & bit)
        continue;
      Value a = rows[i], b = rows[i + bit];
      rows[i] = builder.create<vector::ShuffleOp>(a, b, low);
      rows[i + bit] = builder.create<vector::ShuffleOp>(a, b, high);
    }
  }
}

} // namespace ingot::cpu
