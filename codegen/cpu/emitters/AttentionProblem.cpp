//===- AttentionProblem.cpp - What attention reads, and in what pieces ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Attention.h"
#include "codegen/cpu/emitters/Linear.h"
#include "codegen/cpu/emitters/StoredPanels.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

constexpr int64_t widest = 512; // of queries, keys and values

/// Keys whose scores are held at once: few enough for the first-level cache.
int64_t chooseKeyLimit(std::optional<int64_t> keys) {
  constexpr int64_t most = 256, usual = 128;
  if (!keys)
    return usual;
  return *keys <= most ? *keys : llvm::divideCeil(*keys, llvm::divideCeil(*keys, usual));
}

} // namespace

AttentionKernel::AttentionKernel(Emission &emission, AttentionOp op)
    : op(op), evaluator(emission.evaluator), builder(emission.builder), at{builder.op(), builder.getLoc()},
      target(emission.target), begin(emission.begin), end(emission.end),
      scratchMemory(emission.scratch), queries{op.getQueries()}, keys{op.getKeys()}, values{op.getValues()},
      scale(op.getScale().convertToDouble()), fill(op.getFill().convertToDouble()) {
  SmallVector<AffineExpr> output = evaluator.dims(op.getOutput()), valueDims = evaluator.dims(op.getValues());
  batch.assign(output.begin(), output.end() - 2);
  queryExtent = output[output.size() - 2];
  keyExtent = valueDims[valueDims.size() - 2];
  if (!constantValue(keyExtent))
    keyExtent = evaluator.dims(op.getKeys())[evaluator.dims(op.getKeys()).size() - 2];
  auto known = [&](Value tensor) { return constantValue(evaluator.dims(tensor).back()).value_or(0); };
  depth = std::max(known(op.getQueries()), known(op.getKeys()));
  width = known(op.getValues());
}

std::optional<Access> AttentionKernel::place(Value tensor, ArrayRef<AffineExpr> batchPoint, AffineExpr row,
                                             AffineExpr column) {
  SmallVector<AffineExpr> dims = evaluator.dims(tensor);
  Point point = broadcastPoint(batchPoint, ArrayRef(dims).drop_back(2));
  point.append({row, column});
  return evaluator.access(tensor, point);
}

bool AttentionKernel::analyze(Matrix &matrix) {
  if (!getElementTypeOrSelf(matrix.tensor).isF32())
    return false;
  if (Value halves = storedHalves(matrix.tensor); halves && &matrix != &queries) {
    matrix.tensor = halves;
    matrix.half = getElementTypeOrSelf(halves);
  }
  Point probes;
  for (AffineExpr extent : batch)
    probes.push_back(probe(evaluator, extent));
  SmallVector<AffineExpr> dims = evaluator.dims(matrix.tensor);
  AffineExpr row = probe(evaluator, dims[dims.size() - 2]), column = probe(evaluator, dims.back());
  auto access = place(matrix.tensor, probes, row, column);
  if (!access)
    return false;
  matrix.rowStride = strideOf(access->offset, row);
  matrix.columnStride = strideOf(access->offset, column);
  return matrix.rowStride && matrix.columnStride;
}

bool AttentionKernel::analyze() {
  bool isSized = depth > 0 && width > 0 && depth <= widest && width <= widest;
  return isSized && analyze(queries) && analyze(keys) && analyze(values) &&
         (width == 1 || constantValue(values.columnStride) == 1);
}

/// Whether a few queries can each walk along the keys, with lanes along their elements.
bool AttentionKernel::canStreamQueries() const {
  return constantValue(queries.columnStride) == 1 && constantValue(keys.columnStride) == 1 && depth <= 256 &&
         width <= 256;
}

void AttentionKernel::schedule() {
  auto known = constantValue(queryExtent), knownKeys = constantValue(keyExtent);
  int64_t most = maxRows(target, 3) >= 6 ? 3 : maxRows(target, 2) >= 6 ? 2 : 1;
  vectorLimit = known ? std::min(most, int64_t(llvm::divideCeil(std::max<int64_t>(*known, 1), panelLanes)))
                      : std::min<int64_t>(most, 2);
  keyLimit = chooseKeyLimit(knownKeys);
  int64_t lanes = vectorLimit * panelLanes, panels = llvm::divideCeil(width, panelLanes);
  int64_t next = 0;
  auto region = [&](int64_t size) { return std::exchange(next, next + size); };
  scratch.packed = region(depth * lanes);
  scratch.scores = region(llvm::alignTo(keyLimit, panelLanes) * lanes);
  scratch.outputs = region(lanes * panels * panelLanes);
  for (int64_t *row : {&scratch.greatest, &scratch.top, &scratch.sums, &scratch.factors})
    *row = region(lanes);
  division.scratchBytes = next * 4;
  AffineExpr blockExtent = queryExtent.ceilDiv(lanes);
  if (known)
    blockExtent = evaluator.constant(llvm::divideCeil(llvm::divideCeil(*known, panelLanes), vectorLimit));
  blocks = evaluator.materialize(blockExtent);
  division.items = simplifyDimension(product(batch, builder.op().getContext()) * blockExtent);
  division.choices = {{"queries", std::to_string(lanes)}, {"keys", std::to_string(keyLimit)}};
  double pairs = double(std::min(known.value_or(16), lanes)) * knownKeys.value_or(128);
  division.grain = grainFor(2 * pairs * (depth + width + 16), 0);
}

void AttentionKernel::enterBatch(Index number) {
  AffineExpr zero = evaluator.constant(0);
  batchPoint = delinearize(evaluator, number, batch);
  for (Matrix *matrix : {&queries, &keys, &values}) {
    Access origin = *place(matrix->tensor, batchPoint, zero, zero);
    matrix->pointer = origin.buffer.pointer;
    matrix->base = evaluator.materialize(origin.offset);
  }
}

/// The keys that `lastQuery` and those before it can see: [0, that).
Index AttentionKernel::keyEndFor(Index lastQuery) {
  if (!op.getCausal())
    return keyCount;
  Index visible = builder.add(builder.add(lastQuery, causalOffset), 1);
  return builder.max(0, builder.min(keyCount, visible));
}

Value AttentionKernel::masked(Value score, AffineExpr key, AffineExpr query, const Lanes &lanes) {
  Value mask = op.getMask();
  if (!mask)
    return score;
  Point whole = batchPoint;
  whole.append({key, query});
  Value element = evaluator.evaluate(mask, broadcastPoint(whole, evaluator.dims(mask)), &lanes);
  if (!getElementTypeOrSelf(mask).isInteger(1))
    return builder.create<arith::AddFOp>(score, element);
  return builder.create<arith::SelectOp>(element, score, vector(fill).get());
}

Real AttentionKernel::vector(double number) {
  return {at, builder.constant(VectorType::get({panelLanes}, builder.op().getF32Type()), number)};
}

Value AttentionKernel::loadScratch(int64_t region, Index offset) {
  return builder.loadVector(scratchMemory, builder.op().getF32Type(), builder.add(offset, region), panelLanes);
}

void AttentionKernel::storeScratch(Value value, int64_t region, Index offset) {
  builder.storeVector(value, scratchMemory, builder.add(offset, region));
}

void forPieces(KernelBuilder &builder, Index count, int64_t limit,
               llvm::function_ref<void(Index first, int64_t size)> body) {
  if (auto known = count.constant()) {
    if (*known <= 0)
      return;
    for (const Run &run : balancedRuns(*known, limit))
      builder.loop(0, run.count, 1, [&](Index i) { body(builder.add(builder.mul(i, run.size), run.start), run.size); });
    return;
  }
  Index done = 0;
  int64_t size = limit;
  while (size >= 1) {
    Index steps = builder.div(builder.sub(count, done), size);
    builder.loop(0, steps, 1, [&](Index i) { body(builder.add(done, builder.mul(i, size)), size); });
    done = builder.add(done, builder.mul(steps, size));
    size = size == 1 ? 0 : int64_t(llvm::PowerOf2Ceil(size)) / 2;
  }
}

} // namespace ingot::cpu
