//===- recurrent.cpp - Shape rules and folds: recurrent -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {
namespace {

/// What the shape rules of the family have in common: the extents, taken from the first operand, and comparisons with
/// them.
class Layer {
public:
  Layer(MLIRContext *context, std::optional<Location> where) : where(where), scope(context) {}

  /// (recurrent.1) to (recurrent.3)
  LogicalResult readGates(Value gates, int64_t count, Direction direction) {
    SmallVector<AffineExpr> dims = scope.dims(gates);
    if (dims.size() != 5 || constantValue(dims[3]) != count)
      return reject(where, "needs gates of shape [steps, batch, directions, ", count, ", hidden], but has ",
                    describe(gates.getType()));
    steps = dims[0], batch = dims[1], directions = dims[2], hidden = dims[4];
    element = getElementTypeOrSelf(gates);
    int64_t wanted = direction == Direction::Bidirectional ? 2 : 1;
    if (constantValue(directions) != wanted)
      return reject(where, "runs in ", wanted, " directions, but the gates are ", describe(gates.getType()));
    if (!constantValue(hidden))
      return reject(where, "needs a constant number of hidden units, but has ", describe(gates.getType()));
    return success();
  }

  /// (recurrent.4)
  LogicalResult expect(StringRef name, Value operand, ArrayRef<AffineExpr> shape) {
    SmallVector<AffineExpr> dims = scope.dims(operand);
    bool agrees = dims.size() == shape.size() && getElementTypeOrSelf(operand) == element;
    for (size_t axis = 0; agrees && axis < dims.size(); ++axis)
      agrees = scope.canBeEqual(dims[axis], shape[axis]);
    if (agrees)
      return success();
    return reject(where, name, " must be ", describe(tensor(shape)), ", but is ", describe(operand.getType()));
  }

  /// (recurrent.5)
  LogicalResult checkActivations(ArrayAttr names, ArrayRef<double> parameters, size_t count) {
    if (names.size() != count || parameters.size() != 2 * count)
      return reject(where, "needs ", count, " activations with alpha and beta, but has ", names.size(), " with ",
                    parameters.size(), " numbers");
    for (StringRef name : names.getAsValueRange<StringAttr>())
      if (!symbolizeActivation(name))
        return reject(where, "there is no activation '", name, "'");
    return success();
  }

  /// (recurrent.6)
  LogicalResult checkLengths(ValueRange lengths) {
    if (lengths.empty())
      return success();
    SmallVector<AffineExpr> dims = scope.dims(lengths[0]);
    if (lengths.size() > 1 || dims.size() != 1 || !getElementTypeOrSelf(lengths[0]).isInteger())
      return reject(where, "lengths must be one vector of integers, but are ", describe(lengths[0].getType()));
    if (!scope.canBeEqual(dims[0], batch))
      return reject(where, "has ", scope.print(dims[0]), " lengths for a batch of ", scope.print(batch));
    return success();
  }

  Type tensor(ArrayRef<AffineExpr> dims) { return scope.tensor(dims, element); }
  SmallVector<AffineExpr> weights(int64_t gates) { return {directions, hidden, number(gates), hidden}; }
  SmallVector<AffineExpr> state() { return {directions, batch, hidden}; }
  SmallVector<AffineExpr> sequence() { return {steps, batch, directions, hidden}; }
  SmallVector<AffineExpr> activated(int64_t gates) { return {steps, batch, directions, number(gates), hidden}; }
  SmallVector<AffineExpr> perUnit() { return {directions, hidden}; }
  SmallVector<AffineExpr> peepholes() { return {directions, number(3), hidden}; }

private:
  AffineExpr number(int64_t value) { return scope.constant(value); }

  std::optional<Location> where;
  SymbolScope scope;
  Type element;
  AffineExpr steps, batch, directions, hidden;
};

/// How many gates, of which with recurrence weights, and how many activations an operation has.
struct Counts {
  int64_t gates, weightGates;
  size_t activations;
};

/// An operand, and the shape that it must have.
struct Expected {
  StringRef name;
  Value operand;
  SmallVector<AffineExpr> (Layer::*shape)();
};

/// Checks what concerns every operation of the family, and the other operands.
template <typename Adaptor>
LogicalResult checkLayer(Layer &layer, Adaptor op, Value gates, Counts counts, ArrayRef<Expected> others) {
  if (failed(layer.readGates(gates, counts.gates, op.getDirection())) ||
      failed(layer.expect("recurrence", op.getRecurrence(), layer.weights(counts.weightGates))) ||
      failed(layer.checkActivations(op.getActivations(), op.getParameters(), counts.activations)) ||
      failed(layer.checkLengths(op.getLengths())))
    return failure();
  return success(llvm::all_of(others, [&](const Expected &other) {
    return succeeded(layer.expect(other.name, other.operand, (layer.*other.shape)()));
  }));
}

} // namespace

LogicalResult LstmOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                       DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                       SmallVectorImpl<Type> &types) {
  auto op = adaptorOf<LstmOp>(context, operands, attributes, properties, regions);
  Layer layer(context, where);
  if (failed(checkLayer(layer, op, op.getGates(), {4, 4, 3},
                        {{"initial_h", op.getInitialH(), &Layer::state},
                         {"initial_c", op.getInitialC(), &Layer::state},
                         {"peepholes", op.getPeepholes(), &Layer::peepholes}})))
    return failure();
  types.append({layer.tensor(layer.sequence()), layer.tensor(layer.state()), layer.tensor(layer.state()),
                layer.tensor(layer.activated(4)), layer.tensor(layer.sequence())});
  return success();
}

LogicalResult GruOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                      DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                      SmallVectorImpl<Type> &types) {
  auto op = adaptorOf<GruOp>(context, operands, attributes, properties, regions);
  Layer layer(context, where);
  if (failed(checkLayer(layer, op, op.getGates(), {3, 3, 2},
                        {{"initial_h", op.getInitialH(), &Layer::state}, {"bias", op.getBias(), &Layer::perUnit}})))
    return failure();
  types.append({layer.tensor(layer.sequence()), layer.tensor(layer.state()), layer.tensor(layer.activated(4))});
  return success();
}

LogicalResult RnnOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                      DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                      SmallVectorImpl<Type> &types) {
  auto op = adaptorOf<RnnOp>(context, operands, attributes, properties, regions);
  Layer layer(context, where);
  if (failed(checkLayer(layer, op, op.getGates(), {1, 1, 1}, {{"initial_h", op.getInitialH(), &Layer::state}})))
    return failure();
  types.append({layer.tensor(layer.sequence()), layer.tensor(layer.state())});
  return success();
}

LogicalResult LstmGradientOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                               DictionaryAttr attributes, OpaqueProperties properties,
                                               RegionRange regions, SmallVectorImpl<Type> &types) {
  auto op = adaptorOf<LstmGradientOp>(context, operands, attributes, properties, regions);
  Layer layer(context, where);
  if (failed(checkLayer(layer, op, op.getActivated(), {4, 4, 3},
                        {{"cells", op.getCells(), &Layer::sequence},
                         {"initial_c", op.getInitialC(), &Layer::state},
                         {"peepholes", op.getPeepholes(), &Layer::peepholes},
                         {"sequence_gradient", op.getSequenceGradient(), &Layer::sequence},
                         {"last_h_gradient", op.getLastHGradient(), &Layer::state},
                         {"last_c_gradient", op.getLastCGradient(), &Layer::state}})))
    return failure();
  types.append({layer.tensor(layer.activated(4)), layer.tensor(layer.state()), layer.tensor(layer.state())});
  return success();
}

LogicalResult GruGradientOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                              DictionaryAttr attributes, OpaqueProperties properties,
                                              RegionRange regions, SmallVectorImpl<Type> &types) {
  auto op = adaptorOf<GruGradientOp>(context, operands, attributes, properties, regions);
  Layer layer(context, where);
  if (failed(checkLayer(layer, op, op.getActivated(), {4, 3, 2},
                        {{"sequence", op.getSequence(), &Layer::sequence},
                         {"initial_h", op.getInitialH(), &Layer::state},
                         {"sequence_gradient", op.getSequenceGradient(), &Layer::sequence},
                         {"last_h_gradient", op.getLastHGradient(), &Layer::state}})))
    return failure();
  types.append({layer.tensor(layer.activated(3)), layer.tensor(layer.state())});
  return success();
}

LogicalResult RnnGradientOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                              DictionaryAttr attributes, OpaqueProperties properties,
                                              RegionRange regions, SmallVectorImpl<Type> &types) {
  auto op = adaptorOf<RnnGradientOp>(context, operands, attributes, properties, regions);
  Layer layer(context, where);
  if (failed(checkLayer(layer, op, op.getActivated(), {1, 1, 1},
                        {{"sequence_gradient", op.getSequenceGradient(), &Layer::sequence},
                         {"last_h_gradient", op.getLastHGradient(), &Layer::state}})))
    return failure();
  types.append({layer.tensor(layer.activated(1)), layer.tensor(layer.state())});
  return success();
}

/// Each step multiplies a state with the recurrence, and has some arithmetic for each gate: its sum and its function.
/// The extents of `gates` begin with the steps and the sequences.
static double countSteps(Value gates, Value recurrence, SizesOf sizes) {
  SmallVector<int64_t> extents = sizes(gates);
  double runs = double(extents[0]) * double(extents[1]);
  return 2 * runs * countElements(sizes(recurrence)) + 4 * countElements(extents);
}
double LstmOp::countOperations(SizesOf sizes) { return countSteps(getGates(), getRecurrence(), sizes); }
double GruOp::countOperations(SizesOf sizes) { return countSteps(getGates(), getRecurrence(), sizes); }
double RnnOp::countOperations(SizesOf sizes) { return countSteps(getGates(), getRecurrence(), sizes); }
double LstmGradientOp::countOperations(SizesOf sizes) { return countSteps(getActivated(), getRecurrence(), sizes); }
double GruGradientOp::countOperations(SizesOf sizes) { return countSteps(getActivated(), getRecurrence(), sizes); }
double RnnGradientOp::countOperations(SizesOf sizes) { return countSteps(getActivated(), getRecurrence(), sizes); }

/// States and gates are added to, and stay in the layer from step to step; the recurrence is what each is multiplied
/// by.
SmallVector<OpOperand *> LstmOp::getFactors() { return {&getRecurrenceMutable()}; }
SmallVector<OpOperand *> GruOp::getFactors() { return {&getRecurrenceMutable()}; }
SmallVector<OpOperand *> RnnOp::getFactors() { return {&getRecurrenceMutable()}; }
SmallVector<OpOperand *> LstmGradientOp::getFactors() { return {&getRecurrenceMutable()}; }
SmallVector<OpOperand *> GruGradientOp::getFactors() { return {&getRecurrenceMutable()}; }
SmallVector<OpOperand *> RnnGradientOp::getFactors() { return {&getRecurrenceMutable()}; }

} // namespace ingot
