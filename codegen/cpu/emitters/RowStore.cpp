//===- RowStore.cpp - A row's elements between two passes -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/RowStore.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// Longer rows would leave the second-level cache.
constexpr int64_t mostScratch = 512 * 1024;

/// Whether `value` is computed from an argument of type `type` otherwise than through `root`.
bool readsBeside(Value value, Operation *root, Type type) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return value.getType() == type;
  return op != root && llvm::any_of(op->getOperands(), [&](Value operand) { return readsBeside(operand, root, type); });
}

} // namespace

RowStore::RowStore(Emission &emission, RowSpace &space, Type element)
    : emission(emission), space(space), element(element), where(choose()) {}

int64_t RowStore::scratchBytes() const {
  return where == Where::Scratch ? *space.cells() * panelLanes * element.getIntOrFloatBitWidth() / 8 : 0;
}

RowStore::Where RowStore::choose() {
  if (space.isUnrolled())
    return Where::Registers;
  if (auto cells = space.cells(); cells && *cells * panelLanes * element.getIntOrFloatBitWidth() / 8 <= mostScratch)
    return Where::Scratch;
  std::optional<unsigned> number = resultToUse();
  result = number.value_or(0);
  return number ? Where::Result : Where::Nowhere;
}

// The result's place may be that of an operand that is not needed afterwards. An operand that the epilogue reads and
// that is as large must therefore not be overwritten early.
std::optional<unsigned> RowStore::resultToUse() {
  Evaluator &evaluator = emission.evaluator;
  Type wanted = emission.root->getResult(0).getType();
  if (getElementTypeOrSelf(wanted) != element)
    return std::nullopt;
  for (unsigned number = 0; number < emission.kernel.getNumResults(); ++number)
    if (readsBeside(evaluator.result(number), emission.root, wanted))
      return std::nullopt;
  Point point;
  for (AffineExpr dim : evaluator.dims(emission.root->getResult(0)))
    point.push_back(evaluator.unknown(dim));
  for (unsigned number = 0; number < emission.kernel.getNumResults(); ++number)
    if (evaluator.result(number).getType() == wanted &&
        evaluator.resultPoint(emission.root->getResult(0), point, number) == point)
      return number;
  return std::nullopt;
}

Index RowStore::offset(const Cell &cell) { return emission.builder.mul(cell.number, panelLanes); }

void RowStore::keep(const Cell &cell, Value value) {
  switch (where) {
  case Where::Registers:
    registers[*cell.number.constant()] = value;
    return;
  case Where::Scratch:
    return emission.builder.storeVector(value, emission.scratch, offset(cell));
  case Where::Result:
    return emission.evaluator.store(value, result, cell.point, &cell.lanes);
  case Where::Nowhere:
    return;
  }
}

Value RowStore::get(const Cell &cell) {
  if (where == Where::Registers)
    return registers[*cell.number.constant()];
  if (where == Where::Scratch)
    return emission.builder.loadVector(emission.scratch, element, offset(cell), panelLanes);
  unsigned number = emission.kernel.getNumArguments() + result;
  return emission.evaluator.load(emission.evaluator.buffer(number), cell.point, &cell.lanes);
}

} // namespace ingot::cpu
