//===- Winograd.h - Convolutions with fewer products ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// F(m x m, 3 x 3): an output tile of m x m pixels is A' ((G g G') * (B' d B)) A, where g is the 3 x 3 filter, d the
// input tile of m + 2 squared pixels, and * multiplies element by element. Summed over channels, each of the (m + 2)^2
// elements is a matrix product. The matrices come from interpolation at the points 0, +-5/8, +-3/2 and infinity for m =
// 4 (their error is 1.7 times that of the direct sum, a third of what the textbook's points 0, +-1, +-2 give), 0, +-1
// and infinity for m = 2.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_WINOGRAD_H
#define INGOT_CODEGEN_CPU_WINOGRAD_H

#include "dialects/ingot/Ingot.h"

namespace ingot::cpu {

/// The tile size for which a kernel.pack or kernel.unpack transforms a filter, or with which an
/// ingot.conv_filter_gradient is computed; 0 when it is not. Held in a discardable attribute, "kernel.winograd".
int64_t winogradTile(mlir::Operation *op);
void setWinogradTile(mlir::Operation *op, int64_t tile);

/// What a batch that is not known counts as.
inline constexpr int64_t guessedImages = 8;

using Matrix = std::vector<std::vector<double>>;

struct WinogradMatrices {
  std::vector<double> points;
  Matrix output; ///< A', m x (m + 2)
  Matrix filter; ///< G, (m + 2) x 3
  Matrix input;  ///< B', (m + 2) x (m + 2)
};

/// For output tiles of `tile` x `tile` pixels; 2 or 4.
WinogradMatrices winogradMatrices(int64_t tile);

/// G g G' for all filters: [3, 3, C, F] -> [tile + 2, tile + 2, C, F].
std::vector<float> transformFilter(llvm::ArrayRef<float> filter, int64_t channels, int64_t filters, int64_t tile);

/// A way to compute a convolution: with output tiles of this size, or directly (0).
struct ConvolutionCost {
  int64_t tile;
  double microseconds; ///< of a core
};

/// What this convolution by a constant filter is expected to take, directly (the first) and with every tile; empty
/// where Winograd's algorithm does not apply.
std::vector<ConvolutionCost> winogradCosts(ConvOp op);

/// The same for a convolution, transposed or not, whose filter is transformed in every run, and for the gradient of a
/// filter (conv_filter_gradient).
std::vector<ConvolutionCost> variableWinogradCosts(mlir::Operation *op);

} // namespace ingot::cpu

#endif
