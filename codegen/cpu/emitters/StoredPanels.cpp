//===- StoredPanels.cpp - Products with weights that are not float32 ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/StoredPanels.h"
#include "dialects/ingot/Ingot.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// Element `step` of each word, as float32.
Value takeStep(KernelBuilder &builder, Value words, int64_t step, Storage storage) {
  Type floats = VectorType::get({panelLanes}, builder.op().getF32Type());
  auto constant = [&](int64_t number) { return builder.constant(words.getType(), double(number)); };
  if (storage == Storage::BFloat16) {
    Value bits = step == 0 ? builder.create<arith::ShLIOp>(words, constant(16)).getResult()
                           : builder.create<arith::AndIOp>(words, constant(int32_t(0xFFFF0000))).getResult();
    return builder.create<arith::BitcastOp>(floats, bits);
  }
  Value high = step == 3 ? words : builder.create<arith::ShLIOp>(words, constant(24 - 8 * step)).getResult();
  Value number = builder.create<arith::ShRSIOp>(high, constant(24));
  return builder.create<arith::SIToFPOp>(floats, number);
}

/// The loop over words.
class StoredProduct {
public:
  StoredProduct(KernelBuilder &builder, const BroadcastRows &rows, const ColumnVectors &columns)
      : builder(builder), rows(rows), columns(columns), steps(stepsPerWord(columns.storage)) {
    for (const Index &offset : rows.offsets)
      rowStarts.push_back(builder.address(rows.pointer, f32(), builder.add(rows.base, offset)));
    for (const Index &offset : columns.offsets)
      columnStarts.push_back(builder.address(columns.pointer, i32(), builder.add(columns.base, offset)));
  }

  /// Adds `count` steps of word `word` to `sums`, which hold the parts of a sum one after the other.
  void addWord(Index word, int64_t count, int64_t firstPart, MutableArrayRef<Value> sums) {
    size_t vectors = columnStarts.size(), block = rowStarts.size() * vectors;
    Index place = builder.mul(word, columns.pitch);
    SmallVector<Value> words;
    for (Value start : columnStarts) {
      words.push_back(builder.loadVector(start, i32(), place, panelLanes));
      if (int64_t distance = columns.prefetch.distance)
        builder.prefetch(start, i32(), builder.add(place, distance), columns.prefetch.locality);
    }
    for (int64_t step = 0; step < count; ++step) {
      size_t part = size_t(firstPart + step) % (sums.size() / block) * block;
      SmallVector<Value> b;
      for (Value vector : words)
        b.push_back(takeStep(builder, vector, step, columns.storage));
      Index k = builder.mul(builder.add(builder.mul(word, steps), step), rows.step);
      for (auto [i, start] : llvm::enumerate(rowStarts)) {
        Value a = builder.splat(builder.load(start, f32(), k), panelLanes);
        for (size_t j = 0; j < vectors; ++j) {
          Value &sum = sums[part + i * vectors + j];
          sum = builder.fma(a, b[j], sum);
        }
      }
    }
  }

private:
  Type f32() { return builder.op().getF32Type(); }
  Type i32() { return builder.op().getI32Type(); }

  KernelBuilder &builder;
  const BroadcastRows &rows;
  const ColumnVectors &columns;
  int64_t steps;
  SmallVector<Value> rowStarts, columnStarts;
};

} // namespace

kernel::UnpackOp unpackOf(Value weights) {
  if (auto cast = weights.getDefiningOp<CastOp>())
    weights = cast.getInput();
  return weights.getDefiningOp<kernel::UnpackOp>();
}

Target withRoomForWords(Target target, Storage storage) {
  if (storage != Storage::Float32)
    target.vectorRegisters -= target.vectorRegisters / 8;
  return target;
}

Sums accumulateStored(KernelBuilder &builder, Index trips, const BroadcastRows &rows, const ColumnVectors &columns,
                      Sums sums, int64_t unroll) {
  int64_t steps = stepsPerWord(columns.storage), wordsAtOnce = std::max<int64_t>(1, unroll / steps);
  size_t count = sums.size();
  StoredProduct product(builder, rows, columns);
  sums.append(count * (unroll - 1), builder.constant(sums.front().getType(), 0.0));
  Index words = builder.div(trips, steps), whole = builder.mul(builder.div(words, wordsAtOnce), wordsAtOnce);
  auto run = [&](Index from, Index to, int64_t together) {
    sums = builder.loop(from, to, together, sums, [&](Index word, ValueRange carried) {
      SmallVector<Value> current(carried);
      for (int64_t u = 0; u < together; ++u)
        product.addWord(builder.add(word, u), steps, u * steps, current);
      return current;
    });
  };
  run(0, whole, wordsAtOnce);
  if (wordsAtOnce > 1)
    run(whole, words, 1);
  if (int64_t rest = trips.constant().value_or(0) % steps)
    product.addWord(words, rest, 0, sums);
  // By halves, as the parts of float32 sums.
  for (size_t stride = sums.size() / 2; stride >= count; stride /= 2)
    for (size_t i = 0; i < stride; ++i)
      sums[i] = builder.create<arith::AddFOp>(sums[i], sums[i + stride]).getResult();
  sums.truncate(count);
  return sums;
}

} // namespace ingot::cpu
