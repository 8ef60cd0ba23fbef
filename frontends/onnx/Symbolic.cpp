//===- Symbolic.cpp - Shape arithmetic at import --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape -> Gather -> Unsqueeze -> Concat: exporters compute shapes with tensors. Where every input of such an operator is a
// small integer tensor with known contents, the result is computed here and no operation is made. A rule that cannot decide
// (which of two symbols is greater?) declines, and the operator is imported like any other.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"

using namespace mlir;

namespace ingot::frontend {

bool isNonNegative(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue() >= 0;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  return !binary || (isNonNegative(binary.getLHS()) && isNonNegative(binary.getRHS()));
}

namespace {

using Result = std::optional<Known>;

int64_t count(ArrayRef<int64_t> shape) {
  int64_t result = 1;
  for (int64_t size : shape)
    result *= size;
  return result;
}

/// -1, 0 or 1 as lhs is less than, equal to or greater than rhs for all values of the symbols.
std::optional<int> compare(AffineExpr lhs, AffineExpr rhs) {
  AffineExpr difference = simplifyDimension(lhs - rhs);
  if (auto value = constantValue(difference))
    return *value < 0 ? -1 : *value > 0;
  if (isNonNegative(simplifyDimension(difference - 1)))
    return 1;
  if (isNonNegative(simplifyDimension(rhs - lhs - 1)))
    return -1;
  return std::nullopt;
}

AffineExpr divide(AffineExpr lhs, AffineExpr rhs) {
  auto dividend = constantValue(lhs), divisor = constantValue(rhs);
  if (divisor == 0)
    return {};
  if (dividend && divisor)
    return getAffineConstantExpr(*dividend / *divisor, lhs.getContext());
  if (AffineExpr exact = divideExactly(lhs, rhs))
    return exact;
  // Rounds toward zero, which is floor only for numbers >= 0.
  return isNonNegative(lhs) && isNonNegative(rhs) ? simplifyDimension(lhs.floorDiv(rhs)) : AffineExpr();
}

AffineExpr remainder(AffineExpr lhs, AffineExpr rhs) {
  auto divisor = constantValue(rhs);
  if (!divisor || *divisor <= 0)
    return {};
  return simplifyDimension(lhs % *divisor);
}

using Function = AffineExpr (*)(AffineExpr, AffineExpr);

/// Element by element with NumPy's broadcasting; `function` gives null where it cannot say.
Result zip(const Known &lhs, const Known &rhs, Function function, Type element) {
  Known result{{}, {}, element};
  size_t rank = std::max(lhs.shape.size(), rhs.shape.size());
  auto size = [&](const Known &side, size_t axis) {
    size_t missing = rank - side.shape.size();
    return axis < missing ? 1 : side.shape[axis - missing];
  };
  for (size_t axis = 0; axis < rank; ++axis) {
    int64_t left = size(lhs, axis), right = size(rhs, axis);
    if (left != right && left != 1 && right != 1)
      return std::nullopt;
    result.shape.push_back(left == 1 ? right : left);
  }
  int64_t total = count(result.shape);
  if (total > kKnownLimit)
    return std::nullopt;
  for (int64_t i = 0; i < total; ++i) {
    int64_t rest = i, left = 0, right = 0, leftStride = 1, rightStride = 1;
    for (size_t axis = rank; axis-- > 0;) {
      int64_t position = rest % result.shape[axis];
      rest /= result.shape[axis];
      left += size(lhs, axis) == 1 ? 0 : position * leftStride;
      right += size(rhs, axis) == 1 ? 0 : position * rightStride;
      leftStride *= size(lhs, axis);
      rightStride *= size(rhs, axis);
    }
    AffineExpr value = function(lhs.elements[left], rhs.elements[right]);
    if (!value)
      return std::nullopt;
    result.elements.push_back(value);
  }
  return result;
}

AffineExpr truth(std::optional<bool> value, AffineExpr like) {
  return value ? getAffineConstantExpr(*value, like.getContext()) : AffineExpr();
}
std::optional<bool> test(AffineExpr a, AffineExpr b, bool less, bool equal, bool greater) {
  std::optional<int> order = compare(a, b);
  if (!order)
    return std::nullopt;
  return *order < 0 ? less : *order > 0 ? greater : equal;
}

AffineExpr add(AffineExpr a, AffineExpr b) { return simplifyDimension(a + b); }
AffineExpr subtract(AffineExpr a, AffineExpr b) { return simplifyDimension(a - b); }
AffineExpr multiply(AffineExpr a, AffineExpr b) { return simplifyDimension(a * b); }
AffineExpr lesser(AffineExpr a, AffineExpr b) {
  auto order = compare(a, b);
  return !order ? AffineExpr() : *order < 0 ? a : b;
}
AffineExpr greater(AffineExpr a, AffineExpr b) {
  auto order = compare(a, b);
  return !order ? AffineExpr() : *order > 0 ? a : b;
}
AffineExpr isEqual(AffineExpr a, AffineExpr b) { return truth(test(a, b, false, true, false), a); }
AffineExpr isLess(AffineExpr a, AffineExpr b) { return truth(test(a, b, true, false, false), a); }
AffineExpr isLessOrEqual(AffineExpr a, AffineExpr b) { return truth(test(a, b, true, true, false), a); }
AffineExpr isGreater(AffineExpr a, AffineExpr b) { return truth(test(a, b, false, false, true), a); }
AffineExpr isGreaterOrEqual(AffineExpr a, AffineExpr b) { return truth(test(a, b, false, true, true), a); }

template <Function function>
Result arithmetic(Node &node) {
  Known result = *node.known(0);
  for (size_t i = 1; i < node.inputCount(); ++i) {
    Result next = zip(result, *node.known(i), function, result.element);
    if (!next)
      return std::nullopt;
    result = std::move(*next);
  }
  return result;
}

template <Function function>
Result comparison(Node &node) {
  return zip(*node.known(0), *node.known(1), function, IntegerType::get(node.getContext(), 1));
}

// Rules on shapes --------------------------------------------------------------------------------------------------------

Result shape(Node &node) {
  SmallVector<AffineExpr> dims = node.dims(0);
  int64_t rank = dims.size();
  auto clamp = [&](int64_t axis) { return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank); };
  int64_t start = clamp(node.attribute<int64_t>("start", 0)), end = clamp(node.attribute<int64_t>("end", rank));
  SmallVector<AffineExpr> part(ArrayRef(dims).slice(start, std::max<int64_t>(0, end - start)));
  return Known{{int64_t(part.size())}, part, IntegerType::get(node.getContext(), 64)};
}

Result size(Node &node) {
  return Known{{}, {product(node.dims(0), node.getContext())}, IntegerType::get(node.getContext(), 64)};
}

// Rules on layout --------------------------------------------------------------------------------------------------------

/// The slices `indices` along an axis, in that order.
Known take(const Known &input, int64_t axis, ArrayRef<int64_t> indices) {
  Known result{input.shape, {}, input.element};
  result.shape[axis] = indices.size();
  int64_t inner = count(ArrayRef(input.shape).drop_front(axis + 1)), outer = count(ArrayRef(input.shape).take_front(axis));
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t index : indices)
      for (int64_t i = 0; i < inner; ++i)
        result.elements.push_back(input.elements[(o * input.shape[axis] + index) * inner + i]);
  return result;
}

Result gather(Node &node) {
  const Known &input = *node.known(0), &positions = *node.known(1);
  auto indices = positions.numbers();
  int64_t axis = node.attribute<int64_t>("axis", 0);
  axis += axis < 0 ? input.rank() : 0;
  if (!indices || axis < 0 || axis >= input.rank())
    return std::nullopt;
  for (int64_t &index : *indices) {
    index += index < 0 ? input.shape[axis] : 0;
    if (index < 0 || index >= input.shape[axis])
      return std::nullopt;
  }
  Known result = take(input, axis, *indices);
  result.shape.erase(result.shape.begin() + axis);
  result.shape.insert(result.shape.begin() + axis, positions.shape.begin(), positions.shape.end());
  return result;
}

/// An operand given as attribute in old versions and as input in new ones.
std::optional<SmallVector<int64_t>> listOf(Node &node, StringRef attribute, size_t input) {
  if (node.hasAttribute(attribute))
    return node.attribute<SmallVector<int64_t>>(attribute);
  return node.hasInput(input) ? node.known(input)->numbers() : std::nullopt;
}

Result slice(Node &node) {
  Known result = *node.known(0);
  auto starts = listOf(node, "starts", 1), ends = listOf(node, "ends", 2), axes = listOf(node, "axes", 3), steps = listOf(node, "steps", 4);
  if (!starts || !ends || starts->size() != ends->size() || (node.hasInput(3) && !axes) || (node.hasInput(4) && !steps))
    return std::nullopt;
  for (size_t i = 0; i < starts->size(); ++i) {
    int64_t axis = axes ? (*axes)[i] : i, step = steps ? (*steps)[i] : 1;
    axis += axis < 0 ? result.rank() : 0;
    if (axis < 0 || axis >= result.rank() || step == 0)
      return std::nullopt;
    int64_t size = result.shape[axis], start = (*starts)[i], end = (*ends)[i];
    start = std::clamp<int64_t>(start < 0 ? start + size : start, 0, step > 0 ? size : size - 1);
    end = std::clamp<int64_t>(end < 0 ? end + size : end, step > 0 ? 0 : -1, size);
    SmallVector<int64_t> indices;
    for (int64_t at = start; step > 0 ? at < end : at > end; at += step)
      indices.push_back(at);
    result = take(result, axis, indices);
  }
  return result;
}

Result concat(Node &node) {
  Known result = *node.known(0);
  if (result.rank() != 1) // of higher ranks exporters make no shapes
    return std::nullopt;
  for (size_t i = 1; i < node.inputCount(); ++i) {
    if (node.known(i)->rank() != 1)
      return std::nullopt;
    result.elements.append(node.known(i)->elements);
  }
  result.shape[0] = result.elements.size();
  return result;
}

/// Unsqueeze and Squeeze without axes where all sizes are 1 or kept: the elements stay.
Result unsqueeze(Node &node) {
  Known result = *node.known(0);
  auto axes = listOf(node, "axes", 1);
  if (!axes)
    return std::nullopt;
  int64_t rank = result.rank() + axes->size();
  for (int64_t &axis : *axes)
    axis += axis < 0 ? rank : 0;
  llvm::sort(*axes);
  for (int64_t axis : *axes) {
    if (axis < 0 || axis > result.rank())
      return std::nullopt;
    result.shape.insert(result.shape.begin() + axis, 1);
  }
  return result;
}

Result squeeze(Node &node) {
  Known result = *node.known(0);
  auto axes = listOf(node, "axes", 1);
  if (node.hasInput(1) && !axes)
    return std::nullopt;
  SmallVector<int64_t> kept;
  for (auto [position, size] : llvm::enumerate(result.shape)) {
    int64_t axis = position, negative = axis - result.rank();
    bool isNamed = axes ? llvm::is_contained(*axes, axis) || llvm::is_contained(*axes, negative) : size == 1;
    if (isNamed && size != 1)
      return std::nullopt;
    if (!isNamed)
      kept.push_back(size);
  }
  result.shape = kept;
  return result;
}

Result reshape(Node &node) {
  Known result = *node.known(0);
  auto target = listOf(node, "shape", 1);
  if (!target)
    return std::nullopt;
  int64_t free = -1, rest = 1;
  for (auto [position, size] : llvm::enumerate(*target)) {
    if (size == 0 && !node.attribute<bool>("allowzero", false) && int64_t(position) < result.rank())
      size = result.shape[position];
    if (size < 0)
      free = position;
    else
      rest *= size;
  }
  int64_t total = result.elements.size();
  if (free >= 0)
    (*target)[free] = rest ? total / rest : 0;
  result.shape = *target;
  return count(result.shape) == total ? Result(result) : std::nullopt;
}

Result expand(Node &node) {
  auto target = node.known(1)->numbers();
  if (!target || count(*target) > kKnownLimit || llvm::any_of(*target, [](int64_t size) { return size < 0; }))
    return std::nullopt;
  Known ones{SmallVector<int64_t>(*target), {}, node.known(0)->element};
  ones.elements.assign(count(*target), node.symbols().constant(1));
  return zip(*node.known(0), ones, [](AffineExpr a, AffineExpr) { return a; }, ones.element);
}

Result constantOfShape(Node &node) {
  auto *value = node.findAttribute("value");
  auto target = node.known(0)->numbers();
  if (!value || !value->has_t() || !target || llvm::any_of(*target, [](int64_t size) { return size < 0; }) ||
      count(*target) > kKnownLimit)
    return std::nullopt;
  Tensor tensor;
  tensor.initializer = &value->t();
  const Known *filling = node.getGraph().known(tensor, node.getLocation());
  if (!filling || filling->elements.size() != 1)
    return std::nullopt;
  Known result{SmallVector<int64_t>(*target), {}, filling->element};
  result.elements.assign(count(*target), filling->elements[0]);
  return result;
}

// Other rules ------------------------------------------------------------------------------------------------------------

Result identity(Node &node) { return *node.known(0); }

Result cast(Node &node) {
  std::string reason;
  auto element = dyn_cast_or_null<IntegerType>(
      frontend::elementType(node.attribute<int64_t>("to", 0), node.getContext(), reason));
  Known result = *node.known(0);
  if (!element)
    return std::nullopt;
  for (AffineExpr &expr : result.elements) {
    auto number = constantValue(expr);
    if (element.getWidth() == 1 && !number)
      return std::nullopt;
    if (element.getWidth() == 1)
      expr = node.symbols().constant(*number != 0);
  }
  result.element = element;
  return result;
}

Result negate(Node &node) {
  Known result = *node.known(0);
  for (AffineExpr &expr : result.elements)
    expr = simplifyDimension(-expr);
  return result;
}

Result logicalNot(Node &node) {
  Known result = *node.known(0);
  if (!result.element.isInteger(1))
    return std::nullopt;
  for (AffineExpr &expr : result.elements)
    expr = node.symbols().constant(constantValue(expr) == 0);
  return result;
}

Result where(Node &node) {
  // condition ? x : y, first both sides against the condition, then put together.
  const Known &condition = *node.known(0), &x = *node.known(1), &y = *node.known(2);
  auto first = [](AffineExpr a, AffineExpr) { return a; };
  auto second = [](AffineExpr, AffineExpr b) { return b; };
  Result shape = zip(x, y, first, x.element);
  Result picks = shape ? zip(condition, *shape, first, condition.element) : std::nullopt;
  Result left = picks ? zip(*picks, x, second, x.element) : std::nullopt;
  Result right = picks ? zip(*picks, y, second, y.element) : std::nullopt;
  if (!left || !right)
    return std::nullopt;
  for (auto [pick, chosen, other] : llvm::zip(picks->elements, left->elements, right->elements))
    if (constantValue(pick) == 0)
      chosen = other;
  return left;
}

Result range(Node &node) {
  auto start = node.known(0)->numbers(), limit = node.known(1)->numbers(), step = node.known(2)->numbers();
  if (!start || !limit || !step || (*step)[0] == 0)
    return std::nullopt;
  int64_t distance = (*limit)[0] - (*start)[0], stride = (*step)[0];
  int64_t total = std::max<int64_t>(0, (distance + stride + (stride > 0 ? -1 : 1)) / stride);
  if (total > kKnownLimit)
    return std::nullopt;
  Known result{{total}, {}, node.known(0)->element};
  for (int64_t i = 0; i < total; ++i)
    result.elements.push_back(node.symbols().constant((*start)[0] + i * stride));
  return result;
}

/// Over all elements of a vector.
template <Function function>
Result reduce(Node &node) {
  const Known &input = *node.known(0);
  if (input.rank() != 1 || input.elements.empty() || (node.attribute<bool>("noop_with_empty_axes", false) && !node.hasInput(1)))
    return std::nullopt;
  AffineExpr result = input.elements[0];
  for (AffineExpr next : ArrayRef(input.elements).drop_front())
    if (!result || !(result = function(result, next)))
      return std::nullopt;
  bool keeps = node.attribute<bool>("keepdims", true);
  return Known{keeps ? SmallVector<int64_t>{1} : SmallVector<int64_t>{}, {result}, input.element};
}

struct SymbolicRule {
  const char *name;
  Result (*evaluate)(Node &);
  bool needsContents = true; // of all inputs, not only their types
};

constexpr SymbolicRule kRules[] = {
    {"Shape", shape, false},
    {"Size", size, false},
    {"Add", arithmetic<add>},
    {"Cast", cast},
    {"Concat", concat},
    {"ConstantOfShape", constantOfShape},
    {"Div", arithmetic<divide>},
    {"Equal", comparison<isEqual>},
    {"Expand", expand},
    {"Gather", gather},
    {"Greater", comparison<isGreater>},
    {"GreaterOrEqual", comparison<isGreaterOrEqual>},
    {"Identity", identity},
    {"Less", comparison<isLess>},
    {"LessOrEqual", comparison<isLessOrEqual>},
    {"Max", arithmetic<greater>},
    {"Min", arithmetic<lesser>},
    {"Mod", arithmetic<remainder>},
    {"Mul", arithmetic<multiply>},
    {"Neg", negate},
    {"Not", logicalNot},
    {"Range", range},
    {"ReduceMax", reduce<greater>},
    {"ReduceMin", reduce<lesser>},
    {"ReduceProd", reduce<multiply>},
    {"ReduceSum", reduce<add>},
    {"Reshape", reshape},
    {"Slice", slice},
    {"Squeeze", squeeze},
    {"Sub", arithmetic<subtract>},
    {"Unsqueeze", unsqueeze},
    {"Where", where},
};

} // namespace

bool evaluateSymbolically(Node &node) {
  const SymbolicRule *rule = llvm::find_if(kRules, [&](const SymbolicRule &rule) { return node.type() == rule.name; });
  if (rule == std::end(kRules) || node.outputCount() != 1 || node.inputCount() == 0)
    return false;
  for (size_t i = 0; i < node.inputCount(); ++i)
    if (node.hasInput(i) && (rule->needsContents ? !node.known(i) : !node.inputType(i)))
      return false;
  std::optional<Known> result = rule->evaluate(node);
  if (!result || int64_t(result->elements.size()) > kKnownLimit)
    return false;
  return succeeded(node.result(0, std::move(*result)));
}

} // namespace ingot::frontend
