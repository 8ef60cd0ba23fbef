//===- WinogradTransforms.h - Winograd's transforms in registers -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Winograd's algorithm (see Winograd.h) multiplies small matrices by tiles of pixels or taps, sixteen channels at a
// time. The rows, or columns, of its matrices that belong to the points p and -p are equal but for signs, so that
// their even and odd parts are computed once.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_WINOGRADTRANSFORMS_H
#define INGOT_CODEGEN_CPU_EMITTERS_WINOGRADTRANSFORMS_H

#include "codegen/cpu/Evaluator.h"
#include "codegen/cpu/Winograd.h"

namespace ingot::cpu {

using Vectors = llvm::SmallVector<mlir::Value>;

/// `matrix` times x, where a row belongs to each point: B' (the input's transform), G (the filter's).
Vectors applyRows(KernelBuilder &builder, const Matrix &matrix, llvm::ArrayRef<mlir::Value> x);

/// `matrix` times x, where a column belongs to each point: A' (the output's transform), G'.
Vectors applyColumns(KernelBuilder &builder, const Matrix &matrix, llvm::ArrayRef<mlir::Value> x);

Matrix transposed(const Matrix &matrix);

/// M X N' for X of `rows` times `columns`: `at(i, j)` gives X's elements, `apply` multiplies a column by M and a row by
/// N. Where they differ it tells them apart by their length.
llvm::SmallVector<Vectors> transformRectangle(int64_t rows, int64_t columns,
                                              llvm::function_ref<mlir::Value(int64_t i, int64_t j)> at,
                                              llvm::function_ref<Vectors(llvm::ArrayRef<mlir::Value>)> apply);

/// Pieces of images [height, width, pitch], channels last, whose pixels outside of the image are zeros.
struct ImageTiles {
  mlir::Value pointer;
  int64_t height, width, pitch;
  /// Pixels of a tile along each axis, and how far they are apart.
  int64_t rows, columns, step = 1;
};

/// Stores `apply` (see transformRectangle) of both axes of the tile at pixel (y, x) of the image at `image`, for the
/// `channels` (a multiple of 16) from `image` on, to `to`: element e at place + e * elementPitch, channels side by
/// side.
void transformTile(KernelBuilder &builder, const ImageTiles &tiles, Index image, Index y, Index x, Index channels,
                   llvm::function_ref<Vectors(llvm::ArrayRef<mlir::Value>)> apply, mlir::Value to, Index place,
                   int64_t elementPitch);

/// Products of one tile that wait for the transformation back: element e of 16 filters at place + e * elementPitch, the
/// next 16 behind them.
struct ProductTile {
  mlir::Value pointer;
  Index place;
  int64_t elementPitch;
  /// The filters: groups of 16.
  Index firstPanel, panelCount;
  /// The output pixel where it begins.
  Index image, y, x;
};

/// `transform` of both axes of the tile, then the epilogue, for those of its pixels that `output` (channels last) has.
void storeTile(Evaluator &evaluator, mlir::Value output, const Matrix &transform, const ProductTile &tile);

/// Tiles of a batch of images, `extent` pixels apart: `columns` in a row, `count` in an image.
struct TileGrid {
  int64_t extent = 0, columns = 0, count = 0;

  TileGrid() = default;
  TileGrid(int64_t extent, int64_t height, int64_t width);
  /// Calls `body(number, image, y, x)`, y and x the first pixel, for tiles `first` + number, number < `tiles`.
  void forEach(KernelBuilder &builder, Index first, Index tiles,
               llvm::function_ref<void(Index number, Index image, Index y, Index x)> body) const;
};

} // namespace ingot::cpu

#endif
