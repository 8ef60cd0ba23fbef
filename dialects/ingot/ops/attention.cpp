//===- attention.cpp - Shape rules and folds: attention -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {
namespace {

/// Whether the mask's dimensions broadcast to `scores`, without making them any larger.
bool fits(const SymbolScope &scope, ArrayRef<AffineExpr> mask, ArrayRef<AffineExpr> scores) {
  if (mask.size() > scores.size())
    return false;
  return llvm::all_of(llvm::zip(mask, scores.take_back(mask.size())), [&](auto pair) {
    auto [dim, score] = pair;
    return constantValue(dim) == 1 || scope.canBeEqual(dim, score);
  });
}

} // namespace

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                            DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                            SmallVectorImpl<Type> &types) {
  auto op = adaptorOf<AttentionOp>(context, operands, attributes, properties, regions);
  SymbolScope scope(context);
  Type queries = operands[0].getType(), keys = operands[1].getType(), values = operands[2].getType();
  Type element = getElementTypeOrSelf(queries);
  SmallVector<AffineExpr> q = scope.dims(queries), k = scope.dims(keys), v = scope.dims(values);
  if (q.size() < 2 || k.size() < 2 || v.size() < 2 || getElementTypeOrSelf(keys) != element ||
      getElementTypeOrSelf(values) != element) // attention.1
    return reject(where, "needs three matrices of one element type: queries ", queries, ", keys ", keys, ", values ",
                  values);
  if (!scope.canBeEqual(q.back(), k.back())) // attention.2
    return reject(where, "queries and keys are not equally wide: queries ", describe(queries), ", keys ",
                  describe(keys));
  if (!scope.canBeEqual(k[k.size() - 2], v[v.size() - 2])) // attention.3
    return reject(where, "there are not as many keys as values: keys ", describe(keys), ", values ", describe(values));
  auto batch = scope.broadcast(ArrayRef(q).drop_back(2), ArrayRef(k).drop_back(2));
  if (succeeded(batch))
    batch = scope.broadcast(*batch, ArrayRef(v).drop_back(2));
  if (failed(batch)) // attention.4
    return reject(where, "leading dimensions do not broadcast: queries ", describe(queries), ", keys ", describe(keys),
                  ", values ", describe(values));
  if (operands.size() > 3) {
    Type mask = operands[3].getType();
    SmallVector<AffineExpr> scores = *batch;
    scores.append({k[k.size() - 2], q[q.size() - 2]});
    bool isTyped = getElementTypeOrSelf(mask).isInteger(1) || getElementTypeOrSelf(mask) == element;
    if (!isTyped || !fits(scope, scope.dims(mask), scores)) // attention.5
      return reject(where, "the mask does not fit the scores, keys by queries: mask ", mask, ", queries ",
                    describe(queries), ", keys ", describe(keys));
  }
  if (op.getCausal() && op.getCausal()->getDims().size() != 1) // attention.6
    return reject(where, "causal must be one number, not ", op.getCausal()->getDims().size());
  batch->push_back(q[q.size() - 2]);
  batch->push_back(v.back());
  types.push_back(scope.tensor(*batch, element));
  return success();
}

/// The mask is added.
SmallVector<OpOperand *> AttentionOp::getFactors() {
  return {&getQueriesMutable(), &getKeysMutable(), &getValuesMutable()};
}

/// Two products and, for each score, a subtraction, a comparison, a power and a sum.
double AttentionOp::countOperations(SizesOf sizes) {
  SmallVector<int64_t> output = sizes(getOutput()), keys = sizes(getKeys());
  double width = double(output.pop_back_val()), scores = countElements(output) * double(keys[keys.size() - 2]);
  return scores * (2 * double(keys.back()) + 2 * width + 4);
}

} // namespace ingot
