//===- Resize.cpp - Resize and Upsample -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Window.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

/// floor(size * scale), where that is an expression.
AffineExpr scaled(Node &node, AffineExpr size, double scale) {
  if (auto number = constantValue(size))
    return node.symbols().constant(int64_t(std::floor(*number * scale)));
  double whole = std::round(scale), part = std::round(1 / scale);
  if (scale > 0 && std::abs(scale - whole) < 1e-6)
    return size * int64_t(whole);
  if (scale > 0 && std::abs(1 / scale - part) < 1e-6)
    return size.floorDiv(int64_t(part));
  for (int64_t divisor = 2; divisor <= 16 && scale > 0; divisor *= 2) // 1.5, say: exact, as the product by it is
    if (double times = scale * divisor; times == std::round(times))
      return (size * int64_t(times)).floorDiv(divisor);
  return {};
}

/// What the two sizes' ratio is, where it is a number.
std::optional<double> ratio(AffineExpr to, AffineExpr from) {
  auto above = constantValue(to), below = constantValue(from);
  if (above && below && *below)
    return double(*above) / double(*below);
  if (AffineExpr quotient = divideExactly(to, from))
    if (auto number = constantValue(quotient))
      return double(*number);
  if (AffineExpr quotient = divideExactly(from, to))
    if (auto number = constantValue(quotient); number && *number)
      return 1 / double(*number);
  return std::nullopt;
}

bool isOne(AffineExpr size) { return constantValue(size) == 1; }

struct Target {
  SmallVector<AffineExpr> dims;
  SmallVector<double> scales;
};

FailureOr<Target> fromScales(Node &node, ArrayRef<double> scales, ArrayRef<int64_t> axes) {
  Target target{node.dims(0), SmallVector<double>(node.rank(0), 1)};
  if (scales.size() != axes.size())
    return node.error() << scales.size() << " scales are given for " << axes.size() << " axes";
  for (auto [scale, axis] : llvm::zip(scales, axes)) {
    if (!(scale > 0 && scale < 1e6))
      return node.error() << "a scale must be positive, but one is " << std::to_string(scale);
    target.dims[axis] = scaled(node, target.dims[axis], scale);
    target.scales[axis] = scale;
    if (!target.dims[axis])
      return node.unsupported("a scale of " + std::to_string(scale) + " on a dynamic dimension");
  }
  return target;
}

FailureOr<Target> fromSizes(Node &node, ArrayRef<AffineExpr> sizes, ArrayRef<int64_t> axes) {
  Target target{node.dims(0), SmallVector<double>(node.rank(0), 1)};
  if (sizes.size() != axes.size())
    return node.error() << sizes.size() << " sizes are given for " << axes.size() << " axes";
  for (auto [size, axis] : llvm::zip(sizes, axes)) {
    std::optional<double> scale = ratio(size, target.dims[axis]);
    if (!scale && isOne(target.dims[axis]))
      scale = 1; // repeated, see keepOnes
    if (!scale)
      return node.unsupported("resizing " + node.symbols().print(target.dims[axis]) + " to " +
                              node.symbols().print(size));
    target.dims[axis] = size;
    target.scales[axis] = *scale;
  }
  return target;
}

/// keep_aspect_ratio_policy: one scale for all axes, the least or the greatest, and sizes rounded to it.
void keepAspectRatio(Node &node, Target &target, ArrayRef<int64_t> axes, bool isLeast) {
  double scale = target.scales[axes.front()];
  for (int64_t axis : axes)
    scale = isLeast ? std::min(scale, target.scales[axis]) : std::max(scale, target.scales[axis]);
  for (int64_t axis : axes)
    if (auto size = constantValue(node.dims(0)[axis])) {
      target.scales[axis] = scale;
      target.dims[axis] = node.symbols().constant(int64_t(std::floor(*size * scale + 0.5)));
    }
}

/// Where an axis has one element every mode repeats it, as often as any expression says: `target` keeps the axis.
void keepOnes(ArrayRef<AffineExpr> dims, Target &target) {
  for (auto [size, to, scale] : llvm::zip(dims, target.dims, target.scales))
    if (isOne(size) && constantValue(to).value_or(1) >= 1)
      to = size, scale = 1;
}

/// The input resized to `target`.
Value build(Node &node, Value x, const Target &target, ResizeMode mode, CoordinateMode coordinates,
            RoundingMode rounding) {
  double cubic = node.attribute("cubic_coeff_a", -0.75);
  bool excludesOutside = node.attribute<bool>("exclude_outside", false);
  auto make = [&](Value input, ArrayRef<AffineExpr> dims, ArrayRef<double> scales) {
    return node.makeAs<ResizeOp>(node.symbols().tensor(dims, getElementTypeOrSelf(input)), input, scales, mode,
                                 coordinates, rounding, APFloat(cubic), excludesOutside);
  };
  if (target.dims == node.dims(0))
    return x;
  // A map per channel is sampled channels-last, like every other window.
  bool isMap = target.dims.size() > 2 && target.scales[0] == 1 && target.scales[1] == 1;
  if (!isMap)
    return make(x, target.dims, target.scales);
  SmallVector<AffineExpr> dims(target.dims);
  SmallVector<double> scales(target.scales);
  std::rotate(dims.begin() + 1, dims.begin() + 2, dims.end());
  std::rotate(scales.begin() + 1, scales.begin() + 2, scales.end());
  Value result = make(toChannelsLast(node, x), dims, scales);
  return result ? toChannelsFirst(node, result) : Value();
}

LogicalResult emit(Node &node, const Target &target, ResizeMode mode, CoordinateMode coordinates,
                   RoundingMode rounding) {
  Value x = node.input(0);
  if (!x)
    return failure();
  Target sampled = target;
  keepOnes(node.dims(0), sampled);
  // Between integers is a real number, which is cut to an integer again.
  Type type = getElementTypeOrSelf(x);
  if (sampled.dims != node.dims(0) && mode != ResizeMode::Nearest && !isa<FloatType>(type))
    x = node.cast(x, Float32Type::get(node.getContext()));
  Value result = build(node, x, sampled, mode, coordinates, rounding);
  return result ? node.result(node.broadcast(node.cast(result, type), target.dims)) : failure();
}

FailureOr<ResizeMode> readMode(Node &node) {
  std::string name = node.attribute<std::string>("mode", "nearest");
  if (auto mode = symbolizeResizeMode(name))
    return *mode;
  return node.error() << "there is no mode \"" << name << "\"";
}

FailureOr<Target> readTarget(Node &node) {
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, node.rank(0)));
  if (node.hasAttribute("axes")) {
    axes = node.attribute<SmallVector<int64_t>>("axes");
    if (failed(node.axes(axes, node.rank(0))))
      return failure();
    for (int64_t &axis : axes)
      axis += axis < 0 ? node.rank(0) : 0;
  }
  if (!node.hasInput(3)) {
    FailureOr<SmallVector<double>> scales = node.numbers(2);
    return failed(scales) ? FailureOr<Target>() : fromScales(node, *scales, axes);
  }
  FailureOr<SmallVector<AffineExpr>> sizes = node.expressions(3);
  FailureOr<Target> target = failed(sizes) ? FailureOr<Target>() : fromSizes(node, *sizes, axes);
  std::string policy = node.attribute<std::string>("keep_aspect_ratio_policy", "stretch");
  if (succeeded(target) && policy != "stretch" && !axes.empty())
    keepAspectRatio(node, *target, axes, policy == "not_larger");
  return target;
}

} // namespace

LogicalResult importResize(Node &node) {
  FailureOr<ResizeMode> mode = readMode(node);
  if (failed(mode))
    return failure();
  if (node.attribute<bool>("antialias", false))
    return node.unsupported("Resize with antialias");
  std::string coordinateName = node.attribute<std::string>("coordinate_transformation_mode", "half_pixel");
  std::string roundingName = node.attribute<std::string>("nearest_mode", "round_prefer_floor");
  auto coordinates = symbolizeCoordinateMode(coordinateName);
  auto rounding = symbolizeRoundingMode(roundingName);
  if (!coordinates)
    return node.unsupported("coordinate_transformation_mode \"" + coordinateName + "\"");
  if (!rounding)
    return node.error() << "there is no nearest_mode \"" << roundingName << "\"";
  FailureOr<Target> target = readTarget(node);
  return failed(target) ? failure() : emit(node, *target, *mode, *coordinates, *rounding);
}

/// Upsample, and Resize before opset 11: scales as attribute or second input, coordinates asymmetric.
LogicalResult importUpsample(Node &node) {
  FailureOr<ResizeMode> mode = readMode(node);
  FailureOr<SmallVector<double>> scales = node.attribute<SmallVector<double>>("scales");
  if (failed(mode) || (node.hasInput(1) && failed(scales = node.numbers(1))))
    return failure();
  FailureOr<Target> target = fromScales(node, *scales, llvm::to_vector(llvm::seq<int64_t>(0, node.rank(0))));
  return failed(target) ? failure() : emit(node, *target, *mode, CoordinateMode::Asymmetric, RoundingMode::Floor);
}

} // namespace ingot::frontend
