//===- recurrent.cpp - LSTM, GRU, RNN -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The inputs of all steps are multiplied by the input weights at once, an ordinary matrix product; the layer itself
// starts from its result:
//
//   gates [T, B, D, G, H] = X [T, B, I] W' [I, D G H] + Wb + Rb;   Y, Y_h = ingot.gru(gates, R, h0)
//
// Directions with different activation functions become layers of one direction each.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

/// A function's name in ONNX (whose case does not count) and the numbers that it takes, with their default values.
struct FunctionRow {
  const char *name;
  Activation kind;
  std::optional<double> alpha, beta;
};

// Exporters rely on ONNX Runtime's default values where ONNX itself gives none.
constexpr FunctionRow functionRows[] = {
    {"affine", Activation::Affine, 1.0, 0.0},
    {"elu", Activation::Elu, 1.0, {}},
    {"hardsigmoid", Activation::HardSigmoid, 0.2, 0.5},
    {"leakyrelu", Activation::LeakyRelu, 0.01, {}},
    {"relu", Activation::Relu, {}, {}},
    {"scaledtanh", Activation::ScaledTanh, 1.0, 1.0},
    {"sigmoid", Activation::Sigmoid, {}, {}},
    {"softplus", Activation::Softplus, {}, {}},
    {"softsign", Activation::Softsign, {}, {}},
    {"tanh", Activation::Tanh, {}, {}},
    {"thresholdedrelu", Activation::ThresholdedRelu, 1.0, {}},
};

/// The functions of one direction as the operations' attributes.
struct Functions {
  SmallVector<std::string> names;
  SmallVector<double> parameters;
  bool operator==(const Functions &other) const { return names == other.names && parameters == other.parameters; }
};

/// A whole node: what LSTM, GRU and RNN have in common.
class LayerImporter {
public:
  LayerImporter(Node &node, int64_t gates, ArrayRef<const char *> functions)
      : node(node), gateCount(gates), defaults(functions) {}
  virtual ~LayerImporter() = default;

  LogicalResult import();

protected:
  /// The layer in one direction or both; its results as [T, B, D, H] and [D, B, H], by the node's output. Empty after
  /// an error.
  struct Directions {
    Direction kind;
    int64_t first, count;
    Functions functions;
  };
  virtual SmallVector<Value> build(const Directions &directions) = 0;

  /// The elements that belong to the directions, of a tensor with directions along `axis`.
  Value along(Value tensor, int64_t axis, const Directions &directions);
  /// An initial state [D, B, H]: input `i`, or zeros. A sequence of length 0 has none, as in ONNX Runtime.
  Value initialState(size_t i, const Directions &directions);
  /// An error unless input `i`, if given, has this shape.
  LogicalResult checkShape(size_t i, StringRef name, ArrayRef<AffineExpr> wanted);
  Value zeros(ArrayRef<AffineExpr> dims);
  ArrayAttr namesOf(const Directions &directions);
  AffineExpr number(int64_t value) { return node.symbols().constant(value); }
  SmallVector<Value> lengths() { return lengthInput ? SmallVector<Value>{lengthInput} : SmallVector<Value>(); }
  APFloat clip() { return APFloat(node.attribute("clip", 0.0)); }
  /// Biases of the recurrence that stay out of the gates: GRU's for hidden gates [D, H].
  virtual bool keepsLastBias() { return false; }

  Node &node;
  int64_t gateCount;
  ArrayRef<const char *> defaults;
  int64_t directions = 1, hidden = 0;
  Value gates, weights /* [D, H, G, H] */, keptBias /* [D, H] */, lengthInput;
  SmallVector<AffineExpr> inputDims; // T, B, I
  Type element;                      // of the computation

private:
  LogicalResult readShapes();
  FailureOr<SmallVector<Functions>> readFunctions();
  LogicalResult readLengths();
  LogicalResult buildGates();
  Value bias();
  LogicalResult store(ArrayRef<Value> results);

  bool isBatchFirst = false;
};

//===----------------------------------------------------------------------===//
// Attributes and shapes
//===----------------------------------------------------------------------===//

LogicalResult LayerImporter::readShapes() {
  std::string direction = node.attribute<std::string>("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    return node.error() << "direction must be forward, reverse or bidirectional, but is \"" << direction << "\"";
  directions = direction == "bidirectional" ? 2 : 1;
  int64_t layout = node.attribute<int64_t>("layout", 0);
  if (layout != 0 && layout != 1)
    return node.error() << "layout must be 0 or 1, but is " << layout;
  isBatchFirst = layout == 1;
  for (size_t i : {0, 1, 2})
    if (!node.hasInput(i) || !node.inputType(i))
      return failure();
    else if (node.rank(i) != 3)
      return node.error() << "inputs X, W and R must have three dimensions, but input " << i << " is "
                          << describe(node.inputType(i));
  element = node.elementType();
  if (!isa<FloatType>(element))
    return node.error() << "X must be of a floating-point type, but is " << describe(node.inputType(0));
  inputDims = node.dims(0);
  if (isBatchFirst)
    std::swap(inputDims[0], inputDims[1]);
  std::optional<int64_t> size = constantValue(node.dims(2)[2]);
  if (!size || *size < 1)
    return node.unsupported("a recurrence R of shape " + describe(node.inputType(2)));
  hidden = *size;
  if (int64_t given = node.attribute<int64_t>("hidden_size", hidden); given != hidden)
    return node.error() << "hidden_size is " << given << ", but R is " << describe(node.inputType(2));
  if (node.attribute("clip", 0.0) < 0)
    return node.error() << "clip must not be negative, but is " << node.attribute("clip", 0.0);
  AffineExpr rows = number(gateCount * hidden), both = number(directions);
  return success(succeeded(checkShape(1, "W", {both, rows, inputDims[2]})) &&
                 succeeded(checkShape(2, "R", {both, rows, number(hidden)})) &&
                 succeeded(checkShape(3, "B", {both, number(2 * gateCount * hidden)})));
}

LogicalResult LayerImporter::checkShape(size_t i, StringRef name, ArrayRef<AffineExpr> wanted) {
  if (!node.hasInput(i))
    return success();
  RankedTensorType type = node.inputType(i);
  if (!type)
    return failure();
  SmallVector<AffineExpr> dims = node.dims(i);
  bool agrees = dims.size() == wanted.size();
  for (size_t axis = 0; agrees && axis < dims.size(); ++axis)
    agrees = node.symbols().canBeEqual(dims[axis], wanted[axis]);
  if (agrees)
    return success();
  return node.error() << name << " must be " << describe(node.symbols().tensor(wanted, type.getElementType()))
                      << ", but is " << describe(type);
}

FailureOr<SmallVector<Functions>> LayerImporter::readFunctions() {
  SmallVector<std::string> names;
  if (auto attribute = node.findAttribute("activations"))
    names.append(attribute->strings().begin(), attribute->strings().end());
  if (names.empty())
    for (int64_t direction = 0; direction < directions; ++direction)
      names.append(defaults.begin(), defaults.end());
  if (names.size() != defaults.size() * directions)
    return node.error() << "needs " << defaults.size() * directions << " activations, but has " << names.size();
  SmallVector<double> alphas = node.attribute<SmallVector<double>>("activation_alpha");
  SmallVector<double> betas = node.attribute<SmallVector<double>>("activation_beta");
  // Only functions that take a number use one up.
  size_t alpha = 0, beta = 0;
  auto next = [](std::optional<double> fallback, ArrayRef<double> given, size_t &used) {
    if (!fallback)
      return 0.0;
    return used < given.size() ? given[used++] : *fallback;
  };
  SmallVector<Functions> result(directions);
  for (auto [index, name] : llvm::enumerate(names)) {
    auto row = llvm::find_if(functionRows, [&](const FunctionRow &row) { return StringRef(name).lower() == row.name; });
    if (row == std::end(functionRows))
      return node.error() << "there is no activation \"" << name << "\"";
    Functions &functions = result[index / defaults.size()];
    functions.names.push_back(stringifyActivation(row->kind).str());
    functions.parameters.push_back(next(row->alpha, alphas, alpha));
    functions.parameters.push_back(next(row->beta, betas, beta));
  }
  return result;
}

LogicalResult LayerImporter::readLengths() {
  if (!node.hasInput(4))
    return success();
  if (failed(checkShape(4, "sequence_lens", {inputDims[1]})))
    return failure();
  lengthInput = node.input(4);
  if (lengthInput && !getElementTypeOrSelf(lengthInput).isInteger())
    return node.error() << "sequence_lens must be integers, but is " << describe(lengthInput.getType());
  return success(bool(lengthInput));
}

//===----------------------------------------------------------------------===//
// The graph
//===----------------------------------------------------------------------===//

/// Wb + Rb as [D, G, H], without what stays with the recurrence.
Value LayerImporter::bias() {
  AffineExpr zero = number(0), both = number(directions), count = number(gateCount), units = number(hidden);
  int64_t one = 1;
  Value split = node.reshape(node.input(3), {both, number(2), count, units});
  auto part = [&](int64_t which, AffineExpr first, AffineExpr gates) {
    Value piece =
        node.slice(split, {zero, number(which), first, zero}, {one, one, one, one}, {both, number(1), gates, units});
    return node.squeeze(piece, {1});
  };
  Value input = part(0, zero, count);
  if (!keepsLastBias())
    return node.make<AddOp>(input, part(1, zero, count));
  AffineExpr most = number(gateCount - 1);
  keptBias = node.squeeze(part(1, most, number(1)), {1});
  SmallVector<Value> parts{part(1, zero, most), zeros({both, number(1), units})};
  return node.make<AddOp>(input, node.make<ConcatOp>(ValueRange(parts), int64_t(1)));
}

LogicalResult LayerImporter::buildGates() {
  AffineExpr all = number(directions * gateCount * hidden), both = number(directions), count = number(gateCount),
             units = number(hidden);
  Value matrix = node.transpose(node.reshape(node.input(1), {all, node.dims(1)[2]}), {1, 0});
  Value product = node.make<MatmulOp>(node.input(0), matrix);
  if (node.hasInput(3))
    product = node.make<AddOp>(product, node.reshape(bias(), all));
  else
    keptBias = zeros({both, units});
  if (!product)
    return failure();
  SmallVector<AffineExpr> dims = node.dims(0);
  gates = node.reshape(product, {dims[0], dims[1], both, count, units});
  if (isBatchFirst)
    gates = node.transpose(gates, {1, 0, 2, 3, 4});
  weights = node.transpose(node.reshape(node.input(2), {both, count, units, units}), {0, 3, 1, 2});
  return success(gates && weights);
}

Value LayerImporter::zeros(ArrayRef<AffineExpr> dims) { return node.broadcast(node.scalar(0, element), dims); }

Value LayerImporter::along(Value tensor, int64_t axis, const Directions &chosen) {
  if (!tensor || chosen.count == directions)
    return tensor;
  SmallVector<AffineExpr> extents = node.dimsOf(tensor), starts(extents.size(), number(0));
  starts[axis] = number(chosen.first);
  extents[axis] = number(chosen.count);
  return node.slice(tensor, starts, SmallVector<int64_t>(extents.size(), 1), extents);
}

Value LayerImporter::initialState(size_t i, const Directions &chosen) {
  AffineExpr both = number(directions), units = number(hidden), batch = inputDims[1];
  if (!node.hasInput(i))
    return zeros({number(chosen.count), batch, units});
  SmallVector<AffineExpr> dims{both, batch, units};
  if (isBatchFirst)
    std::swap(dims[0], dims[1]);
  if (failed(checkShape(i, i == 5 ? "initial_h" : "initial_c", dims)))
    return {};
  Value state = node.input(i);
  state = along(isBatchFirst ? node.transpose(state, {1, 0, 2}) : state, 0, chosen);
  if (!lengthInput)
    return state;
  Value lengths = node.reshape(lengthInput, {number(1), batch, number(1)});
  return node.make<SelectOp>(node.make<LessOp>(node.scalarLike(0, lengths), lengths), state, node.scalar(0, element));
}

ArrayAttr LayerImporter::namesOf(const Directions &chosen) {
  SmallVector<StringRef> names(chosen.functions.names.begin(), chosen.functions.names.end());
  return node.getGraph().getBuilder().getStrArrayAttr(names);
}

/// Y [T, B, D, H] and states [D, B, H] in the node's layout.
LogicalResult LayerImporter::store(ArrayRef<Value> results) {
  for (size_t i = 0; i < results.size(); ++i) {
    Value value = results[i];
    if (!node.hasOutput(i))
      continue;
    if (!value)
      return failure();
    SmallVector<int64_t> permutation;
    if (i == 0)
      permutation = isBatchFirst ? SmallVector<int64_t>{1, 0, 2, 3} : SmallVector<int64_t>{0, 2, 1, 3};
    else if (isBatchFirst)
      permutation = {1, 0, 2};
    if (i == 0 && !isBatchFirst && directions == 1) // the axes that change places are neighbours, and one has size 1
      value = node.reshape(value, {inputDims[0], number(1), inputDims[1], number(hidden)});
    else if (!permutation.empty())
      value = node.transpose(value, permutation);
    if (failed(node.result(i, value)))
      return failure();
  }
  return success();
}

LogicalResult LayerImporter::import() {
  if (failed(readShapes()))
    return failure();
  FailureOr<SmallVector<Functions>> functions = readFunctions();
  if (failed(functions) || failed(readLengths()) || failed(buildGates()))
    return failure();
  bool isReverse = node.attribute<std::string>("direction", "forward") == "reverse";
  if (directions == 1 || (*functions)[0] == (*functions)[1])
    return store(build({directions == 2 ? Direction::Bidirectional
                        : isReverse     ? Direction::Reverse
                                        : Direction::Forward,
                        0, directions, (*functions)[0]}));
  SmallVector<Value> ahead = build({Direction::Forward, 0, 1, (*functions)[0]});
  SmallVector<Value> back = build({Direction::Reverse, 1, 1, (*functions)[1]}), both;
  for (auto [i, pair] : llvm::enumerate(llvm::zip(ahead, back))) {
    SmallVector<Value> parts{std::get<0>(pair), std::get<1>(pair)};
    both.push_back(node.make<ConcatOp>(ValueRange(parts), int64_t(i == 0 ? 2 : 0)));
  }
  return both.empty() ? failure() : store(both);
}

class LstmImporter : public LayerImporter {
public:
  explicit LstmImporter(Node &node) : LayerImporter(node, 4, {functions, 3}) {}

private:
  static constexpr const char *functions[] = {"Sigmoid", "Tanh", "Tanh"};

  /// [D, 3 H] as [D, 3, H]
  Value peepholes(const Directions &chosen) {
    AffineExpr three = number(3), units = number(hidden);
    if (!node.hasInput(7))
      return zeros({number(chosen.count), three, units});
    if (failed(checkShape(7, "P", {number(directions), number(3 * hidden)})))
      return {};
    Value all = node.reshape(node.input(7), {number(directions), three, units});
    return along(all, 0, chosen);
  }

  SmallVector<Value> build(const Directions &chosen) override {
    auto op = node.makeAll<LstmOp>(5, along(gates, 2, chosen), along(weights, 0, chosen), initialState(5, chosen),
                                   initialState(6, chosen), peepholes(chosen), ValueRange(lengths()), chosen.kind,
                                   namesOf(chosen), ArrayRef<double>(chosen.functions.parameters), clip(),
                                   node.attribute<bool>("input_forget", false));
    return op ? SmallVector<Value>{op.getSequence(), op.getLastH(), op.getLastC()} : SmallVector<Value>(3);
  }
};

class GruImporter : public LayerImporter {
public:
  explicit GruImporter(Node &node) : LayerImporter(node, 3, {functions, 2}) {}

private:
  static constexpr const char *functions[] = {"Sigmoid", "Tanh"};

  bool keepsLastBias() override { return isLinear(); }
  bool isLinear() { return node.attribute<bool>("linear_before_reset", false); }

  SmallVector<Value> build(const Directions &chosen) override {
    Value bias = keptBias ? keptBias : zeros({number(directions), number(hidden)});
    auto op = node.makeAll<GruOp>(3, along(gates, 2, chosen), along(weights, 0, chosen), initialState(5, chosen),
                                  along(bias, 0, chosen), ValueRange(lengths()), chosen.kind, namesOf(chosen),
                                  ArrayRef<double>(chosen.functions.parameters), clip(), isLinear());
    return op ? SmallVector<Value>{op.getSequence(), op.getLastH()} : SmallVector<Value>(2);
  }
};

class RnnImporter : public LayerImporter {
public:
  explicit RnnImporter(Node &node) : LayerImporter(node, 1, {functions, 1}) {}

private:
  static constexpr const char *functions[] = {"Tanh"};

  SmallVector<Value> build(const Directions &chosen) override {
    auto op = node.makeAll<RnnOp>(2, along(gates, 2, chosen), along(weights, 0, chosen), initialState(5, chosen),
                                  ValueRange(lengths()), chosen.kind, namesOf(chosen),
                                  ArrayRef<double>(chosen.functions.parameters), clip());
    return op ? SmallVector<Value>{op.getSequence(), op.getLastH()} : SmallVector<Value>(2);
  }
};

template <typename Importer>
LogicalResult importLayer(Node &node) {
  return Importer(node).import();
}

} // namespace

llvm::ArrayRef<OperatorRow> recurrentOperators() {
  static const OperatorRow rows[] = {
      {"GRU", 1, importLayer<GruImporter>},
      {"LSTM", 1, importLayer<LstmImporter>},
      {"RNN", 1, importLayer<RnnImporter>},
  };
  return rows;
}

} // namespace ingot::frontend
