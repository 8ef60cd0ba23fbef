//===- Random.cpp - Random numbers in expressions -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Unsigned 32-bit arithmetic in int64 tensors, whose upper halves are kept zero (Salmon, Moraes, Dror, Shaw: Parallel
// Random Numbers: As Easy as 1, 2, 3, SC 2011).
//
//===----------------------------------------------------------------------===//
#include "passes/recipe/Random.h"
#include <array>
#include <numbers>

using namespace mlir;

namespace ingot {
namespace {

class Philox {
public:
  explicit Philox(TensorBuilder &make) : make(make), i64(IntegerType::get(make.getContext(), 64)) {}

  /// The four words that belong to each position, from `generator`'s seed and number of runs.
  std::array<Value, 4> block(Value generator, ArrayRef<AffineExpr> dims) {
    Value seed = part(generator, 0), runs = part(generator, 1);
    Value position = make.reshape(make.iota(product(dims, make.getContext()), 0, i64), dims);
    std::array<Value, 4> counter = {low(position), number(0), low(runs), high(runs)};
    std::array<Value, 2> key = {low(seed), high(seed)};
    for (int round = 0; round < 10; ++round) {
      Value first = make.mul(counter[0], number(0xD2511F53)), second = make.mul(counter[2], number(0xCD9E8D57));
      counter = {mixed(high(second), counter[1], key[0]), low(second), mixed(high(first), counter[3], key[1]),
                 low(first)};
      key = {low(make.add(key[0], number(0x9E3779B9))), low(make.add(key[1], number(0xBB67AE85)))};
    }
    return counter;
  }

  /// A word's upper 24 bits, as many as a float32 holds exactly, as a number from 0 to 2^24 - 1.
  Value bits(Value word, Type element) { return make.cast(make.make<ShiftRightOp>(word, number(8)), element); }

private:
  static constexpr int64_t mask = 0xFFFFFFFF;

  Value part(Value generator, int64_t index) {
    SymbolScope &scope = make.scope();
    return make.reshape(make.slice(generator, scope.constant(index), 1, scope.constant(1)), {});
  }
  Value number(int64_t value) { return make.scalar(double(value), i64); }
  Value low(Value x) { return make.make<AndOp>(x, number(mask)); }
  Value high(Value x) { return low(make.make<ShiftRightOp>(x, number(32))); }
  Value mixed(Value a, Value b, Value c) { return make.make<XorOp>(make.make<XorOp>(a, b), c); }

  TensorBuilder &make;
  Type i64;
};

} // namespace

Value drawUniform(TensorBuilder &make, Value generator, ArrayRef<AffineExpr> dims, Type element) {
  Philox philox(make);
  return make.mul(philox.bits(philox.block(generator, dims)[0], element), 0x1p-24);
}

/// sqrt(-2 log u) cos(2 pi v) with u in (0, 1]
Value drawNormal(TensorBuilder &make, Value generator, ArrayRef<AffineExpr> dims, Type element) {
  Philox philox(make);
  std::array<Value, 4> words = philox.block(generator, dims);
  Value u = make.mul(make.add(philox.bits(words[0], element), 1), 0x1p-24);
  Value angle = make.mul(philox.bits(words[1], element), 2 * std::numbers::pi * 0x1p-24);
  return make.mul(make.sqrt(make.mul(make.log(u), -2)), make.make<CosOp>(angle));
}

} // namespace ingot
