//===- ExposeTensors.cpp - Inner values as outputs ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   @main(%x) -> (%y)   =>   @main(%x) -> (%y, %h)
//
// for the inner values that explanations look at: the last convolution's result, and the weights of attentions. It
// comes before simplification, while values still are what the model's nodes compute.
//
//===----------------------------------------------------------------------===//
#include "llvm/ADT/SetVector.h"
#include "passes/autodiff/Autodiff.h"
#include "passes/autodiff/AttentionWeights.h"
#include "passes/autodiff/MainFunction.h"
#include "passes/autodiff/Producers.h"

using namespace mlir;

namespace ingot {
namespace {

/// Whether the value has more than one place: [N, spatial..., C] with a spatial extent other than 1.
bool hasPlaces(Value value) {
  SymbolScope scope(value.getContext());
  SmallVector<AffineExpr> dims = scope.dims(value);
  return dims.size() > 2 &&
         llvm::any_of(ArrayRef(dims).drop_front().drop_back(), [](AffineExpr dim) { return constantValue(dim) != 1; });
}

/// What the node returns of which `op` is a part: importers add a bias and put the channels first.
Value resultOfNode(Operation *op) {
  Value value = op->getResult(0);
  while (value.hasOneUse()) {
    Operation *user = *value.user_begin();
    if (user->getLoc() != op->getLoc() || user->getNumResults() != 1)
      break;
    value = user->getResult(0);
  }
  return value;
}

/// The last value through which everything goes that becomes of `value` element by element: batch normalisation,
/// residual connection, activation.
Value featuresOf(Value value) {
  SymbolScope scope(value.getContext());
  SmallVector<AffineExpr> dims = scope.dims(value);
  llvm::SmallDenseSet<Operation *> members;
  SmallVector<Value> values{value};
  Value last = value;
  auto isDone = [&](Value inner) {
    return llvm::all_of(inner.getUsers(), [&](Operation *user) { return members.contains(user); });
  };
  for (Operation *op = value.getDefiningOp()->getNextNode(); op; op = op->getNextNode()) {
    bool joins = op->hasTrait<Pointwise>() &&
                 llvm::any_of(op->getOperands(), [&](Value operand) { return llvm::is_contained(values, operand); });
    if (!joins || scope.dims(op->getResult(0)) != dims)
      continue;
    members.insert(op);
    if (llvm::all_of(values, isDone) && op->getResult(0).getType() == value.getType())
      last = op->getResult(0);
    values.push_back(op->getResult(0));
  }
  return last;
}

bool isElementwise(Operation *op) {
  return isa<AddOp, SubOp, MulOp, DivOp, SelectOp, CastOp, BroadcastOp, ReshapeOp, TanhOp, MaxOp, MinOp>(op);
}

/// Whether a product is behind the value, with nothing but scales, masks and the like between.
bool isMadeOfProduct(Value value) {
  llvm::SetVector<Operation *> seen;
  auto add = [&](Value from) {
    if (Operation *producer = from.getDefiningOp())
      seen.insert(producer);
  };
  add(value);
  for (size_t i = 0; i < seen.size(); ++i) {
    if (isa<MatmulOp>(seen[i]))
      return true;
    if (isElementwise(seen[i]))
      for (Value operand : seen[i]->getOperands())
        add(operand);
  }
  return false;
}

/// Whether the value is a left factor, with nothing but a guard against NaN, a cast or a view between.
bool isWeight(Value value) {
  return llvm::any_of(value.getUses(), [](OpOperand &use) {
    Operation *user = use.getOwner();
    if (isa<MatmulOp>(user))
      return use.getOperandNumber() == 0;
    return isElementwise(user) && isWeight(user->getResult(0));
  });
}

bool isAttention(SoftmaxOp softmax) {
  int64_t rank = cast<RankedTensorType>(softmax.getType()).getRank();
  return !softmax.getLogarithm() && rank >= 2 && int64_t(softmax.getAxis()) == rank - 1 &&
         isMadeOfProduct(softmax.getInput()) && isWeight(softmax.getOutput());
}

/// attention q, k, v   =>   w v with the weights w, which are returned.
Value takeApart(AttentionOp op) {
  OpBuilder builder(op);
  TensorBuilder make(builder, op.getLoc());
  Value weights = attentionWeights(op, make);
  Value output = make.make<MatmulOp>(weights, op.getValues());
  if (!output)
    return {};
  op.getOutput().replaceAllUsesWith(output);
  op.erase();
  return weights;
}

} // namespace

FailureOr<std::string> exposeLastConvolution(ModuleOp module, function_ref<std::string(Location)> nameOf) {
  MainFunction main(module);
  if (!main.isValid() || main.outputs.empty())
    return module.emitError("there is no function @main with outputs");
  Operation *last = nullptr;
  for (Operation *op : producersOf(main.outputs.front().value))
    if (isa<ConvOp, ConvTransposeOp>(op) && hasPlaces(op->getResult(0)) && (!last || last->isBeforeInBlock(op)))
      last = op;
  if (!last)
    return emitError(main.getLoc()) << "the first output \"" << main.outputs.front().name
                                    << "\" depends on no convolution; name a tensor to differentiate by";
  Value features = featuresOf(resultOfNode(last));
  std::string name = nameOf(features.getLoc());
  while (main.findOutput(name) || main.findInput(name))
    name += ".output";
  main.outputs.push_back({name, "", features});
  main.finish();
  return name;
}

LogicalResult exposeAttention(ModuleOp module) {
  MainFunction main(module);
  if (!main.isValid())
    return module.emitError("there is no function @main");
  SmallVector<Operation *> found;
  for (Operation &op : main.body())
    if (auto softmax = dyn_cast<SoftmaxOp>(op); isa<AttentionOp>(op) || (softmax && isAttention(softmax)))
      found.push_back(&op);
  if (found.empty())
    return emitError(main.getLoc()) << "there is no attention whose weights could be an output";
  SmallVector<Value> weights;
  for (Operation *op : found) {
    auto attention = dyn_cast<AttentionOp>(op);
    weights.push_back(attention ? takeApart(attention) : op->getResult(0));
    if (!weights.back())
      return failure();
  }
  MainFunction changed(module); // outputs may have been results of attentions
  for (auto [number, value] : llvm::enumerate(weights)) {
    std::string name = "attention." + std::to_string(number);
    if (changed.findOutput(name) || changed.findInput(name))
      return emitError(main.getLoc()) << "the model has a tensor \"" << name << "\" of its own";
    changed.outputs.push_back({name, "", value});
  }
  changed.finish();
  return success();
}

} // namespace ingot
