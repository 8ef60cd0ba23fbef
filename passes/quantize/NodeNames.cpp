//===- NodeNames.cpp - Nodes that a regular expression names --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/quantize/NodeNames.h"

using namespace mlir;

namespace ingot {

LogicalResult NodeNames::check(Operation *op) const {
  std::string problem;
  if (expression.empty() || pattern.isValid(problem))
    return success();
  return op->emitError() << "\"" << expression << "\" is not a regular expression: " << problem;
}

bool NodeNames::match(Location location) const {
  bool isFound = false;
  if (!expression.empty())
    location->walk([&](Location part) {
      if (auto name = dyn_cast<NameLoc>(part))
        isFound |= pattern.match(name.getName());
      return WalkResult::advance();
    });
  return isFound;
}

} // namespace ingot
