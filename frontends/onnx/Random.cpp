//===- Random.cpp - Random numbers as graphs ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Random.h"
#include <array>

using namespace mlir;

namespace ingot::frontend {
namespace {

/// Unsigned 32-bit arithmetic in int64 tensors, whose upper halves are kept zero.
class Philox {
public:
  explicit Philox(Node &node) : node(node), i64(IntegerType::get(node.getContext(), 64)) {}

  Value number(int64_t value) { return node.constant(DenseElementsAttr::get(RankedTensorType::get({}, i64), value)); }
  Value low(Value x) { return node.make<AndOp>(x, number(mask)); }
  Value high(Value x) { return low(node.make<ShiftRightOp>(x, number(32))); }

  /// The first word of the block that belongs to a counter, after ten rounds.
  Value firstWord(std::array<Value, 4> counter, std::array<Value, 2> key) {
    for (int round = 0; round < 10; ++round) {
      Value first = node.make<MulOp>(counter[0], number(0xD2511F53)),
            second = node.make<MulOp>(counter[2], number(0xCD9E8D57));
      counter = {mixed(high(second), counter[1], key[0]), low(second), mixed(high(first), counter[3], key[1]),
                 low(first)};
      key = {low(node.make<AddOp>(key[0], number(0x9E3779B9))), low(node.make<AddOp>(key[1], number(0xBB67AE85)))};
    }
    return counter[0];
  }

private:
  static constexpr int64_t mask = 0xFFFFFFFF;
  Value mixed(Value a, Value b, Value c) { return node.make<XorOp>(node.make<XorOp>(a, b), c); }

  Node &node;
  Type i64;
};

constexpr llvm::StringLiteral mark = "ingot.generator";

/// The generator for one more node, and how many there were before.
std::pair<Value, int64_t> addGenerator(Node &node) {
  int64_t before = 0;
  for (Operation &op : *node.getGraph().getBuilder().getInsertionBlock())
    before += op.hasAttr(mark);
  Value generator = node.constantIntegers({0, 0});
  generator.getDefiningOp()->setAttr(mark, UnitAttr::get(node.getContext()));
  return {generator, before};
}

/// The position of each element in row-major order.
Value positions(Node &node, ArrayRef<AffineExpr> dims) {
  Type i64 = IntegerType::get(node.getContext(), 64);
  AffineExpr count = product(dims, node.getContext());
  return node.reshape(node.iota(count, 0, i64), dims);
}

} // namespace

Value drawUniform(Node &node, ArrayRef<AffineExpr> dims, Type element, std::optional<int64_t> seed) {
  Philox philox(node);
  auto [generator, stream] = addGenerator(node);
  auto part = [&](int64_t index) {
    SymbolScope &scope = node.symbols();
    return node.reshape(node.slice(generator, scope.constant(index), 1, scope.constant(1)), {});
  };
  Value own = seed ? philox.number(*seed) : part(0), runs = part(1), position = positions(node, dims);
  Value word = philox.firstWord({philox.low(position), philox.number(stream), philox.low(runs), philox.high(runs)},
                                {philox.low(own), philox.high(own)});
  // As many bits as a float32 holds exactly.
  Value whole = node.cast(node.make<ShiftRightOp>(word, philox.number(8)), element);
  return node.make<MulOp>(whole, node.scalarLike(0x1p-24, whole));
}

} // namespace ingot::frontend
