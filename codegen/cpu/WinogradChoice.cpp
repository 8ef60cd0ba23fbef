//===- WinogradChoice.cpp - Winograd's algorithm for variable filters -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The cost model for filters that are no constants, which each run has to transform, and for filters' gradients.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Target.h"
#include "codegen/cpu/Winograd.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// What counts of a convolution by 3 x 3 filters, whichever of its three tensors is computed.
struct Shape {
  double images, height, width, channels, filters; // height and width of the output
};

constexpr int64_t leastChannels = 32;
// Operations, bytes of caches and bytes of memory in a microsecond.
constexpr double operationRate = 270e3, transformRate = 100e3, memoryRate = 15e3;

bool areOnes(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t value) { return value == 1; });
}

/// Whether the emitters can read `value` [N, H, W, C] in panels of channels, where it lies.
bool isImage(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return isa<BlockArgument>(value) && type.getRank() == 4 && type.getElementType().isF32() &&
         !ShapedType::isDynamicShape(type.getShape().drop_front());
}

bool fills(int64_t channels) { return channels >= leastChannels && channels % panelLanes == 0; }

std::optional<Shape> shapeOf(RankedTensorType output, int64_t channels, int64_t filters) {
  if (ShapedType::isDynamicShape(output.getShape().drop_front()) || !fills(channels) || !fills(filters))
    return std::nullopt;
  int64_t images = output.isDynamicDim(0) ? guessedImages : output.getDimSize(0);
  return Shape{double(images), double(output.getDimSize(1)), double(output.getDimSize(2)), double(channels),
               double(filters)};
}

template <typename Op>
bool isPlain(Op op) {
  return areOnes(op.getStrides()) && areOnes(op.getDilations()) && op.getGroups() == 1;
}

/// Of a convolution, transposed or not. `redone` says how often the two transformations are computed.
std::vector<ConvolutionCost> costsOf(const Shape &shape, double inputRedone, double outputRedone,
                                     bool transformsFilter) {
  double products = shape.channels * shape.filters, pixels = shape.images * shape.height * shape.width;
  double packing = transformsFilter ? products * 4 * 2 / memoryRate : 0;
  std::vector<ConvolutionCost> costs = {{{}, 0.9 * (2 * 9 * pixels * products / operationRate + 9 * packing)}};
  for (int64_t tile : {2, 4}) {
    double elements = (tile + 2) * (tile + 2);
    double tiles = shape.images * std::ceil(shape.height / tile) * std::ceil(shape.width / tile);
    double cost = 2 * elements * tiles * products / operationRate + elements * packing +
                  elements * tiles * (shape.channels * inputRedone + shape.filters * outputRedone) * 8 / transformRate;
    costs.push_back({{tile}, cost});
  }
  return costs;
}

/// Convolutions with filters [3, 3, ...].
template <typename Op>
std::vector<ConvolutionCost> costsForFilter(Op op, int64_t channelAxis, int64_t filterAxis) {
  auto filter = cast<RankedTensorType>(op.getFilter().getType());
  if (filter.getRank() != 4 || !isPlain(op) || !isImage(op.getInput()) ||
      filter.getShape().take_front(2) != ArrayRef<int64_t>{3, 3})
    return {};
  auto shape = shapeOf(cast<RankedTensorType>(op.getOutput().getType()), filter.getDimSize(channelAxis),
                       filter.getDimSize(filterAxis));
  return shape ? costsOf(*shape, 1, 1, /*transformsFilter=*/true) : std::vector<ConvolutionCost>();
}

std::vector<ConvolutionCost> costsForGradient(ConvFilterGradientOp op) {
  if (op.getWindow() != ArrayRef<int64_t>{3, 3} || !isPlain(op) || !isImage(op.getInput()) ||
      !isImage(op.getGradient()))
    return {};
  auto gradient = cast<RankedTensorType>(op.getGradient().getType());
  auto shape = shapeOf(gradient, cast<RankedTensorType>(op.getInput().getType()).getDimSize(3), gradient.getDimSize(3));
  // Items of up to 64 channels and filters transform for themselves.
  return shape ? costsOf(*shape, std::max(1.0, shape->filters / 64), std::max(1.0, shape->channels / 64),
                         /*transformsFilter=*/false)
               : std::vector<ConvolutionCost>();
}

} // namespace

std::vector<ConvolutionCost> variableWinogradCosts(Operation *op) {
  if (auto conv = dyn_cast<ConvOp>(op))
    return costsForFilter(conv, 2, 3);
  if (auto conv = dyn_cast<ConvTransposeOp>(op))
    return costsForFilter(conv, 3, 2);
  if (auto gradient = dyn_cast<ConvFilterGradientOp>(op))
    return costsForGradient(gradient);
  return {};
}

} // namespace ingot::cpu
