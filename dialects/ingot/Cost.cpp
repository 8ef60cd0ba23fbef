//===- Cost.cpp - What an operation costs to compute ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"

using namespace mlir;

#include "dialects/ingot/IngotInterfaces.cpp.inc"

namespace ingot {

double countElements(ArrayRef<int64_t> sizes) {
  double count = 1;
  for (int64_t size : sizes)
    count *= double(size);
  return count;
}

double countOperations(Operation *op, SizesOf sizes) {
  if (auto cost = dyn_cast<Cost>(op))
    return cost.countOperations(sizes);
  if (auto append = dyn_cast<AppendOp>(op)) // the other rows stay where they are
    return countElements(sizes(append.getRows()));
  if (!op->hasTrait<Root>() && !op->hasTrait<Pointwise>())
    return 0;
  double most = 0;
  for (Value value : op->getResults())
    most = std::max(most, countElements(sizes(value)));
  if (op->hasTrait<Root>())
    for (Value value : op->getOperands())
      most = std::max(most, countElements(sizes(value)));
  return most;
}

} // namespace ingot
