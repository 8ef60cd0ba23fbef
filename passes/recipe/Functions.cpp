//===- Functions.cpp - The built-in functions of expressions --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Losses come from the table of losses (LossCalls.cpp); the rest is the table at the end of this file.
//
//===----------------------------------------------------------------------===//
#include "passes/autodiff/Autodiff.h"
#include "passes/autodiff/Detached.h"
#include "passes/recipe/FunctionCall.h"
#include "passes/recipe/Random.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace ingot {
namespace {

// Element by element
// --------------------------------------------------------------------------------------------------------------------

template <typename Op>
Value unary(FunctionCall &call) {
  return call.make.make<Op>(call.tensor(0));
}

template <typename Op>
Value binary(FunctionCall &call) {
  Value left = call.tensor(0), right = call.tensorLike(1, left);
  return right && call.evaluator.unify(call.expression, left, right) ? call.make.make<Op>(left, right) : Value();
}

Value square(FunctionCall &call) {
  Value x = call.tensor(0);
  return x ? call.make.square(x) : Value();
}

/// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
Value softplus(FunctionCall &call) {
  TensorBuilder &make = call.make;
  Value x = call.tensor(0);
  if (!x)
    return {};
  Value tail = make.log(make.add(make.exp(make.neg(make.make<AbsOp>(x))), 1));
  return make.add(make.make<MaxOp>(x, make.scalar(0, x)), tail);
}

Value clip(FunctionCall &call) {
  Value x = call.tensor(0), low = call.tensorLike(1, x), high = call.tensorLike(2, x);
  return high ? call.make.make<MinOp>(call.make.make<MaxOp>(x, low), high) : Value();
}

Value where(FunctionCall &call) {
  Value condition = call.tensor(0), chosen = condition ? call.tensor(1) : Value(), other = call.tensorLike(2, chosen);
  if (!other || !call.evaluator.unify(call.expression, chosen, other))
    return {};
  if (!getElementTypeOrSelf(condition).isInteger(1))
    return call.fail("the first argument of where must be a comparison");
  return call.make.select(condition, chosen, other);
}

Value toReal(FunctionCall &call) { return call.make.cast(call.tensor(0), Float32Type::get(call.make.getContext())); }
Value toInteger(FunctionCall &call) {
  return call.make.cast(call.tensor(0), IntegerType::get(call.make.getContext(), 64));
}

template <int number>
Value filled(FunctionCall &call) {
  Value like = call.tensor(0);
  return like ? call.make.filled(number, like) : Value();
}

// Along axes
// --------------------------------------------------------------------------------------------------------------------

/// Over one axis, which goes unless `keep` is 1, or over all of them.
Value reduceBy(FunctionCall &call, Value x, function_ref<Value(ArrayRef<int64_t>)> reduce) {
  FailureOr<int64_t> axis = x ? call.axis(x, 1, std::nullopt) : FailureOr<int64_t>(failure());
  FailureOr<double> keeps = call.number("keep", 0);
  if (failed(axis) || failed(keeps))
    return {};
  if (*axis < 0)
    return call.make.reshape(reduce(TensorBuilder::allAxes(x)), {});
  Value reduced = reduce(*axis);
  SmallVector<AffineExpr> dims = call.make.dims(x);
  dims.erase(dims.begin() + *axis);
  return *keeps != 0 ? reduced : call.make.reshape(reduced, dims);
}

template <ReduceKind kind>
Value reduce(FunctionCall &call) {
  Value x = call.tensor(0);
  return reduceBy(call, x, [&](ArrayRef<int64_t> axes) { return call.make.reduce(kind, x, axes); });
}

/// The root of the sum of squares.
Value norm(FunctionCall &call) {
  Value x = call.tensor(0);
  return reduceBy(call, x,
                  [&](ArrayRef<int64_t> axes) { return call.make.sqrt(call.make.sum(call.make.square(x), axes)); });
}

template <bool logarithm>
Value softmax(FunctionCall &call) {
  Value x = call.tensor(0);
  FailureOr<int64_t> axis = x ? call.axis(x, 1, -1) : FailureOr<int64_t>(failure());
  return succeeded(axis) ? call.make.make<SoftmaxOp>(x, *axis, logarithm) : Value();
}

Value argmax(FunctionCall &call) {
  Value x = call.tensor(0);
  FailureOr<int64_t> axis = x ? call.axis(x, 1, -1) : FailureOr<int64_t>(failure());
  if (failed(axis))
    return {};
  SmallVector<AffineExpr> dims = call.make.dims(x);
  dims.erase(dims.begin() + *axis);
  return call.make.reshape(call.make.make<ArgReduceOp>(x, ReduceKind::Max, *axis), dims);
}

Value concat(FunctionCall &call) {
  SmallVector<Value> parts;
  for (size_t i = 0; i < call.count(); ++i) {
    Value part = call.tensor(i);
    if (!part || (i && !call.evaluator.unify(call.argument(i), parts[0], part)))
      return {};
    parts.push_back(part);
  }
  FailureOr<int64_t> axis = call.axis(parts[0], call.count(), 1);
  return succeeded(axis) ? call.make.make<ConcatOp>(ValueRange(parts), *axis) : Value();
}

Value reshape(FunctionCall &call) {
  Value x = call.tensor(0);
  FailureOr<SmallVector<AffineExpr>> dims = x ? call.dims(1) : FailureOr<SmallVector<AffineExpr>>(failure());
  if (failed(dims))
    return {};
  MLIRContext *context = call.make.getContext();
  AffineExpr from = simplifyDimension(product(call.make.dims(x), context)),
             to = simplifyDimension(product(*dims, context));
  if (from != to)
    return call.fail("a tensor of shape " + describe(x.getType()) + " has not as many elements as the new shape");
  return call.make.reshape(x, *dims);
}

/// All axes but the first become one.
Value flatten(FunctionCall &call) {
  Value x = call.tensor(0);
  if (!x || call.make.dims(x).size() < 2)
    return x;
  SmallVector<AffineExpr> dims = call.make.dims(x);
  return call.make.reshape(x, {dims[0], simplifyDimension(product(ArrayRef(dims).drop_front(), x.getContext()))});
}

/// x[i, index[i], ...]: the elements that an index chooses along an axis, which the index may leave out.
Value gather(FunctionCall &call) {
  Value x = call.tensor(0);
  FailureOr<int64_t> axis = x ? call.axis(x, 2, 1) : FailureOr<int64_t>(failure());
  if (failed(axis))
    return {};
  SmallVector<AffineExpr> column = call.make.dims(x), rest = column;
  column[*axis] = call.make.scope().constant(1);
  rest.erase(rest.begin() + *axis);
  Value index =
      call.evaluator.tensorOr(call.argument(1), call.make.scope().tensor(rest, IntegerType::get(x.getContext(), 64)));
  if (!index)
    return {};
  if (!isa<IntegerType>(getElementTypeOrSelf(index)))
    return call.fail("the second argument of gather must be integers");
  bool isShort = call.make.dims(index).size() == rest.size();
  Value chosen = call.make.make<GatherElementsOp>(x, isShort ? call.make.reshape(index, column) : index, *axis);
  return isShort ? call.make.reshape(chosen, rest) : chosen;
}

Value matmul(FunctionCall &call) {
  Value left = call.tensor(0), right = call.tensorLike(1, left);
  return right ? call.make.make<MatmulOp>(left, right) : Value();
}

// Gradients and random numbers
// --------------------------------------------------------------------------------------------------------------------

/// The same tensor, which no gradient goes through.
Value detach(FunctionCall &call) {
  Value x = call.tensor(0);
  if (!x)
    return {};
  OpBuilder &builder = call.evaluator.surroundings().builder();
  auto copy = builder.create<ReshapeOp>(call.expression.where, x.getType(), x);
  copy->setAttr(detachedMark, builder.getUnitAttr());
  return copy;
}

/// The gradient of the sum of y by x.
Value gradient(FunctionCall &call) {
  Value y = call.tensor(0), x = y ? call.tensor(1) : Value();
  if (!x)
    return {};
  for (Value value : {y, x})
    if (!isa<FloatType>(getElementTypeOrSelf(value)))
      return call.fail("gradient(y, x) takes real tensors");
  FailureOr<SmallVector<Value>> gradients = differentiate(call.evaluator.surroundings().builder(), y, x);
  return succeeded(gradients) ? gradients->front() : Value();
}

using Draw = Value (*)(TensorBuilder &, Value, ArrayRef<AffineExpr>, Type);

template <Draw draw>
Value drawLike(FunctionCall &call) {
  Value like = call.tensor(0);
  if (!like)
    return {};
  return draw(call.make, call.evaluator.surroundings().newGenerator(), call.make.dims(like),
              Float32Type::get(call.make.getContext()));
}

template <Draw draw>
Value drawShape(FunctionCall &call) {
  FailureOr<SmallVector<AffineExpr>> dims = call.dims(0);
  if (failed(dims))
    return {};
  return draw(call.make, call.evaluator.surroundings().newGenerator(), *dims, Float32Type::get(call.make.getContext()));
}

// --------------------------------------------------------------------------------------------------------------------

struct Function {
  StringRef name;
  size_t least, most; // arguments without a name
  StringRef keywords; // separated by spaces
  Value (*build)(FunctionCall &);
};

constexpr size_t many = 64;
const Function functions[] = {
    {"abs", 1, 1, "", unary<AbsOp>},
    {"argmax", 1, 2, "axis", argmax},
    {"clip", 3, 3, "", clip},
    {"concat", 1, many, "axis", concat},
    {"cos", 1, 1, "", unary<CosOp>},
    {"detach", 1, 1, "", detach},
    {"erf", 1, 1, "", unary<ErfOp>},
    {"exp", 1, 1, "", unary<ExpOp>},
    {"flatten", 1, 1, "", flatten},
    {"float", 1, 1, "", toReal},
    {"floor", 1, 1, "", unary<FloorOp>},
    {"gather", 2, 3, "axis", gather},
    {"gradient", 2, 2, "", gradient},
    {"int", 1, 1, "", toInteger},
    {"log", 1, 1, "", unary<LogOp>},
    {"log_softmax", 1, 2, "axis", softmax<true>},
    {"matmul", 2, 2, "", matmul},
    {"max", 1, 2, "axis keep", reduce<ReduceKind::Max>},
    {"maximum", 2, 2, "", binary<MaxOp>},
    {"mean", 1, 2, "axis keep", reduce<ReduceKind::Mean>},
    {"min", 1, 2, "axis keep", reduce<ReduceKind::Min>},
    {"minimum", 2, 2, "", binary<MinOp>},
    {"norm", 1, 2, "axis keep", norm},
    {"normal", 0, many, "", drawShape<drawNormal>},
    {"normal_like", 1, 1, "", drawLike<drawNormal>},
    {"ones_like", 1, 1, "", filled<1>},
    {"relu", 1, 1, "", unary<ReluOp>},
    {"reshape", 1, many, "", reshape},
    {"sigmoid", 1, 1, "", unary<SigmoidOp>},
    {"sign", 1, 1, "", unary<SignOp>},
    {"sin", 1, 1, "", unary<SinOp>},
    {"softmax", 1, 2, "axis", softmax<false>},
    {"softplus", 1, 1, "", softplus},
    {"sqrt", 1, 1, "", unary<SqrtOp>},
    {"square", 1, 1, "", square},
    {"sum", 1, 2, "axis keep", reduce<ReduceKind::Sum>},
    {"tanh", 1, 1, "", unary<TanhOp>},
    {"uniform", 0, many, "", drawShape<drawUniform>},
    {"uniform_like", 1, 1, "", drawLike<drawUniform>},
    {"where", 3, 3, "", where},
    {"zeros_like", 1, 1, "", filled<0>},
};

bool hasWord(StringRef words, StringRef word) {
  SmallVector<StringRef> list;
  words.split(list, ' ');
  return llvm::is_contained(list, word);
}

/// Whether all named arguments are among `keywords`.
LogicalResult checkKeywords(const Expression &call, StringRef keywords) {
  for (auto [operand, keyword] : llvm::zip(call.operands, call.keywords))
    if (!keyword.empty() && !hasWord(keywords, keyword))
      return emitError(operand->where) << call.name << " has no argument \"" << keyword << "\""
                                       << (keywords.empty() ? "" : "; there are " + keywords.str());
  return success();
}

} // namespace

std::optional<FailureOr<Term>> callFunction(Evaluator &evaluator, const Expression &expression) {
  auto finish = [](Value value) { return value ? FailureOr<Term>(Term::of(value)) : FailureOr<Term>(failure()); };
  if (const Loss *loss = findLoss(expression.name)) {
    if (failed(checkKeywords(expression, "label_smoothing ignore_index threshold margin")))
      return FailureOr<Term>(failure());
    FunctionCall call(evaluator, expression);
    return finish(callLoss(call, *loss));
  }
  auto found = llvm::find_if(functions, [&](const Function &function) { return function.name == expression.name; });
  if (found == std::end(functions))
    return std::nullopt;
  if (failed(checkKeywords(expression, found->keywords)))
    return FailureOr<Term>(failure());
  FunctionCall call(evaluator, expression);
  if (call.count() < found->least || call.count() > found->most) {
    emitError(expression.where) << found->name << " takes " << (found->least == found->most ? "" : "at least ")
                                << found->least << (found->least == 1 ? " argument" : " arguments") << ", but is given "
                                << call.count();
    return FailureOr<Term>(failure());
  }
  return finish(found->build(call));
}

std::vector<StringRef> functionNames() {
  std::vector<StringRef> names;
  for (const Function &function : functions)
    names.push_back(function.name);
  for (const Loss &loss : allLosses())
    names.push_back(loss.name);
  llvm::sort(names);
  return names;
}

} // namespace ingot
