//===- SymbolicLayout.cpp - Known contents: shapes, parts and new arrangements ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/SymbolicRules.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

using Result = std::optional<Known>;

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

// Rules on layout
// --------------------------------------------------------------------------------------------------------

/// The slices `indices` along an axis, in that order.
Known take(const Known &input, int64_t axis, ArrayRef<int64_t> indices) {
  Known result{input.shape, {}, input.element};
  result.shape[axis] = indices.size();
  int64_t inner = countElements(ArrayRef(input.shape).drop_front(axis + 1)),
          outer = countElements(ArrayRef(input.shape).take_front(axis));
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
  auto starts = listOf(node, "starts", 1), ends = listOf(node, "ends", 2), axes = listOf(node, "axes", 3),
       steps = listOf(node, "steps", 4);
  if (!starts || !ends || starts->size() != ends->size() || (node.hasInput(3) && !axes) ||
      (node.hasInput(4) && !steps) || (axes && axes->size() != starts->size()) ||
      (steps && steps->size() != starts->size()))
    return std::nullopt;
  for (size_t i = 0; i < starts->size(); ++i) {
    int64_t axis = axes ? (*axes)[i] : i, step = steps ? (*steps)[i] : 1;
    axis += axis < 0 ? result.rank() : 0;
    if (axis < 0 || axis >= result.rank() || step == 0 || std::abs(step) > kKnownLimit)
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
    else if (__builtin_mul_overflow(rest, size, &rest))
      return std::nullopt;
  }
  int64_t total = result.elements.size();
  if (free >= 0)
    (*target)[free] = rest ? total / rest : 0;
  result.shape = *target;
  return countElements(result.shape) == total ? Result(result) : std::nullopt;
}

Result expand(Node &node) {
  auto target = node.known(1)->numbers();
  if (!target || countElements(*target) > kKnownLimit || llvm::any_of(*target, [](int64_t size) { return size < 0; }))
    return std::nullopt;
  Known ones{SmallVector<int64_t>(*target), {}, node.known(0)->element};
  ones.elements.assign(countElements(*target), node.symbols().constant(1));
  return zipKnown(
      *node.known(0), ones, [](AffineExpr a, AffineExpr) { return a; }, ones.element);
}

Result constantOfShape(Node &node) {
  auto *value = node.findAttribute("value");
  auto target = node.known(0)->numbers();
  if (!value || !value->has_t() || !target || llvm::any_of(*target, [](int64_t size) { return size < 0; }) ||
      countElements(*target) > kKnownLimit)
    return std::nullopt;
  Tensor tensor;
  tensor.initializer = &value->t();
  const Known *filling = node.getGraph().known(tensor, node.getLocation());
  if (!filling || filling->elements.size() != 1)
    return std::nullopt;
  Known result{SmallVector<int64_t>(*target), {}, filling->element};
  result.elements.assign(countElements(*target), filling->elements[0]);
  return result;
}

Result identity(Node &node) { return *node.known(0); }

Result range(Node &node) {
  auto start = node.known(0)->numbers(), limit = node.known(1)->numbers(), step = node.known(2)->numbers();
  if (!start || !limit || !step || start->size() != 1 || limit->size() != 1 || step->size() != 1)
    return std::nullopt;
  int64_t stride = (*step)[0], distance;
  if (stride == 0 || std::abs(stride) > INT32_MAX || __builtin_sub_overflow((*limit)[0], (*start)[0], &distance) ||
      std::abs(distance) > INT32_MAX)
    return std::nullopt;
  int64_t total = std::max<int64_t>(0, (distance + stride + (stride > 0 ? -1 : 1)) / stride);
  if (total > kKnownLimit)
    return std::nullopt;
  Known result{{total}, {}, node.known(0)->element};
  for (int64_t i = 0; i < total; ++i)
    result.elements.push_back(node.symbols().constant((*start)[0] + i * stride));
  return result;
}

constexpr SymbolicRule kRules[] = {
    {"Concat", concat},     {"ConstantOfShape", constantOfShape},
    {"Expand", expand},     {"Gather", gather},
    {"Identity", identity}, {"Range", range},
    {"Reshape", reshape},   {"Shape", shape, false},
    {"Size", size, false},  {"Slice", slice},
    {"Squeeze", squeeze},   {"Unsqueeze", unsqueeze},
};

} // namespace

llvm::ArrayRef<SymbolicRule> symbolicLayout() { return kRules; }

} // namespace ingot::frontend
