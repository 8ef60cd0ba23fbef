//===- elementwise.cpp - Arithmetic, comparisons and activations ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"
#include "frontends/onnx/Random.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

template <typename Op>
LogicalResult importUnary(Node &node) {
  return node.result(node.make<Op>(node.input(0)));
}

/// A function that ONNX defines for integers too: of their values as float64, cut to integers again.
template <typename Op>
LogicalResult importFunctionOfNumbers(Node &node) {
  Value result = node.make<Op>(node.asReal(node.input(0)));
  return result ? node.result(node.cast(result, node.elementType())) : failure();
}

/// Before opset 7 the right side broadcasts from `axis` on instead of from the end.
Value rightOperand(Node &node) {
  Value rhs = node.input(1);
  if (!rhs || !node.hasAttribute("axis") || !node.attribute<bool>("broadcast", false))
    return rhs;
  SmallVector<AffineExpr> dims = node.dims(1);
  FailureOr<int64_t> axis = node.axis(node.attribute<int64_t>("axis"), node.rank(0));
  if (failed(axis))
    return {};
  dims.append(std::max<int64_t>(0, node.rank(0) - *axis - int64_t(dims.size())), node.symbols().constant(1));
  return node.reshape(rhs, dims);
}

template <typename Op>
LogicalResult importBinary(Node &node) {
  return node.result(node.make<Op>(node.input(0), rightOperand(node)));
}

/// a > b  =>  b < a
template <typename Op>
LogicalResult importSwapped(Node &node) {
  return node.result(node.make<Op>(rightOperand(node), node.input(0)));
}

template <typename Op>
Value combineAll(Node &node) {
  Value result = node.input(0);
  for (size_t i = 1; i < node.inputCount(); ++i)
    result = node.make<Op>(result, node.input(i));
  return result;
}

template <typename Op>
LogicalResult importVariadic(Node &node) {
  return node.result(combineAll<Op>(node));
}

LogicalResult importMean(Node &node) {
  Value sum = combineAll<AddOp>(node);
  return node.result(node.make<DivOp>(sum, node.scalarLike(node.inputCount(), sum)));
}

LogicalResult importMod(Node &node) {
  return node.attribute<bool>("fmod", false) ? importBinary<RemOp>(node) : importBinary<ModOp>(node);
}

LogicalResult importPow(Node &node) {
  Value base = node.input(0), exponent = node.input(1);
  if (!base || !exponent)
    return failure();
  // The result has the base's type; mixed operands are computed in the wider kind and converted back.
  Type type = getElementTypeOrSelf(base), other = getElementTypeOrSelf(exponent);
  Type common = isa<FloatType>(type) || !isa<FloatType>(other) ? type : other;
  return node.result(node.cast(node.make<PowOp>(node.cast(base, common), node.cast(exponent, common)), type));
}

LogicalResult importBitShift(Node &node) {
  return node.attribute<std::string>("direction") == "LEFT" ? importBinary<ShiftLeftOp>(node)
                                                            : importBinary<ShiftRightOp>(node);
}

LogicalResult importWhere(Node &node) {
  return node.result(node.make<SelectOp>(node.input(0), node.input(1), node.input(2)));
}

LogicalResult importCast(Node &node) {
  std::string reason;
  Type element = elementType(node.attribute<int64_t>("to", 0), node.getContext(), reason);
  if (!element)
    return node.error() << reason;
  return node.result(node.cast(node.input(0), element));
}

LogicalResult importCastLike(Node &node) {
  Type element = node.elementType(1);
  return element ? node.result(node.cast(node.input(0), element)) : failure();
}

LogicalResult importIsInf(Node &node) {
  return node.result(node.make<IsInfOp>(node.input(0), node.attribute<bool>("detect_positive", true),
                                        node.attribute<bool>("detect_negative", true)));
}

LogicalResult importIdentity(Node &node) { return node.forward(0, 0); }

/// Where x stays, as the generator says: mask = u >= ratio; y = x / (1 - ratio) there, else 0. The ratio is a half
/// unless given. `isTraining`, if not null, decides at run time whether that happens or all of x stays as it is.
LogicalResult importDropoutInTraining(Node &node, Value isTraining) {
  Type real = Float32Type::get(node.getContext());
  Value x = node.input(0), ratio = node.hasInput(1) ? node.cast(node.input(1), real) : node.scalar(0.5, real);
  if (!x || !ratio)
    return failure();
  ratio = node.reshape(ratio, {});
  std::optional<int64_t> seed;
  if (node.hasAttribute("seed"))
    seed = node.attribute<int64_t>("seed");
  Value mask = node.make<LessOrEqualOp>(ratio, drawUniform(node, node.dims(0), real, seed));
  Value one = node.scalar(1, real), scale = node.make<DivOp>(one, node.make<SubOp>(one, ratio));
  Value scaled = node.make<MulOp>(x, node.cast(scale, node.elementType()));
  Value result = node.make<SelectOp>(mask, scaled, node.scalar(0, node.elementType()));
  if (isTraining) {
    result = node.make<SelectOp>(isTraining, result, x);
    mask = node.make<OrOp>(mask, node.make<NotOp>(isTraining));
  }
  if (node.hasOutput(1) && failed(node.result(1, mask)))
    return failure();
  return node.result(result);
}

/// Whether the ratio is known to be zero: then no numbers are drawn.
bool dropsNothing(Node &node) {
  if (!node.hasInput(1))
    return false;
  Value ratio = node.input(1);
  if (!node.known(1) && !(ratio && ratio.getDefiningOp<ConstantOp>()))
    return false;
  FailureOr<SmallVector<double>> numbers = node.numbers(1);
  return succeeded(numbers) && numbers->size() == 1 && numbers->front() == 0;
}

LogicalResult importDropout(Node &node) {
  if (node.hasInput(2) && !node.getGraph().isEvaluation() && !dropsNothing(node)) {
    if (!node.known(2)) {
      Value training = node.input(2);
      if (!training)
        return failure();
      if (!training.getDefiningOp<ConstantOp>())
        return importDropoutInTraining(node, node.reshape(training, {}));
    }
    FailureOr<SmallVector<double>> training = node.numbers(2);
    if (failed(training))
      return failure();
    if (!training->empty() && training->front() != 0)
      return importDropoutInTraining(node, {});
  }
  if (node.hasOutput(1)) {
    Type element = node.version() >= 10 ? Type(IntegerType::get(node.getContext(), 1)) : node.elementType();
    if (failed(node.result(1, node.broadcast(node.scalar(1, element), node.dims(0)))))
      return failure();
  }
  return node.forward(0, 0);
}

// Activations
// -----------------------------------------------------------------------------------------------------------

Value clamp(Node &node, Value x, double low, double high) {
  return node.make<MinOp>(node.make<MaxOp>(x, node.scalarLike(low, x)), node.scalarLike(high, x));
}

Value addScalar(Node &node, Value x, double number) { return node.make<AddOp>(x, node.scalarLike(number, x)); }
Value mulScalar(Node &node, Value x, double number) { return node.make<MulOp>(x, node.scalarLike(number, x)); }

LogicalResult importClipAttributes(Node &node) {
  Value result = node.input(0);
  if (node.hasAttribute("min"))
    result = node.make<MaxOp>(result, node.scalarLike(node.attribute<double>("min"), result));
  if (node.hasAttribute("max"))
    result = node.make<MinOp>(result, node.scalarLike(node.attribute<double>("max"), result));
  return node.result(result);
}

LogicalResult importClip(Node &node) {
  Value result = node.input(0);
  if (node.hasInput(1))
    result = node.make<MaxOp>(result, node.input(1));
  if (node.hasInput(2))
    result = node.make<MinOp>(result, node.input(2));
  return node.result(result);
}

/// max(x, 0) + a (e^min(x, 0) - 1): no overflow on either side.
Value elu(Node &node, Value x, double alpha, double inner) {
  Value zero = node.scalarLike(0, x), below = node.make<MinOp>(x, zero);
  Value exponential = node.make<ExpOp>(inner == 1 ? below : mulScalar(node, below, inner));
  return node.make<AddOp>(node.make<MaxOp>(x, zero), mulScalar(node, addScalar(node, exponential, -1), alpha));
}

LogicalResult importElu(Node &node) { return node.result(elu(node, node.input(0), node.attribute("alpha", 1.0), 1)); }

LogicalResult importCelu(Node &node) {
  double alpha = node.attribute("alpha", 1.0);
  return node.result(elu(node, node.input(0), alpha, 1 / alpha));
}

LogicalResult importSelu(Node &node) {
  double alpha = node.attribute("alpha", 1.67326319217681884765625),
         gamma = node.attribute("gamma", 1.05070102214813232421875);
  return node.result(mulScalar(node, elu(node, node.input(0), alpha, 1), gamma));
}

/// x < 0 ? slope * x : x
Value leaky(Node &node, Value x, Value slope) {
  return node.make<SelectOp>(node.make<LessOp>(x, node.scalarLike(0, x)), node.make<MulOp>(x, slope), x);
}

LogicalResult importLeakyRelu(Node &node) {
  Value x = node.input(0);
  return node.result(leaky(node, x, node.scalarLike(node.attribute("alpha", 0.01), x)));
}

LogicalResult importPRelu(Node &node) {
  Value slope = node.input(1);
  // Before opset 9 a slope vector always runs along the channels.
  if (node.version() < 9 && node.rank(1) == 1)
    slope = node.alongChannels(slope, node.rank(0));
  return node.result(leaky(node, node.input(0), slope));
}

LogicalResult importThresholdedRelu(Node &node) {
  Value x = node.input(0);
  Value isAbove = node.make<LessOp>(node.scalarLike(node.attribute("alpha", 1.0), x), x);
  return node.result(node.make<SelectOp>(isAbove, x, node.scalarLike(0, x)));
}

Value hardSigmoid(Node &node, Value x, double alpha, double beta) {
  return clamp(node, addScalar(node, mulScalar(node, x, alpha), beta), 0, 1);
}

LogicalResult importHardSigmoid(Node &node) {
  float alpha = 0.2f, beta = 0.5f; // the schema's defaults are of single precision
  return node.result(
      hardSigmoid(node, node.input(0), node.attribute("alpha", double(alpha)), node.attribute("beta", double(beta))));
}

LogicalResult importHardSwish(Node &node) {
  Value x = node.input(0);
  return node.result(node.make<MulOp>(x, hardSigmoid(node, x, 1.0 / 6, 0.5)));
}

/// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
Value softplus(Node &node, Value x) {
  Value small = node.make<ExpOp>(node.make<NegOp>(node.make<AbsOp>(x)));
  return node.make<AddOp>(node.make<MaxOp>(x, node.scalarLike(0, x)), node.make<LogOp>(addScalar(node, small, 1)));
}

LogicalResult importSoftplus(Node &node) { return node.result(softplus(node, node.input(0))); }

LogicalResult importMish(Node &node) {
  Value x = node.input(0);
  return node.result(node.make<MulOp>(x, node.make<TanhOp>(softplus(node, x))));
}

LogicalResult importSoftsign(Node &node) {
  Value x = node.input(0);
  return node.result(node.make<DivOp>(x, addScalar(node, node.make<AbsOp>(x), 1)));
}

LogicalResult importSwish(Node &node) {
  Value x = node.input(0);
  double alpha = node.attribute("alpha", 1.0);
  return node.result(node.make<MulOp>(x, node.make<SigmoidOp>(alpha == 1 ? x : mulScalar(node, x, alpha))));
}

LogicalResult importGelu(Node &node) {
  Value x = node.input(0);
  if (node.attribute<std::string>("approximate", "none") != "tanh")
    return node.result(node.make<GeluOp>(x));
  // x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))
  Value cube = node.make<MulOp>(node.make<MulOp>(x, x), x);
  Value inner = mulScalar(node, node.make<AddOp>(x, mulScalar(node, cube, 0.044715)), 0.7978845608028654);
  return node.result(node.make<MulOp>(mulScalar(node, x, 0.5), addScalar(node, node.make<TanhOp>(inner), 1)));
}

LogicalResult importShrink(Node &node) {
  // Bounds and bias are real numbers, of integers too.
  Type type = node.elementType();
  if (!type)
    return failure();
  Value x = node.asReal(node.input(0));
  double bias = node.attribute("bias", 0.0), lambda = node.attribute("lambd", 0.5);
  Value isLow = node.make<LessOp>(x, node.scalarLike(-lambda, x)),
        isHigh = node.make<LessOp>(node.scalarLike(lambda, x), x);
  Value high = node.make<SelectOp>(isHigh, addScalar(node, x, -bias), node.scalarLike(0, x));
  return node.result(node.cast(node.make<SelectOp>(isLow, addScalar(node, x, bias), high), type));
}

} // namespace

llvm::ArrayRef<OperatorRow> elementwiseOperators() {
  static const OperatorRow rows[] = {
      {"Abs", 1, importUnary<AbsOp>},
      {"Acos", 7, importUnary<AcosOp>},
      {"Acosh", 9, importUnary<AcoshOp>},
      {"Add", 1, importBinary<AddOp>},
      {"And", 1, importBinary<AndOp>},
      {"Asin", 7, importUnary<AsinOp>},
      {"Asinh", 9, importUnary<AsinhOp>},
      {"Atan", 7, importUnary<AtanOp>},
      {"Atanh", 9, importUnary<AtanhOp>},
      {"BitShift", 11, importBitShift},
      {"BitwiseAnd", 18, importBinary<AndOp>},
      {"BitwiseNot", 18, importUnary<NotOp>},
      {"BitwiseOr", 18, importBinary<OrOp>},
      {"BitwiseXor", 18, importBinary<XorOp>},
      {"Cast", 6, importCast},
      {"CastLike", 15, importCastLike},
      {"Ceil", 1, importUnary<CeilOp>},
      {"Celu", 12, importCelu},
      {"Clip", 1, importClipAttributes},
      {"Clip", 11, importClip},
      {"Cos", 7, importUnary<CosOp>},
      {"Cosh", 9, importUnary<CoshOp>},
      {"Div", 1, importBinary<DivOp>},
      {"Dropout", 1, importDropout},
      {"Elu", 1, importElu},
      {"Equal", 1, importBinary<EqualOp>},
      {"Erf", 9, importFunctionOfNumbers<ErfOp>},
      {"Exp", 1, importUnary<ExpOp>},
      {"Floor", 1, importUnary<FloorOp>},
      {"Gelu", 20, importGelu},
      {"Greater", 1, importSwapped<LessOp>},
      {"GreaterOrEqual", 12, importSwapped<LessOrEqualOp>},
      {"HardSigmoid", 1, importHardSigmoid},
      {"HardSwish", 14, importHardSwish},
      {"Identity", 1, importIdentity},
      {"IsInf", 10, importIsInf},
      {"IsNaN", 9, importUnary<IsNanOp>},
      {"LeakyRelu", 1, importLeakyRelu},
      {"Less", 1, importBinary<LessOp>},
      {"LessOrEqual", 12, importBinary<LessOrEqualOp>},
      {"Log", 1, importUnary<LogOp>},
      {"Max", 1, importVariadic<MaxOp>},
      {"Mean", 1, importMean},
      {"Min", 1, importVariadic<MinOp>},
      {"Mish", 18, importMish},
      {"Mod", 10, importMod},
      {"Mul", 1, importBinary<MulOp>},
      {"Neg", 1, importUnary<NegOp>},
      {"Not", 1, importUnary<NotOp>},
      {"Or", 1, importBinary<OrOp>},
      {"PRelu", 1, importPRelu},
      {"Pow", 1, importPow},
      {"Reciprocal", 1, importUnary<ReciprocalOp>},
      {"Relu", 1, importUnary<ReluOp>},
      {"Round", 11, importUnary<RoundOp>},
      {"Selu", 1, importSelu},
      {"Shrink", 9, importShrink},
      {"Sigmoid", 1, importUnary<SigmoidOp>},
      {"Sign", 9, importUnary<SignOp>},
      {"Sin", 7, importUnary<SinOp>},
      {"Sinh", 9, importUnary<SinhOp>},
      {"Softplus", 1, importSoftplus},
      {"Softsign", 1, importSoftsign},
      {"Sqrt", 1, importUnary<SqrtOp>},
      {"Sub", 1, importBinary<SubOp>},
      {"Sum", 1, importVariadic<AddOp>},
      {"Swish", 24, importSwish},
      {"Tan", 7, importUnary<TanOp>},
      {"Tanh", 1, importUnary<TanhOp>},
      {"ThresholdedRelu", 1, importThresholdedRelu},
      {"Where", 9, importWhere},
      {"Xor", 1, importBinary<XorOp>},
  };
  return rows;
}

} // namespace ingot::frontend
