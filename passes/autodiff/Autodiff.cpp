//===- Autodiff.cpp - The reverse walk ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Marks the operations through which `wrt` influences the outputs, walks them backwards, and at each asks the table for
// what its operands receive. Only the engine adds contributions and gives them their operand's shape.
//
//===----------------------------------------------------------------------===//
#include "passes/autodiff/Autodiff.h"
#include "passes/autodiff/Detached.h"
#include "passes/autodiff/GradientRules.h"
#include "passes/autodiff/Producers.h"

using namespace mlir;

namespace ingot {
namespace {

class Engine {
public:
  explicit Engine(OpBuilder &builder) : builder(builder) {}

  FailureOr<SmallVector<Value>> run(ArrayRef<Value> outputs, ArrayRef<Value> cotangents, ArrayRef<Value> wrt) {
    active.insert(wrt.begin(), wrt.end());
    markActive(outputs);
    for (auto [output, cotangent] : llvm::zip(outputs, cotangents))
      if (active.contains(output) && failed(accumulate(output, cotangent, output.getLoc())))
        return failure();
    for (Operation *op : llvm::reverse(path))
      if (failed(visit(op)))
        return failure();
    SmallVector<Value> result;
    for (Value value : wrt) {
      Value gradient = arrived.lookup(value);
      result.push_back(gradient ? gradient : TensorBuilder(builder, wrap(value.getLoc())).filled(0, value));
    }
    return result;
  }

private:
  static bool isReal(Value value) { return isa<FloatType>(getElementTypeOrSelf(value)); }

  static Location wrap(Location location) {
    return NameLoc::get(StringAttr::get(location.getContext(), "gradient"), location);
  }

  /// Finds the operations that lie on a way from `wrt` to the outputs: those the outputs need, in program order, of
  /// which one operand is active.
  void markActive(ArrayRef<Value> outputs) {
    SmallVector<Operation *> ordered = producersOf(outputs).takeVector();
    llvm::sort(ordered, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    for (Operation *op : ordered) {
      if (llvm::none_of(op->getOperands(),
                        [&](Value operand) { return active.contains(operand) && isReal(operand); }) ||
          rules.kind(op) == GradientRules::Kind::Constant || op->hasAttr(detachedMark))
        continue;
      path.push_back(op);
      for (Value result : op->getResults())
        if (isReal(result))
          active.insert(result);
    }
  }

  LogicalResult visit(Operation *op) {
    SmallVector<Value> arriving;
    for (Value result : op->getResults())
      arriving.push_back(arrived.lookup(result));
    if (llvm::none_of(arriving, [](Value value) { return bool(value); }))
      return success();
    if (rules.kind(op) == GradientRules::Kind::None)
      return op->emitError() << "'" << op->getName().stripDialect()
                             << "' has no gradient, but the loss depends on a parameter through it";
    SmallVector<bool> wanted;
    for (Value operand : op->getOperands())
      wanted.push_back(active.contains(operand) && isReal(operand));
    OpBuilder::InsertionGuard guard(builder);
    Gradient gradient(builder, op, arriving, wanted);
    rules.lookup(op)(op, gradient);
    if (gradient.hasFailed())
      return failure();
    for (auto [operand, contribution, isWanted] : llvm::zip(op->getOperands(), gradient.contributions(), wanted))
      if (isWanted && contribution && failed(accumulate(operand, contribution, op->getLoc())))
        return failure();
    for (auto [value, contribution] : gradient.otherContributions())
      if (active.contains(value) && failed(accumulate(value, contribution, op->getLoc())))
        return failure();
    return success();
  }

  LogicalResult accumulate(Value target, Value contribution, Location location) {
    TensorBuilder make(builder, wrap(location));
    Value fitted = fit(make, contribution, target);
    if (!fitted)
      return emitError(location) << "the gradient has shape " << describe(contribution.getType()) << " where "
                                 << describe(target.getType()) << " is expected (a bug in Ingot)";
    Value &sum = arrived[target];
    sum = sum ? make.add(sum, fitted) : fitted;
    return success();
  }

  /// The contribution in the shape of `target`: summed over the axes along which `target` was broadcast, repeated along
  /// those that the rule left at size 1.
  static Value fit(TensorBuilder &make, Value contribution, Value target) {
    SmallVector<AffineExpr> from = make.dims(contribution), to = make.dims(target);
    SmallVector<int64_t> summed;
    size_t lead = from.size() > to.size() ? from.size() - to.size() : 0;
    for (size_t axis = 0; axis < from.size(); ++axis) {
      bool isAdded = axis < lead;
      size_t position = isAdded ? 0 : axis + to.size() - from.size();
      if (isAdded ? constantValue(from[axis]) != 1 : constantValue(to[position]) == 1 && constantValue(from[axis]) != 1)
        summed.push_back(axis);
    }
    Value result = make.sum(contribution, summed);
    if (lead)
      result = make.reshape(result, ArrayRef(make.dims(result)).drop_front(lead));
    if (result.getType() == target.getType() || failed(make.scope().broadcast(make.dims(result), to)))
      return result.getType() == target.getType() ? result : Value();
    bool isRepeated = llvm::any_of(llvm::zip(llvm::reverse(make.dims(result)), llvm::reverse(to)), [](auto pair) {
      return constantValue(std::get<0>(pair)) == 1 && constantValue(std::get<1>(pair)) != 1;
    });
    isRepeated |= make.dims(result).size() < to.size();
    return isRepeated ? make.broadcastTo(result, target)
                      : make.reshapeLike(result, target); // only another name for a dimension
  }

  OpBuilder &builder;
  const GradientRules &rules = GradientRules::all();
  llvm::DenseSet<Value> active;
  SmallVector<Operation *> path;
  llvm::DenseMap<Value, Value> arrived;
};

} // namespace

FailureOr<SmallVector<Value>> differentiate(OpBuilder &builder, ArrayRef<Value> outputs, ArrayRef<Value> cotangents,
                                            ArrayRef<Value> wrt) {
  return Engine(builder).run(outputs, cotangents, wrt);
}

FailureOr<SmallVector<Value>> differentiate(OpBuilder &builder, Value loss, ArrayRef<Value> wrt) {
  Location location = NameLoc::get(builder.getStringAttr("gradient"), loss.getLoc());
  Value one = TensorBuilder(builder, location).filled(1, loss);
  return differentiate(builder, ArrayRef(loss), ArrayRef(one), wrt);
}

FailureOr<SmallVector<Value>> jacobianVectorProduct(OpBuilder &builder, ArrayRef<Value> outputs, ArrayRef<Value> inputs,
                                                    ArrayRef<Value> tangents) {
  // What the gradients do with what arrives is linear: any number will do, and simplification removes it.
  SmallVector<Value> arriving;
  for (Value output : outputs) {
    TensorBuilder make(builder, NameLoc::get(builder.getStringAttr("tangent"), output.getLoc()));
    Value zeros = make.filled(0, output);
    arriving.push_back(builder.create<ReshapeOp>(output.getLoc(), zeros.getType(), zeros)); // not one for all outputs
  }
  FailureOr<SmallVector<Value>> gradients = differentiate(builder, outputs, arriving, inputs);
  if (failed(gradients))
    return failure();
  return differentiate(builder, *gradients, tangents, arriving);
}

FailureOr<SmallVector<Value>> hessianVectorProduct(OpBuilder &builder, ArrayRef<Value> gradients,
                                                   ArrayRef<Value> inputs, ArrayRef<Value> directions) {
  return differentiate(builder, gradients, directions, inputs); // the Hessian is symmetric
}

//===----------------------------------------------------------------------===//
// What rules see
//===----------------------------------------------------------------------===//

Gradient::Gradient(OpBuilder &builder, Operation *op, ArrayRef<Value> arriving, ArrayRef<bool> wanted)
    : TensorBuilder(builder, NameLoc::get(builder.getStringAttr("gradient"), op->getLoc())), op(op), arriving(arriving),
      wanted(wanted), departing(op->getNumOperands()) {}

Value Gradient::ofOutput(unsigned number) {
  return arriving[number] ? arriving[number] : filled(0, op->getResult(number));
}

void Gradient::toInput(unsigned number, Value contribution) {
  if (!contribution && wanted[number])
    failed = true; // reported where it was made
  departing[number] = contribution;
}

void Gradient::toValue(Value value, Value contribution) {
  if (contribution)
    others.emplace_back(value, contribution);
}

SmallVector<Value> Gradient::leaves(ValueRange values) {
  return llvm::map_to_vector(values, [&](Value value) -> Value {
    return builder.create<ReshapeOp>(location, value.getType(), value); // to the same shape
  });
}

SmallVector<Value> Gradient::pullBack(ArrayRef<Value> outputs, ArrayRef<Value> cotangents, ArrayRef<Value> wrt) {
  FailureOr<SmallVector<Value>> gradients = differentiate(builder, outputs, cotangents, wrt);
  failed |= mlir::failed(gradients);
  return failed ? SmallVector<Value>() : *gradients;
}

void Gradient::notSupported(const Twine &what) {
  op->emitError() << "the gradient of " << what << " is not supported yet";
  failed = true;
}

GradientRules::Kind GradientRules::kind(Operation *op) const {
  auto found = rules.find(op->getName().getStringRef());
  return found == rules.end() ? Kind::None : found->second ? Kind::Rule : Kind::Constant;
}

const GradientRules &GradientRules::all() {
  static const GradientRules rules = [] {
    GradientRules table;
    for (auto family :
         {attentionGradients, constantGradients, convGradients, elementwiseGradients, indexGradients, layoutGradients,
          matmulGradients, normalizeGradients, poolGradients, recurrentGradients, reduceGradients, softmaxGradients})
      family(table);
    return table;
  }();
  return rules;
}

} // namespace ingot
