//===- Winograd.cpp - Convolutions with fewer products --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Winograd.h"
#include "codegen/cpu/Schedule.h"
#include "codegen/cpu/Target.h"
#include "dialects/kernel/Kernel.h"

using namespace mlir;

namespace ingot::cpu {

/// The taps of the filter that `op` transforms, reads or computes the gradient of.
static int64_t tapsOf(Operation *op) {
  Value filter;
  if (auto pack = dyn_cast<kernel::PackOp>(op))
    filter = pack.getInput();
  else if (auto unpack = dyn_cast<kernel::UnpackOp>(op))
    filter = unpack.getOutput();
  else if (auto conv = dyn_cast<ConvOp>(op))
    filter = conv.getFilter();
  return filter ? cast<RankedTensorType>(filter.getType()).getDimSize(0) : 3;
}

WinogradForm winogradForm(Operation *op) {
  WinogradForm form;
  if (auto tile = op->getAttrOfType<IntegerAttr>("kernel.winograd"))
    form.tile = tile.getInt();
  if (auto stride = op->getAttrOfType<IntegerAttr>("kernel.winograd_stride"))
    form.stride = stride.getInt();
  if (form)
    form.taps = tapsOf(op);
  return form;
}

WinogradForm formFor(Operation *op, int64_t tile) { return {tile, winogradStride(op), tapsOf(op)}; }

void setWinogradForm(Operation *op, const WinogradForm &form) {
  Builder builder(op->getContext());
  if (form)
    op->setAttr("kernel.winograd", builder.getI64IntegerAttr(form.tile));
  if (form && form.stride != 1)
    op->setAttr("kernel.winograd_stride", builder.getI64IntegerAttr(form.stride));
}

namespace {

/// Without the one at infinity. With stride 2 there is none at 0, so that they are pairs.
std::vector<double> finitePoints(const WinogradForm &form) {
  if (form.stride == 2)
    return form.tile == 2 ? std::vector<double>{1, -1} : std::vector<double>{0.5, -0.5, 1.5, -1.5};
  return form.size() == 4 ? std::vector<double>{0, 1, -1} : std::vector<double>{0, 0.625, -0.625, 1.5, -1.5};
}

/// The coefficients of the product of all x - points[l] but that of `without`, and zeros, `size` of them.
std::vector<double> polynomial(ArrayRef<double> points, size_t without, size_t size) {
  std::vector<double> coefficients{1};
  for (size_t l = 0; l < points.size(); ++l) {
    if (l == without)
      continue;
    coefficients.push_back(0);
    for (size_t i = coefficients.size(); i-- > 0;)
      coefficients[i] = (i ? coefficients[i - 1] : 0) - points[l] * coefficients[i];
  }
  coefficients.resize(size);
  return coefficients;
}

} // namespace

// Toom and Cook: with points p_j, A'_ij = p_j^i, G_jk = p_j^k / N_j with N_j the product of all p_j - p_l, and row j of
// B' holds the coefficients of the product of all x - p_l, l != j. The point at infinity takes the leading
// coefficients. With stride 2 the two taps are the filter's first and third, and N_j divides B': then its rows without
// infinity are also what interpolates m outputs, and the tap between is its own transformed filter at every point.
WinogradMatrices winogradMatrices(const WinogradForm &form) {
  WinogradMatrices result;
  std::vector<double> points = finitePoints(form);
  size_t count = points.size(), size = form.size();
  for (size_t j = 0; j < count; ++j) {
    double p = points[j], norm = 1;
    for (size_t l = 0; l < count; ++l)
      norm *= l == j ? 1 : p - points[l];
    std::vector<double> row = polynomial(points, j, size);
    if (form.stride == 2)
      for (double &factor : row)
        factor /= norm;
    std::vector<double> taps(form.taps);
    for (int64_t k = 0; k < form.taps; k += form.stride)
      taps[k] = (k ? std::pow(p, double(k / form.stride)) : 1) / (form.stride == 2 ? 1 : norm);
    result.filter.push_back(taps);
    result.input.push_back(row);
  }
  std::vector<double> last(form.taps);
  last[(form.taps - 1) / form.stride * form.stride] = 1;
  result.filter.push_back(last);
  result.input.push_back(polynomial(points, size, size));
  if (form.stride == 2 && form.taps == 3)
    result.filter.push_back({0, 1, 0});
  for (size_t j = 0; form.taps == 4 && j < size; ++j)
    result.filter.push_back({0, result.filter[j][0], 0, result.filter[j][2]});
  for (int64_t i = 0; i < form.tile; ++i) {
    std::vector<double> row;
    for (double p : points)
      row.push_back(i ? std::pow(p, double(i)) : 1);
    row.push_back(i == form.tile - 1);
    result.output.push_back(row);
  }
  return result;
}

std::vector<float> transformFilter(ArrayRef<float> filter, int64_t channels, int64_t filters,
                                   const WinogradForm &form) {
  Matrix g = winogradMatrices(form).filter;
  int64_t size = form.filterSize(), taps = form.taps, plane = channels * filters;
  std::vector<float> result(size * size * plane);
  for (int64_t at = 0; at < plane; ++at) {
    double rows[10][5] = {};
    for (int64_t i = 0; i < size; ++i)
      for (int64_t l = 0; l < taps; ++l)
        for (int64_t k = 0; k < taps; ++k)
          rows[i][l] += g[i][k] * filter[(k * taps + l) * plane + at];
    for (int64_t i = 0; i < size; ++i)
      for (int64_t j = 0; j < size; ++j) {
        double sum = 0;
        for (int64_t l = 0; l < taps; ++l)
          sum += rows[i][l] * g[j][l];
        result[(i * size + j) * plane + at] = float(sum);
      }
  }
  return result;
}

int64_t winogradStride(Operation *op) {
  auto conv = dyn_cast<ConvOp>(op);
  if (!conv)
    return 1;
  ArrayRef<int64_t> strides = conv.getStrides();
  return llvm::all_equal(strides) && (strides[0] == 1 || strides[0] == 2) ? strides[0] : 0;
}

/// The sides of tiles for which there is a form.
static std::vector<int64_t> tilesFor(ArrayRef<int64_t> window, int64_t stride) {
  if ((window == ArrayRef<int64_t>{3, 3} && stride) || (window == ArrayRef<int64_t>{4, 4} && stride == 2))
    return {2, 4};
  if (window == ArrayRef<int64_t>{5, 5} && stride == 1)
    return {2};
  return {};
}

std::vector<ConvolutionCost> winogradCosts(ConvOp op) {
  auto input = cast<RankedTensorType>(op.getInput().getType()),
       filter = cast<RankedTensorType>(op.getFilter().getType());
  auto output = cast<RankedTensorType>(op.getOutput().getType());
  auto areOnes = [](ArrayRef<int64_t> values) {
    return llvm::all_of(values, [](int64_t value) { return value == 1; });
  };
  int64_t stride = winogradStride(op);
  std::vector<int64_t> tiles =
      input.getRank() == 4 ? tilesFor(filter.getShape().take_front(2), stride) : std::vector<int64_t>();
  if (tiles.empty() || !input.getElementType().isF32() || !areOnes(op.getDilations()) || op.getGroups() != 1 ||
      ShapedType::isDynamicShape(input.getShape().drop_front()) ||
      ShapedType::isDynamicShape(output.getShape().drop_front()) || !isa<BlockArgument>(op.getInput()))
    return {};
  double channels = filter.getDimSize(2), filters = filter.getDimSize(3);
  if (channels < 32 || filters < 32 || filter.getDimSize(2) % panelLanes || filter.getDimSize(3) % panelLanes)
    return {};
  // Microseconds: arithmetic, reading the weights, and transforms. A core of the machines that this was measured on
  // does 200 to 290 GFLOP/s; reading the weights overlaps with that so little that the sum tells the best algorithm,
  // not the longer of them. Direct convolution skips what is padding.
  constexpr double operations = 240e3, transformBytes = 100e3;
  // An open batch is taken for one image, what a deployed model sees most often. The tile that is best for eight made a
  // network take half as long again for one, its weights coming from memory, and saved a tenth for eight at most.
  double images = output.isDynamicDim(0) ? 1 : output.getDimSize(0);
  double height = output.getDimSize(1), width = output.getDimSize(2), products = channels * filters;
  auto square = [](double side) { return side * side; };
  double side = filter.getDimSize(0), skipped = stride == 1 ? (square(side) - 1) / 4 : side - 2;
  double taps = images * (side * height - skipped) * (side * width - skipped);
  std::vector<ConvolutionCost> costs = {
      {{}, 2 * taps * products / operations + weightMicroseconds(square(side) * products * 4)}};
  for (int64_t tile : tiles) {
    WinogradForm form = formFor(op, tile);
    double count = images * std::ceil(height / tile) * std::ceil(width / tile);
    double cost = 2 * square(form.products()) * count * products / operations +
                  weightMicroseconds(square(form.filterSize()) * products * 4) +
                  count * (square(form.products()) * channels + square(form.size()) * filters) * 8 / transformBytes;
    costs.push_back({form, cost});
  }
  return costs;
}

} // namespace ingot::cpu
