//===- WinogradTransforms.cpp - Winograd's transforms in registers --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/WinogradTransforms.h"
#include "codegen/cpu/Target.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// Sum of factor * value, leaving out zeros and starting with a factor of one.
Value combine(KernelBuilder &builder, ArrayRef<double> factors, ArrayRef<Value> values) {
  SmallVector<std::pair<double, Value>> terms;
  for (auto [factor, value] : llvm::zip(factors, values))
    if (factor != 0)
      terms.push_back({factor, value});
  llvm::stable_sort(terms, [](auto &a, auto &b) { return (a.first == 1) > (b.first == 1); });
  Value sum;
  for (auto &[factor, value] : terms) {
    auto scale = [&, factor = factor, value = value] { return builder.constant(value.getType(), factor); };
    if (!sum)
      sum = factor == 1 ? value : builder.create<arith::MulFOp>(value, scale()).getResult();
    else if (factor == 1)
      sum = builder.create<arith::AddFOp>(sum, value);
    else if (factor == -1)
      sum = builder.create<arith::SubFOp>(sum, value);
    else
      sum = builder.fma(value, scale(), sum);
  }
  return sum;
}

/// Whether `row` and the next one belong to points p and -p: they are equal but for signs, some of which differ and
/// some do not.
bool isPair(const Matrix &matrix, size_t row) {
  if (row + 1 >= matrix.size())
    return false;
  bool hasEven = false, hasOdd = false;
  for (auto [a, b] : llvm::zip(matrix[row], matrix[row + 1])) {
    if (std::abs(a) != std::abs(b))
      return false;
    hasEven |= a != 0 && a == b;
    hasOdd |= a != 0 && a != b;
  }
  return hasEven && hasOdd;
}

} // namespace

Vectors applyRows(KernelBuilder &builder, const Matrix &matrix, ArrayRef<Value> x) {
  Vectors result;
  for (size_t row = 0; row < matrix.size(); ++row) {
    if (!isPair(matrix, row)) {
      result.push_back(combine(builder, matrix[row], x));
      continue;
    }
    std::vector<double> even = matrix[row], odd = matrix[row];
    for (size_t i = 0; i < even.size(); ++i)
      (matrix[row][i] == matrix[row + 1][i] ? odd : even)[i] = 0;
    Value same = combine(builder, even, x), opposite = combine(builder, odd, x);
    result.push_back(builder.create<arith::AddFOp>(same, opposite));
    result.push_back(builder.create<arith::SubFOp>(same, opposite));
    ++row;
  }
  return result;
}

Vectors applyColumns(KernelBuilder &builder, const Matrix &matrix, ArrayRef<Value> x) {
  Matrix columns = transposed(matrix);
  SmallVector<size_t> pairs, singles;
  for (size_t j = 0; j < x.size(); ++j)
    if (isPair(columns, j))
      pairs.push_back(j++);
    else
      singles.push_back(j);
  Vectors sums, differences, result;
  for (size_t j : pairs) {
    sums.push_back(builder.create<arith::AddFOp>(x[j], x[j + 1]));
    differences.push_back(builder.create<arith::SubFOp>(x[j], x[j + 1]));
  }
  for (const std::vector<double> &row : matrix) {
    Vectors values;
    std::vector<double> factors;
    for (auto [number, j] : llvm::enumerate(pairs)) {
      values.push_back((row[j] == row[j + 1] ? sums : differences)[number]);
      factors.push_back(row[j]);
    }
    for (size_t j : singles) {
      values.push_back(x[j]);
      factors.push_back(row[j]);
    }
    result.push_back(combine(builder, factors, values));
  }
  return result;
}

Matrix transposed(const Matrix &matrix) {
  Matrix result(matrix.front().size(), std::vector<double>(matrix.size()));
  for (size_t i = 0; i < matrix.size(); ++i)
    for (size_t j = 0; j < matrix[i].size(); ++j)
      result[j][i] = matrix[i][j];
  return result;
}

SmallVector<Vectors> transformRectangle(int64_t rows, int64_t width, llvm::function_ref<Value(int64_t, int64_t)> at,
                                        llvm::function_ref<Vectors(ArrayRef<Value>)> apply) {
  SmallVector<Vectors> columns, result;
  for (int64_t j = 0; j < width; ++j) {
    Vectors column;
    for (int64_t i = 0; i < rows; ++i)
      column.push_back(at(i, j));
    columns.push_back(apply(column));
  }
  for (size_t i = 0; i < columns.front().size(); ++i) {
    Vectors row;
    for (const Vectors &column : columns)
      row.push_back(column[i]);
    result.push_back(apply(row));
  }
  return result;
}

namespace {

/// 0 <= at < room as i1.
Value isInside(KernelBuilder &builder, Index at, int64_t room) {
  return builder.create<arith::CmpIOp>(arith::CmpIPredicate::ult, builder.value(at), builder.value(room));
}

void transformPixels(KernelBuilder &builder, const ImageTiles &tiles, Index image, Index y, Index x, Index channels,
                     llvm::function_ref<Vectors(ArrayRef<Value>)> apply, Value to, Index place, int64_t elementPitch,
                     bool isClipped) {
  SmallVector<Index> rows, columns;
  SmallVector<Value> hasRow, hasColumn;
  // A lane that is off must still have a mapped address: the processor is slow when it has not.
  auto inside = [&](Index at, int64_t room, SmallVector<Value> &exists) -> Index {
    if (!isClipped)
      return at;
    exists.push_back(isInside(builder, at, room));
    return builder.min(builder.max(at, 0), room - 1);
  };
  for (int64_t i = 0; i < tiles.rows; ++i) {
    Index row = inside(builder.add(y, i * tiles.step), tiles.height, hasRow);
    rows.push_back(builder.add(image, builder.mul(row, tiles.width * tiles.pitch)));
  }
  for (int64_t j = 0; j < tiles.columns; ++j) {
    Index column = inside(builder.add(x, j * tiles.step), tiles.width, hasColumn);
    columns.push_back(builder.mul(column, tiles.pitch));
  }
  builder.loop(0, channels, panelLanes, [&](Index channel) {
    auto load = [&](int64_t i, int64_t j) {
      Value mask;
      if (isClipped)
        mask = builder.splat(builder.create<arith::AndIOp>(hasRow[i], hasColumn[j]), panelLanes);
      Index at = builder.add(builder.add(rows[i], columns[j]), channel);
      return builder.loadVector(tiles.pointer, builder.op().getF32Type(), at, panelLanes, mask);
    };
    SmallVector<Vectors> transformed = transformRectangle(tiles.rows, tiles.columns, load, apply);
    int64_t element = 0;
    for (const Vectors &row : transformed)
      for (Value vector : row)
        builder.storeVector(vector, to, builder.add(builder.add(place, channel), element++ * elementPitch));
  });
}

} // namespace

void transformTile(KernelBuilder &builder, const ImageTiles &tiles, Index image, Index y, Index x, Index channels,
                   llvm::function_ref<Vectors(ArrayRef<Value>)> apply, Value to, Index place, int64_t elementPitch) {
  auto emit = [&](bool isClipped) {
    transformPixels(builder, tiles, image, y, x, channels, apply, to, place, elementPitch, isClipped);
  };
  int64_t high = (tiles.rows - 1) * tiles.step + 1, wide = (tiles.columns - 1) * tiles.step + 1;
  Index room = builder.min(builder.sub(tiles.height - high, y), builder.sub(tiles.width - wide, x));
  builder.ifThen(
      builder.less(builder.min(builder.min(x, y), room), 0), [&] { emit(true); }, [&] { emit(false); });
}

namespace {

/// 16 filters: group number `panel` of the tile's.
void storePanel(Evaluator &evaluator, Value output, const Matrix &transform, const ProductTile &tile, Index panel,
                bool isClipped) {
  KernelBuilder &builder = evaluator.getBuilder();
  int64_t size = transform.front().size(), extent = transform.size();
  Index from = builder.add(tile.place, builder.mul(panel, panelLanes));
  auto load = [&](int64_t i, int64_t j) {
    Index at = builder.add(from, (i * size + j) * tile.elementPitch);
    return builder.loadVector(tile.pointer, builder.op().getF32Type(), at, panelLanes);
  };
  auto apply = [&](ArrayRef<Value> x) { return applyColumns(builder, transform, x); };
  SmallVector<Vectors> pixels = transformRectangle(size, size, load, apply);
  SmallVector<AffineExpr> dims = evaluator.dims(output);
  Lanes lanes = evaluator.lanes(panelLanes);
  Point point{evaluator.variable(tile.image, dims[0]), {}, {}, {}};
  AffineExpr panels = evaluator.constant(*constantValue(dims[3]) / panelLanes);
  point[3] = evaluator.variable(builder.add(tile.firstPanel, panel), panels) * panelLanes + lanes.variable;
  for (int64_t i = 0; i < extent; ++i)
    for (int64_t j = 0; j < extent; ++j) {
      Index y = builder.add(tile.y, i), x = builder.add(tile.x, j);
      auto store = [&] {
        point[1] = evaluator.variable(y, dims[1]);
        point[2] = evaluator.variable(x, dims[2]);
        evaluator.bind(output, pixels[i][j]);
        evaluator.storeResults(output, point, &lanes);
        evaluator.unbind(output);
      };
      if (!isClipped) {
        store();
        continue;
      }
      Value exists = builder.create<arith::AndIOp>(isInside(builder, y, *constantValue(dims[1])),
                                                   isInside(builder, x, *constantValue(dims[2])));
      builder.ifThen(exists, store);
    }
}

} // namespace

void storeTile(Evaluator &evaluator, Value output, const Matrix &transform, const ProductTile &tile) {
  KernelBuilder &builder = evaluator.getBuilder();
  SmallVector<AffineExpr> dims = evaluator.dims(output);
  int64_t height = *constantValue(dims[1]), width = *constantValue(dims[2]), extent = transform.size();
  auto store = [&](bool isClipped) {
    builder.loop(0, tile.panelCount, 1,
                 [&](Index panel) { storePanel(evaluator, output, transform, tile, panel, isClipped); });
  };
  if (height % extent == 0 && width % extent == 0)
    return store(false);
  Index room = builder.min(builder.sub(height - extent, tile.y), builder.sub(width - extent, tile.x));
  builder.ifThen(
      builder.less(room, 0), [&] { store(true); }, [&] { store(false); });
}

TileGrid::TileGrid(int64_t extent, int64_t height, int64_t width)
    : extent(extent), columns(llvm::divideCeil(width, extent)), count(columns * llvm::divideCeil(height, extent)) {}

void TileGrid::forEach(KernelBuilder &builder, Index first, Index tiles,
                       llvm::function_ref<void(Index, Index, Index, Index)> body) const {
  builder.loop(0, tiles, 1, [&](Index number) {
    Index at = builder.add(first, number), place = builder.mod(at, count);
    body(number, builder.div(at, count), builder.mul(builder.div(place, columns), extent),
         builder.mul(builder.mod(place, columns), extent));
  });
}

} // namespace ingot::cpu
