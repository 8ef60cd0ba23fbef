//===- ConvolutionProblem.cpp - What a convolution asks for ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads conv and conv_transpose into one description, and decides between matrix product and direct convolution.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Contraction.h"
#include "codegen/cpu/emitters/Convolution.h"
#include "codegen/cpu/emitters/StoredPanels.h"
#include <numeric>

using namespace mlir;

namespace ingot::cpu {
namespace {

/// Window extents and channels, which must be known.
bool readFilter(ArrayRef<AffineExpr> filter, Window &window) {
  for (AffineExpr dim : filter)
    if (!constantValue(dim))
      return false;
  for (AffineExpr dim : filter.drop_back(2))
    window.extents.push_back(*constantValue(dim));
  return true;
}

std::optional<Window> describe(ConvOp op, Evaluator &evaluator) {
  Window window{op.getInput(), op.getFilter(), op.getOutput(), int64_t(op.getGroups()), 1, 1, {}, {}};
  SmallVector<AffineExpr> input = evaluator.dims(op.getInput()), output = evaluator.dims(op.getOutput());
  SmallVector<AffineExpr> filter = evaluator.dims(op.getFilter());
  if (!readFilter(filter, window))
    return std::nullopt;
  window.channels = *constantValue(filter[filter.size() - 2]);
  window.filters = *constantValue(filter.back()) / window.groups;
  SmallVector<WindowAxis> axes;
  for (auto [axis, extent] : llvm::enumerate(window.extents))
    axes.push_back(WindowAxis::forward(input[axis + 1], output[axis + 1], extent, op.getStrides()[axis],
                                       op.getDilations()[axis], op.getLow()[axis]));
  window.phases.push_back(axes);
  return window;
}

std::optional<Window> describe(ConvTransposeOp op, Evaluator &evaluator) {
  Window window{op.getInput(), op.getFilter(), op.getOutput(), int64_t(op.getGroups()), 1, 1, {}, {}};
  SmallVector<AffineExpr> filter = evaluator.dims(op.getFilter());
  // The filter's columns are neighbours only once packed.
  if (!unpackOf(op.getFilter()) || !readFilter(filter, window))
    return std::nullopt;
  window.channels = *constantValue(filter.back()) / window.groups;
  window.filters = *constantValue(filter[filter.size() - 2]);
  // Each phase is code of its own.
  ArrayRef<int64_t> strides = op.getStrides();
  if (std::accumulate(strides.begin(), strides.end(), int64_t(1), std::multiplies<>()) > 16)
    return std::nullopt;
  window.phases = transposedPhases(op, evaluator);
  return window;
}

/// Whether every output pixel reads exactly one pixel of the input, `step` times as far along each axis.
bool isPointwise(const Window &window) {
  auto staysInside = [](const WindowAxis &axis) {
    if (axis.step == 1)
      return axis.input == axis.output;
    auto input = constantValue(axis.input), output = constantValue(axis.output);
    return input && output && (*output - 1) * axis.step < *input;
  };
  // Filters too few to be lanes are not stored in panels of sixteen.
  kernel::UnpackOp unpack = unpackOf(window.filter);
  bool hasFewFilters = unpack && unpack.getBlocks()[0] != panelLanes;
  return window.groups == 1 && window.phases.size() == 1 && !hasFewFilters &&
         llvm::all_of(window.phases[0], [&](const WindowAxis &axis) {
           return axis.taps == 1 && axis.first == 0 && axis.outputStep == 1 && staysInside(axis);
         });
}

/// output[pixel, f] = sum over c of input[pixel, c] * filter[c, f].
Product asProduct(const Window &window, Evaluator &evaluator) {
  SmallVector<AffineExpr> output = evaluator.dims(window.output);
  BlockArgument panels;
  if (kernel::UnpackOp unpack = unpackOf(window.filter))
    panels = dyn_cast<BlockArgument>(unpack.getInput());
  Product product{window.input,
                  window.filter,
                  window.output,
                  panels,
                  {},
                  {},
                  output.back(),
                  evaluator.getSymbols().constant(window.channels)};
  // Images are a batch, so that rows are cut evenly where an image's pixels are known; small images count as one
  // matrix.
  AffineExpr pixels = ingot::product(ArrayRef(output).drop_front().drop_back(), output[0].getContext());
  auto pixelCount = constantValue(pixels);
  bool isSmall = pixelCount && *pixelCount <= 16;
  if (!isSmall)
    product.batch.push_back(output.front());
  else if (!constantValue(output.front()) && *pixelCount >= leastRowsTogether)
    product.rowsTogether = *pixelCount;
  product.rows.assign(output.begin() + product.batch.size(), output.end() - 1);
  if (llvm::any_of(window.phases[0], [](const WindowAxis &axis) { return axis.step != 1; })) {
    product.rowSteps.assign(product.rows.size(), 1); // images, where they are rows, are neighbours
    for (size_t axis = window.phases[0].size(), row = product.rows.size(); axis-- > 0;)
      product.rowSteps[--row] = window.phases[0][axis].step;
  }
  return product;
}

} // namespace

SmallVector<SmallVector<WindowAxis>> transposedPhases(ConvTransposeOp op, Evaluator &evaluator) {
  SmallVector<AffineExpr> input = evaluator.dims(op.getInput()), output = evaluator.dims(op.getOutput());
  SmallVector<AffineExpr> filter = evaluator.dims(op.getFilter());
  ArrayRef<int64_t> strides = op.getStrides();
  int64_t phases = std::accumulate(strides.begin(), strides.end(), int64_t(1), std::multiplies<>());
  SmallVector<SmallVector<WindowAxis>> result;
  for (int64_t number = 0; number < phases; ++number) {
    SmallVector<WindowAxis> axes;
    int64_t rest = number;
    for (auto [axis, stride] : llvm::enumerate(strides)) {
      axes.push_back(WindowAxis::transposed(input[axis + 1], output[axis + 1], *constantValue(filter[axis]), stride,
                                            op.getDilations()[axis], op.getLow()[axis], rest % stride));
      rest /= stride;
    }
    result.push_back(axes);
  }
  return result;
}

std::optional<Window> describeConvolution(Operation *root, Evaluator &evaluator) {
  if (auto conv = dyn_cast_or_null<ConvOp>(root))
    return describe(conv, evaluator);
  if (auto conv = dyn_cast_or_null<ConvTransposeOp>(root))
    return describe(conv, evaluator);
  return std::nullopt;
}

FailureOr<Division> emitConvolution(Emission &emission) {
  std::optional<Window> window = describeConvolution(emission.root, emission.evaluator);
  if (!window)
    return failure();
  if (isPointwise(*window)) {
    Contraction contraction(emission, asProduct(*window, emission.evaluator));
    if (contraction.analyze())
      return contraction.emit();
  }
  Convolution convolution(emission, std::move(*window));
  if (!convolution.analyze())
    return failure();
  return convolution.emit();
}

} // namespace ingot::cpu
