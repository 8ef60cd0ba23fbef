//===- Winograd.h - Convolutions with fewer products ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// F(m x m, 3 x 3): an output tile of m x m pixels is A' ((G g G') * (B' d B)) A, where g is the 3 x 3 filter, d the
// input tile of m + 2 squared pixels, and * multiplies element by element. Summed over channels, each of the (m + 2)^2
// elements is a matrix product. The matrices come from interpolation at the points 0, +-5/8, +-3/2 and infinity for m =
// 4 (their error is 1.7 times that of the direct sum, a third of what the textbook's points 0, +-1, +-2 give), 0, +-1
// and infinity for m = 2. F(2 x 2, 5 x 5) has tiles of 6 squared pixels and the points of m = 4: 36 products in place
// of 100, with 1.3 times the direct sum's error.
//
// With stride 2, in one dimension, y_i = (a e_i + c e_(i+1)) + b o_i with e the even and o the odd samples: two taps
// over m + 1 samples and one tap over m. The two taps take m + 1 points, of which infinity is the last; the one tap's m
// outputs are interpolated at the other m, where its products add up with those of the two taps: 2m + 1 products for m
// outputs (instead of 3m), which one transformation takes back from m + 1 elements. So in two dimensions (2m + 1)^2
// products are summed in (m + 1)^2 elements. The filter has (m + 2)^2 elements: of the one tap, all points have the
// same. The points are +-1/2, +-3/2 and infinity for m = 4 (twice the direct sum's error), +-1 and infinity for m = 2.
// Of four taps two meet the odd samples as well, which then have m + 1 points of their own: 2m + 2 products for m
// outputs (instead of 4m), and a filter of (2m + 2)^2 elements.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_WINOGRAD_H
#define INGOT_CODEGEN_CPU_WINOGRAD_H

#include "codegen/cpu/WinogradForm.h"
#include "dialects/ingot/Ingot.h"

namespace ingot::cpu {

/// The form for which a kernel.pack or kernel.unpack transforms a filter, or with which an ingot.conv_filter_gradient
/// is computed; none when it is not. Held in discardable attributes, "kernel.winograd" (the tile) and, unless it is 1,
/// "kernel.winograd_stride"; the taps are those of the filter's type.
WinogradForm winogradForm(mlir::Operation *op);
void setWinogradForm(mlir::Operation *op, const WinogradForm &form);

/// What a batch that is not known counts as where the filters are not constant, and for how tiles are put together.
inline constexpr int64_t guessedImages = 8;

using Matrix = std::vector<std::vector<double>>;

/// With s the form's size(), f its filterSize() and r its taps.
struct WinogradMatrices {
  Matrix output; ///< A', m x s
  Matrix filter; ///< G, f x r; with stride 2 the last row, or half, is that of the taps over odd samples
  Matrix input;  ///< B', s x s; with stride 2 for even samples, and for odd ones (fewer with 3 taps) its first rows and
                 ///< columns
};

/// For a form with a tile.
WinogradMatrices winogradMatrices(const WinogradForm &form);

/// G g G' for all filters: [r, r, C, F] -> [f, f, C, F].
std::vector<float> transformFilter(llvm::ArrayRef<float> filter, int64_t channels, int64_t filters,
                                   const WinogradForm &form);

/// The stride that both axes of a convolution have, if it is one for which there is a form; otherwise 0.
int64_t winogradStride(mlir::Operation *op);

/// The form with tiles of `tile` pixels for a convolution or a filter's gradient that has one.
WinogradForm formFor(mlir::Operation *op, int64_t tile);

/// A way to compute a convolution: by a form of Winograd's algorithm, or directly (none).
struct ConvolutionCost {
  WinogradForm form;
  double microseconds; ///< of a core
};

/// What this convolution by a constant filter is expected to take, directly (the first) and with every form; empty
/// where Winograd's algorithm does not apply.
std::vector<ConvolutionCost> winogradCosts(ConvOp op);

/// The same for a convolution, transposed or not, whose filter is transformed in every run, and for the gradient of a
/// filter (conv_filter_gradient).
std::vector<ConvolutionCost> variableWinogradCosts(mlir::Operation *op);

} // namespace ingot::cpu

#endif
