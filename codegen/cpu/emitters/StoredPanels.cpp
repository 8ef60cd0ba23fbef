//===- StoredPanels.cpp - Products with weights that are not float32 ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/StoredPanels.h"
#include "codegen/scalar/Casts.h"
#include "dialects/ingot/Ingot.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// Element `step` of each word, as float32.
Value takeStep(KernelBuilder &builder, Value words, int64_t step, Storage storage) {
  Type floats = VectorType::get({panelLanes}, builder.op().getF32Type());
  if (storage == Storage::Float16)
    return builder.create<arith::ExtFOp>(floats, words);
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
      rowStarts.push_back(builder.address(rows.pointer, rowType(), builder.add(rows.base, offset)));
    for (const Index &offset : columns.offsets)
      columnStarts.push_back(builder.address(columns.pointer, wordType(), builder.add(columns.base, offset)));
    size_t streams = columns.prefetch.distance ? columnStarts.size() : 0;
    if (columns.prefetchStreams)
      streams = std::min(streams, columns.prefetchStreams);
    Index shift = builder.add(columns.prefetchShift, columns.prefetch.distance);
    for (Value start : ArrayRef(columnStarts).take_front(streams))
      ahead.push_back(builder.address(start, wordType(), shift));
  }

  /// Adds `count` steps of word `word` to `sums`, which hold the parts of a sum one after the other.
  void addWord(Index word, int64_t count, int64_t firstPart, MutableArrayRef<Value> sums) {
    size_t vectors = columnStarts.size(), block = rowStarts.size() * vectors;
    SmallVector<Value> words = loadWords(word);
    for (int64_t step = 0; step < count; ++step) {
      size_t part = size_t(firstPart + step) % (sums.size() / block) * block;
      SmallVector<Value> b;
      for (Value vector : words)
        b.push_back(takeStep(builder, vector, step, columns.storage));
      Index k = builder.mul(builder.add(builder.mul(word, steps), step), rows.step);
      for (auto [i, start] : llvm::enumerate(rowStarts)) {
        Value a = builder.splat(loadRow(start, k), panelLanes);
        for (size_t j = 0; j < vectors; ++j) {
          Value &sum = sums[part + i * vectors + j];
          sum = builder.fma(a, b[j], sum);
        }
      }
    }
  }

  /// The same in integers: all four steps of the word at once.
  void addByteProducts(Index word, int64_t part, MutableArrayRef<Value> sums) {
    size_t vectors = columnStarts.size(), block = rowStarts.size() * vectors;
    SmallVector<Value> words = loadWords(word);
    size_t first = size_t(part) % (sums.size() / block) * block;
    for (auto [i, start] : llvm::enumerate(rowStarts)) {
      Value place = builder.address(start, rowType(), builder.mul(word, steps));
      Value a = builder.splat(builder.load(place, i32(), 0), panelLanes);
      for (size_t j = 0; j < vectors; ++j) {
        Value &sum = sums[first + i * vectors + j];
        auto name = builder.op().getStringAttr("llvm.x86.avx512.vpdpbusd.512");
        sum = builder.create<LLVM::CallIntrinsicOp>(sum.getType(), name, ValueRange{sum, a, words[j]}).getResult(0);
      }
    }
  }

private:
  Type f32() { return builder.op().getF32Type(); }
  Type i32() { return builder.op().getI32Type(); }
  Type wordType() { return columns.storage == Storage::Float16 ? Type(builder.op().getF16Type()) : i32(); }
  Type rowType() { return rows.areBytes ? builder.op().getI8Type() : f32(); }

  SmallVector<Value> loadWords(Index word) {
    Index place = builder.mul(word, columns.pitch);
    SmallVector<Value> words;
    for (Value start : columnStarts)
      words.push_back(builder.loadVector(start, wordType(), place, panelLanes));
    for (Value start : ahead)
      builder.prefetch(start, wordType(), place, columns.prefetch.locality);
    return words;
  }

  Value loadRow(Value start, Index k) {
    Value element = builder.load(start, rowType(), k);
    return rows.areBytes ? builder.create<arith::UIToFPOp>(f32(), element).getResult() : element;
  }

  KernelBuilder &builder;
  const BroadcastRows &rows;
  const ColumnVectors &columns;
  int64_t steps;
  SmallVector<Value> rowStarts, columnStarts, ahead; // ahead: what is prefetched
};

} // namespace

kernel::UnpackOp unpackOf(Value weights) {
  if (auto cast = weights.getDefiningOp<CastOp>())
    weights = cast.getInput();
  return weights.getDefiningOp<kernel::UnpackOp>();
}

Value storedBytes(Value rows) {
  auto cast = rows.getDefiningOp<CastOp>();
  return cast && getElementTypeOrSelf(cast.getInput()).isUnsignedInteger(8) ? Value(cast.getInput()) : Value();
}

Value storedHalves(Value tensor) {
  auto cast = tensor.getDefiningOp<CastOp>();
  bool isWidened = cast && cast.getElement().isF32() && isHalf(getElementTypeOrSelf(cast.getInput()));
  return isWidened ? Value(cast.getInput()) : Value();
}

Target withRoomForWords(Target target, Storage storage) {
  if (stepsPerWord(storage) > 1)
    target.vectorRegisters -= target.vectorRegisters / 8;
  return target;
}

/// Adds the second half of the parts to the first, the fourth to ..., until `count` sums are left: by halves, as with
/// float32.
template <typename Add>
static void addParts(KernelBuilder &builder, Sums &sums, size_t count) {
  for (size_t stride = sums.size() / 2; stride >= count; stride /= 2)
    for (size_t i = 0; i < stride; ++i)
      sums[i] = builder.create<Add>(sums[i], sums[i + stride]).getResult();
  sums.truncate(count);
}

/// Products of bytes are summed in int32, which is exact up to a reduction of 65 000 steps.
static Sums accumulateBytes(KernelBuilder &builder, Index words, StoredProduct &product, Sums sums, int64_t unroll) {
  size_t count = sums.size();
  Type type = VectorType::get({panelLanes}, builder.op().getI32Type());
  Sums parts(count * unroll, builder.constant(type, 0));
  Index whole = builder.mul(builder.div(words, unroll), unroll);
  auto run = [&](Index from, Index to, int64_t together) {
    parts = builder.loop(from, to, together, parts, [&](Index word, ValueRange carried) {
      SmallVector<Value> current(carried);
      for (int64_t u = 0; u < together; ++u)
        product.addByteProducts(builder.add(word, u), u, current);
      return current;
    });
  };
  run(0, whole, unroll);
  if (unroll > 1)
    run(whole, words, 1);
  addParts<arith::AddIOp>(builder, parts, count);
  for (auto [sum, part] : llvm::zip(sums, parts))
    sum = builder.create<arith::AddFOp>(sum, builder.create<arith::SIToFPOp>(sum.getType(), part)).getResult();
  return sums;
}

Sums accumulateStored(KernelBuilder &builder, Index trips, const BroadcastRows &rows, const ColumnVectors &columns,
                      Sums sums, int64_t unroll) {
  int64_t steps = stepsPerWord(columns.storage), wordsAtOnce = std::max<int64_t>(1, unroll / steps);
  size_t count = sums.size();
  StoredProduct product(builder, rows, columns);
  Index words = builder.div(trips, steps), whole = builder.mul(builder.div(words, wordsAtOnce), wordsAtOnce);
  if (rows.areBytes && rows.hasByteProduct)
    return accumulateBytes(builder, words, product, std::move(sums), unroll);
  sums.append(count * (unroll - 1), builder.constant(sums.front().getType(), 0.0));
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
  addParts<arith::AddFOp>(builder, sums, count);
  return sums;
}

} // namespace ingot::cpu
