//===- ForwardPass.cpp - What of a training step comes first --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/memory/ForwardPass.h"
#include "passes/fusion/Groups.h"

using namespace mlir;

namespace ingot {

Value baseOf(Value value) {
  while (isFreeView(value.getDefiningOp()) && value.getDefiningOp()->getNumOperands() == 1)
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

ForwardPass::ForwardPass(func::FuncOp main) : main(main) {
  llvm::SetVector<Operation *> needed;
  Operation *terminator = main.getBody().front().getTerminator();
  auto need = [&](Value value) {
    if (Operation *producer = value.getDefiningOp())
      needed.insert(producer);
  };
  for (OpOperand &result : terminator->getOpOperands()) {
    auto role = main.getResultAttrOfType<StringAttr>(result.getOperandNumber(), "ingot.role");
    if (role && (role.getValue() == "loss" || role.getValue() == "output"))
      need(result.get());
  }
  for (size_t i = 0; i < needed.size(); ++i)
    for (Value operand : needed[i]->getOperands())
      need(operand);
  for (Operation &op : main.getBody().front())
    if (needed.contains(&op) && !isa<ConstantOp>(op)) {
      places[&op] = ops.size();
      ops.push_back(&op);
    }
  findReaders();
}

void ForwardPass::findReaders() {
  for (Operation &op : main.getBody().front())
    for (Value operand : op.getOperands()) {
      Value base = baseOf(operand);
      if (!contains(base.getDefiningOp()))
        continue;
      if (contains(&op))
        lastReader[base] = std::max(lastReader.lookup(base), places.lookup(&op));
      else if (!isFreeView(&op))
        kept.insert(base);
    }
  // A view that backward makes itself of a result reads it, too.
  for (Operation &op : main.getBody().front())
    if (!contains(&op) && isFreeView(&op) && op.getNumOperands() == 1)
      if (Value base = baseOf(op.getOperand(0)); contains(base.getDefiningOp()))
        kept.insert(base);
}

} // namespace ingot
