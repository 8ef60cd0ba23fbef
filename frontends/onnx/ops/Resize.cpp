//===- Resize.cpp - Resize and Upsample -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Window.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

/// The fraction that `scale` is written for (0.7, 2/3), if its terms are small: by its continued fraction.
std::optional<std::pair<int64_t, int64_t>> asFraction(float scale) {
  constexpr int64_t largest = 256;
  int64_t above = 1, below = 0, lastAbove = 0, lastBelow = 1;
  for (double rest = scale;; rest = 1 / (rest - std::floor(rest))) {
    double whole = std::floor(rest);
    if (!(whole <= largest))
      return std::nullopt;
    std::tie(above, lastAbove) = std::pair(int64_t(whole) * above + lastAbove, above);
    std::tie(below, lastBelow) = std::pair(int64_t(whole) * below + lastBelow, below);
    if (above > largest || below > largest)
      return std::nullopt;
    if (float(double(above) / double(below)) == scale)
      return std::pair(above, below);
  }
}

/// floor(size * scale), the product rounded to single precision as in ONNX Runtime, where that is an expression.
AffineExpr scaled(Node &node, AffineExpr size, float scale) {
  if (auto number = constantValue(size))
    return node.symbols().constant(int64_t(std::floor(float(*number) * scale)));
  auto fraction = asFraction(scale);
  // A scale that is less than its fraction must be near enough for whole products to be rounded up to what they are.
  if (!fraction || double(scale) * double(fraction->second) < double(fraction->first) * (1 - 0x1p-25))
    return {};
  return simplifyDimension((size * fraction->first).floorDiv(fraction->second));
}

/// What the two sizes' ratio is, where it is a number; else 0, as in ingot.resize.
double ratio(AffineExpr to, AffineExpr from) {
  auto above = constantValue(to), below = constantValue(from);
  if (above && below && *below)
    return double(*above) / double(*below);
  if (AffineExpr quotient = divideExactly(to, from))
    if (auto number = constantValue(quotient))
      return double(*number);
  if (AffineExpr quotient = divideExactly(from, to))
    if (auto number = constantValue(quotient); number && *number)
      return 1 / double(*number);
  return 0;
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
    target.scales[axis] = ratio(size, target.dims[axis]);
    if (target.scales[axis] == 0) // there must be an element to take
      node.getGraph().require(target.dims[axis] - 1);
    target.dims[axis] = size;
  }
  return target;
}

/// keep_aspect_ratio_policy: one scale for all axes, the least or the greatest, and sizes rounded to it.
LogicalResult keepAspectRatio(Node &node, Target &target, ArrayRef<int64_t> axes, bool isLeast) {
  double scale = target.scales[axes.front()];
  for (int64_t axis : axes)
    scale = isLeast ? std::min(scale, target.scales[axis]) : std::max(scale, target.scales[axis]);
  for (int64_t axis : axes) {
    auto size = constantValue(node.dims(0)[axis]);
    if (!size && (scale == 0 || target.scales[axis] != scale))
      return node.unsupported("keep_aspect_ratio_policy over the dynamic dimension " +
                              node.symbols().print(node.dims(0)[axis]));
    target.scales[axis] = scale;
    if (size)
      target.dims[axis] = node.symbols().constant(int64_t(std::floor(*size * scale + 0.5)));
  }
  return success();
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
  if (succeeded(target) && policy != "stretch" && !axes.empty() &&
      failed(keepAspectRatio(node, *target, axes, policy == "not_larger")))
    return failure();
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
