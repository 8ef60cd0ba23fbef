//===- AttentionRows.cpp - Attention of a few queries ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The step of a decoder: one query meets all keys of the past, each of which is read once. Lanes are a key's elements
// (for the scores) and a value's (for the output), so both are streamed as they lie; sixteen scores at a time are
// turned into a vector across keys. The softmax is the same as in attention.cpp, block by block.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Attention.h"
#include "codegen/cpu/emitters/PanelProduct.h"
#include "codegen/cpu/emitters/RowSpace.h"
#include "codegen/scalar/Casts.h"
#include "codegen/scalar/VectorMath.h"

using namespace mlir;

namespace ingot::cpu {

void AttentionKernel::emitQueries(Index count) {
  builder.loop(0, count, 1, [&](Index query) { emitQuery(query); });
}

/// The query's elements, scaled, 16 to a vector; zeros behind the last.
SmallVector<Value> AttentionKernel::loadQuery(Index query) {
  SmallVector<Value> vectors;
  Index start = builder.add(queries.base, builder.mul(query, queries.row));
  for (int64_t d = 0; d < depth; d += panelLanes) {
    Value mask = depth - d < panelLanes ? builder.maskBelow(depth - d, panelLanes) : Value();
    Value part =
        builder.loadVector(queries.pointer, builder.op().getF32Type(), builder.add(start, d), panelLanes, mask);
    vectors.push_back((vector(part) * scale).get());
  }
  return vectors;
}

void AttentionKernel::emitQuery(Index query) {
  SmallVector<Value> elements = loadQuery(query);
  Index keyEnd = keyEndFor(query);
  int64_t panels = llvm::divideCeil(width, panelLanes);
  // The greatest score so far and the sum of powers (per lane), then the output's vectors.
  SmallVector<Value> state{vector(unseen).get(), vector(0).get()};
  state.append(zeroSums(builder, panels));
  state = builder.loop(0, keyEnd, keyLimit, state, [&](Index firstKey, ValueRange carried) {
    Index count = builder.min(builder.sub(keyEnd, firstKey), keyLimit);
    return attendBlock(elements, query, firstKey, count, carried);
  });
  Value sum = combineLanes(builder, state[1],
                           [&](Value a, Value b) { return builder.create<arith::AddFOp>(a, b).getResult(); });
  Real factor = reciprocalOf(vector(builder.splat(sum, panelLanes)));
  int64_t rest = width % panelLanes;
  for (int64_t j = 0; j < panels; ++j) {
    Value mask = rest && j + 1 == panels ? builder.maskBelow(rest, panelLanes) : Value();
    storeOutput(query, j, (vector(state[2 + j]) * factor).get(), mask);
  }
}

/// The state after keys [firstKey, firstKey + count).
SmallVector<Value> AttentionKernel::attendBlock(ArrayRef<Value> query, Index queryNumber, Index firstKey, Index count,
                                                ValueRange state) {
  Index groups = builder.ceilDiv(count, panelLanes);
  Value highest = builder.loop(0, groups, 1, state[0], [&](Index group, ValueRange carried) {
    Index offset = builder.mul(group, panelLanes);
    Value scores = scoresOf(query, queryNumber, builder.add(firstKey, offset), builder.sub(count, offset));
    storeScratch(scores, scratch.scores, offset);
    return SmallVector<Value>{greater(vector(carried[0]), vector(scores)).get()};
  })[0];
  highest = combineLanes(builder, highest, [&](Value a, Value b) { return greater({at, a}, {at, b}).get(); });
  Real top = vector(builder.splat(highest, panelLanes)), greatest = select(top.is(Compare::OEQ, unseen), 0, top);
  Real factor = exponentialOfNonPositive(vector(state[0]) - greatest);
  Value sum = builder.loop(0, groups, 1, (vector(state[1]) * factor).get(), [&](Index group, ValueRange carried) {
    Index offset = builder.mul(group, panelLanes);
    Real power = exponentialOfNonPositive(vector(loadScratch(scratch.scores, offset)) - greatest);
    storeScratch(power.get(), scratch.scores, offset);
    return SmallVector<Value>{(vector(carried[0]) + power).get()};
  })[0];
  int64_t panels = int64_t(state.size()) - 2;
  Sums outputs;
  for (Value output : state.drop_front(2))
    outputs.push_back((vector(output) * factor).get());
  ColumnVectors columns{
      values.pointer, builder.add(values.base, builder.mul(firstKey, values.row)), {}, values.row, {}, {}};
  columns.half = values.half;
  for (int64_t j = 0; j < panels; ++j)
    columns.offsets.push_back(j * panelLanes);
  if (width % panelLanes)
    columns.lastMask = builder.maskBelow(width % panelLanes, panelLanes);
  // Independent sums hide the latency of an FMA; as many on every target, so that results are the same.
  int64_t unroll = panels <= 2 ? 4 : panels <= 4 ? 2 : 1;
  outputs = accumulate(builder, count, {scratchMemory, scratch.scores, {0}, 1}, columns, outputs, unroll);
  SmallVector<Value> next{top.get(), sum};
  next.append(outputs);
  return next;
}

/// Sixteen keys' scores from `firstKey` on, of which `left` exist; minus infinity for the others.
Value AttentionKernel::scoresOf(ArrayRef<Value> query, Index queryNumber, Index firstKey, Index left) {
  Type stored = keys.half ? keys.half : builder.op().getF32Type();
  Value depthMask = depth % panelLanes ? builder.maskBelow(depth % panelLanes, panelLanes) : Value();
  SmallVector<Value> products;
  for (int64_t i = 0; i < panelLanes; ++i) {
    Index key = builder.min(builder.add(firstKey, i), builder.sub(keyCount, 1));
    Index start = builder.add(keys.base, builder.mul(key, keys.row));
    Value sum;
    for (auto [j, part] : llvm::enumerate(query)) {
      Value mask = j + 1 == query.size() ? depthMask : Value();
      Index place = builder.add(start, int64_t(j) * panelLanes);
      Value element = builder.loadVector(keys.pointer, stored, place, panelLanes, mask);
      if (keys.half)
        element = widenHalf(at, element);
      sum = sum ? builder.fma(part, element, sum) : builder.create<arith::MulFOp>(part, element).getResult();
    }
    products.push_back(sum);
  }
  transpose16(builder, products);
  for (int64_t stride = panelLanes / 2; stride >= 1; stride /= 2)
    for (int64_t i = 0; i < stride; ++i)
      products[i] = builder.create<arith::AddFOp>(products[i], products[i + stride]).getResult();
  Value exists = builder.maskBelow(left, panelLanes);
  Lanes lanes = evaluator.lanes(panelLanes, exists);
  AffineExpr key = evaluator.variable(firstKey, keyExtent) + lanes.variable;
  Value scores = masked(products[0], key, evaluator.variable(queryNumber, queryExtent), lanes);
  return builder.create<arith::SelectOp>(exists, scores, vector(unseen).get());
}

} // namespace ingot::cpu
