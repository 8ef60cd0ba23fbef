//===- Evaluator.cpp - Expressions become operations ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/recipe/Evaluator.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace mlir;

namespace ingot {
namespace {

bool isReal(Value value) { return isa<FloatType>(getElementTypeOrSelf(value)); }
bool isSingle(Value value) { return cast<RankedTensorType>(value.getType()).getRank() == 0; }

double compute(StringRef sign, double left, double right) {
  if (sign == "+")
    return left + right;
  if (sign == "-")
    return left - right;
  if (sign == "*")
    return left * right;
  return sign == "/" ? left / right : std::pow(left, right);
}

std::string listNames(ArrayRef<NamedValue> results) {
  std::vector<std::string> names;
  for (const NamedValue &result : results)
    names.push_back(result.name);
  return llvm::join(names, ", ");
}

} // namespace

FailureOr<Term> Evaluator::evaluate(const Expression &expression) {
  switch (expression.kind) {
  case Expression::Kind::Number:
    return Term::of(expression.number);
  case Expression::Kind::Name:
    return name(expression);
  case Expression::Kind::Call:
    return call(expression);
  case Expression::Kind::Member:
    return member(expression);
  case Expression::Kind::Index:
    return index(expression);
  case Expression::Kind::Binary:
    return binary(expression);
  case Expression::Kind::Negation: {
    FailureOr<Term> term = evaluate(*expression.operands[0]);
    if (failed(term) || term->kind == Term::Kind::Number)
      return failed(term) ? term : FailureOr<Term>(Term::of(-term->number));
    Value value = single(*expression.operands[0], *term);
    return value ? FailureOr<Term>(Term::of(at(expression).neg(value))) : FailureOr<Term>(failure());
  }
  }
  return failure();
}

FailureOr<Term> Evaluator::name(const Expression &expression) {
  StringRef name = expression.name;
  if (const Expression *definition = around.definition(name)) {
    if (auto found = known.find(name); found != known.end())
      return found->second;
    if (!open.insert(name).second)
      return emitError(expression.where) << "\"" << name << "\" is defined by itself";
    FailureOr<Term> term = evaluate(*definition);
    open.erase(name);
    if (succeeded(term))
      known[name] = *term;
    return term;
  }
  if (Value value = around.hyperparameter(name))
    return Term::of(value);
  if (Value value = around.input(name))
    return Term::of(value);
  if (around.network(name))
    return emitError(expression.where) << "\"" << name << "\" is a network: call it, as in " << name << "(x)";
  return emitError(expression.where) << "nothing tells the type of the input \"" << name
                                     << "\"; say it in [inputs], as in " << name << " = \"float32[batch, 1]\"";
}

Value Evaluator::single(const Expression &expression, const Term &term) {
  if (term.kind == Term::Kind::Number)
    return at(expression).scalar(term.number, Float32Type::get(at(expression).getContext()));
  if (term.kind == Term::Kind::Tensor)
    return term.value;
  if (term.results.size() == 1)
    return term.results.front().value;
  emitError(expression.where) << "this has several results (" << listNames(term.results)
                              << "): say which, as in \".\" and one of these names";
  return {};
}

Value Evaluator::tensor(const Expression &expression) {
  FailureOr<Term> term = evaluate(expression);
  return succeeded(term) ? single(expression, *term) : Value();
}

Value Evaluator::tensorLike(const Expression &expression, Value like) {
  FailureOr<Term> term = like ? evaluate(expression) : FailureOr<Term>(failure());
  if (failed(term))
    return {};
  if (term->kind == Term::Kind::Number)
    return at(expression).scalar(term->number, like);
  Value value = single(expression, *term), other = like;
  return value && unify(expression, value, other) ? value : Value();
}

Value Evaluator::tensorOr(const Expression &expression, RankedTensorType type, StringRef role) {
  bool isUntyped = expression.kind == Expression::Kind::Name && !around.definition(expression.name) &&
                   !around.hyperparameter(expression.name) && !around.input(expression.name) &&
                   !around.network(expression.name);
  return isUntyped ? around.addInput(expression.name, type, role) : tensor(expression);
}

FailureOr<double> Evaluator::number(const Expression &expression) {
  FailureOr<Term> term = evaluate(expression);
  if (failed(term) || term->kind == Term::Kind::Number)
    return failed(term) ? FailureOr<double>(failure()) : FailureOr<double>(term->number);
  return emitError(expression.where) << "expected a number that is written here";
}

FailureOr<int64_t> Evaluator::integer(const Expression &expression) {
  FailureOr<double> value = number(expression);
  if (failed(value) || (std::floor(*value) == *value && std::abs(*value) < 0x1p53))
    return failed(value) ? FailureOr<int64_t>(failure()) : FailureOr<int64_t>(int64_t(*value));
  return emitError(expression.where) << "expected an integer";
}

FailureOr<Term> Evaluator::member(const Expression &expression) {
  FailureOr<Term> term = evaluate(*expression.operands[0]);
  if (failed(term))
    return failure();
  for (const NamedValue &result : term->results)
    if (result.name == expression.name)
      return Term::of(result.value);
  if (term->kind == Term::Kind::Results)
    return emitError(expression.where) << "the network has no result \"" << expression.name << "\"; there are "
                                       << listNames(term->results);
  return emitError(expression.where) << "only what a network returns has named results";
}

/// A piece of a tensor: ranges keep their axes, positions lose them; further axes stay whole.
FailureOr<Term> Evaluator::index(const Expression &expression) {
  Value value = tensor(*expression.operands[0]);
  if (!value)
    return failure();
  TensorBuilder make = at(expression);
  SmallVector<AffineExpr> dims = make.dims(value), start, extents, kept;
  if (expression.axes.size() > dims.size())
    return emitError(expression.where) << "there are " << expression.axes.size() << " positions for a tensor of shape "
                                       << describe(value.getType());
  for (auto [axis, size] : llvm::enumerate(dims)) {
    Expression::Axis whole;
    whole.isRange = true;
    const Expression::Axis &piece = axis < expression.axes.size() ? expression.axes[axis] : whole;
    auto place = [&](std::optional<int64_t> position, AffineExpr otherwise) -> AffineExpr {
      return !position ? otherwise
                       : simplifyDimension(*position < 0 ? size + *position : make.scope().constant(*position));
    };
    AffineExpr first = place(piece.first, make.scope().constant(0));
    AffineExpr last = piece.isRange ? place(piece.last, size) : simplifyDimension(first + 1);
    AffineExpr extent = simplifyDimension(last - first), rest = simplifyDimension(size - last);
    auto isNegative = [](AffineExpr expr) { return constantValue(expr).value_or(0) < 0; };
    if (isNegative(first) || isNegative(extent) || isNegative(rest))
      return emitError(expression.where) << "axis " << axis << " of a tensor of shape " << describe(value.getType())
                                         << " does not reach that far";
    for (AffineExpr bound : {first, extent, rest})
      if (failed(around.require(expression.where, bound, make.scope())))
        return failure();
    start.push_back(first);
    extents.push_back(extent);
    if (piece.isRange)
      kept.push_back(extent);
  }
  Value piece = make.slice(value, start, SmallVector<int64_t>(dims.size(), 1), extents);
  return Term::of(make.reshape(piece, kept));
}

bool Evaluator::unify(const Expression &where, Value &left, Value &right) {
  Type one = getElementTypeOrSelf(left), other = getElementTypeOrSelf(right);
  if (one == other)
    return true;
  if (isReal(left) && isReal(right) && (isSingle(left) || isSingle(right))) {
    bool takesLeft = isSingle(right) && !isSingle(left);
    bool isLeftNarrow = one.getIntOrFloatBitWidth() < other.getIntOrFloatBitWidth();
    // Two single numbers: a hyperparameter is a float64, and the other one a result.
    takesLeft |= isSingle(left) && isSingle(right) && isLeftNarrow;
    (takesLeft ? right : left) = at(where).cast(takesLeft ? right : left, takesLeft ? one : other);
    return true;
  }
  emitError(where.where) << "elements of types " << one << " and " << other
                         << " do not go together: float(x) makes real numbers of integers and truth values";
  return false;
}

bool Evaluator::requireEqual(const Expression &where, const SymbolScope &scope, ArrayRef<AffineExpr> left,
                             ArrayRef<AffineExpr> right) {
  for (auto [one, other] : llvm::zip(llvm::reverse(left), llvm::reverse(right))) {
    auto a = constantValue(one), b = constantValue(other);
    if (one == other || (a && b) || a == 1 || b == 1)
      continue;
    if (failed(around.require(where.where, one - other, scope)) ||
        failed(around.require(where.where, other - one, scope)))
      return false;
  }
  return true;
}

Value Evaluator::combine(const Expression &expression, Value left, Value right) {
  StringRef sign = expression.name;
  TensorBuilder make = at(expression);
  if (!left || !right || !unify(expression, left, right) ||
      !requireEqual(expression, make.scope(), make.dims(left), make.dims(right)))
    return {};
  if (sign == "+")
    return make.add(left, right);
  if (sign == "-")
    return make.sub(left, right);
  if (sign == "*")
    return make.mul(left, right);
  if (sign == "/")
    return make.div(left, right);
  if (sign == "**")
    return make.make<PowOp>(left, right);
  if (sign == "==")
    return make.equal(left, right);
  bool isSwapped = sign.starts_with(">");
  Value first = isSwapped ? right : left, second = isSwapped ? left : right;
  return sign.ends_with("=") ? make.make<LessOrEqualOp>(first, second) : make.less(first, second);
}

FailureOr<Term> Evaluator::binary(const Expression &expression) {
  const Expression &first = *expression.operands[0], &second = *expression.operands[1];
  FailureOr<Term> left = evaluate(first);
  FailureOr<Term> right = succeeded(left) ? evaluate(second) : FailureOr<Term>(failure());
  if (failed(right))
    return failure();
  bool isLeftNumber = left->kind == Term::Kind::Number, isRightNumber = right->kind == Term::Kind::Number;
  bool isComparison = StringRef("<=>==").contains(expression.name);
  if (isLeftNumber && isRightNumber && !isComparison)
    return Term::of(compute(expression.name, left->number, right->number));
  TensorBuilder make = at(expression);
  if (!isLeftNumber && isRightNumber && expression.name == "**" && right->number == 2) {
    Value base = single(first, *left); // its derivative needs no logarithm of a negative number
    return base ? FailureOr<Term>(Term::of(make.square(base))) : FailureOr<Term>(failure());
  }
  Value a = isLeftNumber ? Value() : single(first, *left), b = isRightNumber ? Value() : single(second, *right);
  if (isLeftNumber)
    a = b ? make.scalar(left->number, b) : single(first, *left);
  if (isRightNumber)
    b = a ? make.scalar(right->number, a) : Value();
  Value result = combine(expression, a, b);
  return result ? FailureOr<Term>(Term::of(result)) : FailureOr<Term>(failure());
}

FailureOr<Term> Evaluator::call(const Expression &expression) {
  if (Network *network = around.network(expression.name))
    return callNetwork(expression, *network);
  if (std::optional<FailureOr<Term>> result = callFunction(*this, expression))
    return *result;
  return emitError(expression.where) << "there is no network and no function \"" << expression.name
                                     << "\"; the functions are " << llvm::join(functionNames(), ", ");
}

FailureOr<Term> Evaluator::callNetwork(const Expression &expression, Network &network) {
  SmallVector<const Expression *> given(network.inputCount());
  for (auto [position, operand] : llvm::enumerate(expression.operands)) {
    StringRef keyword = expression.keywords[position];
    unsigned number = position;
    for (unsigned i = 0; i < network.inputCount() && !keyword.empty(); ++i)
      number = network.inputName(i) == keyword ? i : number;
    bool isKnown = keyword.empty() || (number < network.inputCount() && network.inputName(number) == keyword);
    if (number >= network.inputCount() || !isKnown || given[number])
      return emitError(operand->where) << "the network " << expression.name << " takes " << network.inputCount()
                                       << (network.inputCount() == 1 ? " input" : " inputs") << ", and this is none";
    given[number] = operand.get();
  }
  SmallVector<Value> arguments;
  for (auto [number, operand] : llvm::enumerate(given)) {
    if (!operand)
      return emitError(expression.where) << "the network " << expression.name << " needs its input \""
                                         << network.inputName(number) << "\"";
    arguments.push_back(tensorOr(*operand, network.inputType(number)));
    if (!arguments.back())
      return failure();
  }
  auto results = around.call(expression.where, expression.name, arguments);
  if (failed(results))
    return failure();
  return Term{Term::Kind::Results, 0, {}, std::move(*results)};
}

} // namespace ingot
