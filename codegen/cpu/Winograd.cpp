//===- Winograd.cpp - Convolutions with fewer products --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Winograd.h"
#include "codegen/cpu/Target.h"

using namespace mlir;

namespace ingot::cpu {

int64_t winogradTile(Operation *op) {
  auto tile = op->getAttrOfType<IntegerAttr>("kernel.winograd");
  return tile ? tile.getInt() : 0;
}

void setWinogradTile(Operation *op, int64_t tile) {
  if (tile)
    op->setAttr("kernel.winograd", Builder(op->getContext()).getI64IntegerAttr(tile));
}

// Toom and Cook: with points p_j, A'_ij = p_j^i, G_jk = p_j^k / N_j with N_j the product of all p_j - p_l, and row j of
// B' holds the coefficients of the product of all x - p_l, l != j. The point at infinity takes the leading
// coefficients.
WinogradMatrices winogradMatrices(int64_t tile) {
  WinogradMatrices result;
  result.points = tile == 2 ? std::vector<double>{0, 1, -1} : std::vector<double>{0, 0.625, -0.625, 1.5, -1.5};
  size_t count = result.points.size(), size = count + 1;
  auto polynomial = [&](size_t without) {
    std::vector<double> coefficients{1};
    for (size_t l = 0; l < count; ++l) {
      if (l == without)
        continue;
      coefficients.push_back(0);
      for (size_t i = coefficients.size(); i-- > 0;)
        coefficients[i] = (i ? coefficients[i - 1] : 0) - result.points[l] * coefficients[i];
    }
    coefficients.resize(size);
    return coefficients;
  };
  for (size_t j = 0; j < count; ++j) {
    double p = result.points[j], norm = 1;
    for (size_t l = 0; l < count; ++l)
      norm *= l == j ? 1 : p - result.points[l];
    result.filter.push_back({1 / norm, p / norm, p * p / norm});
    result.input.push_back(polynomial(j));
  }
  result.filter.push_back({0, 0, 1});
  result.input.push_back(polynomial(size));
  for (int64_t i = 0; i < tile; ++i) {
    std::vector<double> row;
    for (double p : result.points)
      row.push_back(i ? std::pow(p, double(i)) : 1);
    row.push_back(i == tile - 1);
    result.output.push_back(row);
  }
  return result;
}

std::vector<float> transformFilter(ArrayRef<float> filter, int64_t channels, int64_t filters, int64_t tile) {
  Matrix g = winogradMatrices(tile).filter;
  int64_t size = tile + 2, plane = channels * filters;
  std::vector<float> result(size * size * plane);
  for (int64_t at = 0; at < plane; ++at) {
    double rows[6][3] = {};
    for (int64_t i = 0; i < size; ++i)
      for (int64_t l = 0; l < 3; ++l)
        for (int64_t k = 0; k < 3; ++k)
          rows[i][l] += g[i][k] * filter[(k * 3 + l) * plane + at];
    for (int64_t i = 0; i < size; ++i)
      for (int64_t j = 0; j < size; ++j) {
        double sum = 0;
        for (int64_t l = 0; l < 3; ++l)
          sum += rows[i][l] * g[j][l];
        result[(i * size + j) * plane + at] = float(sum);
      }
  }
  return result;
}

std::vector<ConvolutionCost> winogradCosts(ConvOp op) {
  auto input = cast<RankedTensorType>(op.getInput().getType()),
       filter = cast<RankedTensorType>(op.getFilter().getType());
  auto output = cast<RankedTensorType>(op.getOutput().getType());
  auto areOnes = [](ArrayRef<int64_t> values) {
    return llvm::all_of(values, [](int64_t value) { return value == 1; });
  };
  if (input.getRank() != 4 || !input.getElementType().isF32() ||
      filter.getShape().take_front(2) != ArrayRef<int64_t>{3, 3} || !areOnes(op.getStrides()) ||
      !areOnes(op.getDilations()) || op.getGroups() != 1 || ShapedType::isDynamicShape(input.getShape().drop_front()) ||
      ShapedType::isDynamicShape(output.getShape().drop_front()) || !isa<BlockArgument>(op.getInput()))
    return {};
  double channels = filter.getDimSize(2), filters = filter.getDimSize(3);
  if (channels < 32 || filters < 32 || filter.getDimSize(2) % panelLanes || filter.getDimSize(3) % panelLanes)
    return {};
  // Microseconds: arithmetic, reading the weights, and transforms. A core of the machines that this was measured on
  // does 200 to 290 GFLOP/s and reads weights that other layers have displaced at 20 to 48 GB/s; the two overlap so
  // little that their sum tells the best algorithm, not the longer of them. Direct convolution skips what is padding.
  constexpr double operations = 240e3, weightBytes = 32e3, transformBytes = 100e3;
  // An open batch is taken for one image, what a deployed model sees most often: the tile that is best for eight takes
  // half as long again for one where its weights come from memory, and gains next to nothing for eight.
  double images = output.isDynamicDim(0) ? 1 : output.getDimSize(0);
  double height = output.getDimSize(1), width = output.getDimSize(2), products = channels * filters;
  double taps = images * (3 * height - 2) * (3 * width - 2);
  std::vector<ConvolutionCost> costs = {{0, 2 * taps * products / operations + 9 * products * 4 / weightBytes}};
  for (int64_t tile : {2, 4}) {
    double elements = (tile + 2) * (tile + 2);
    double tiles = images * std::ceil(height / tile) * std::ceil(width / tile);
    double cost = 2 * elements * tiles * products / operations + elements * products * 4 / weightBytes +
                  elements * tiles * (channels + filters) * 8 / transformBytes;
    costs.push_back({tile, cost});
  }
  return costs;
}

} // namespace ingot::cpu
