//===- Recurrence.cpp - What recurrent kernels share ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Recurrence.h"
#include "codegen/cpu/Schedule.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace ingot::cpu {

Recurrence::Recurrence(Emission &emission, RecurrentLayer given)
    : emission(emission), evaluator(emission.evaluator), builder(emission.builder), at{builder.op(), builder.getLoc()},
      layer(std::move(given)), element(getElementTypeOrSelf(layer.gates)),
      vectorType(VectorType::get({panelLanes}, element)) {
  SmallVector<AffineExpr> dims = evaluator.dims(layer.gates);
  steps = dims[0];
  batch = dims[1];
  directions = *constantValue(dims[2]);
  hidden = *constantValue(dims[4]);
  weightGates = *constantValue(evaluator.dims(layer.recurrence)[2]);
  blocks = llvm::divideCeil(hidden, panelLanes);
  padded = blocks * panelLanes;
  if (auto unpack = layer.recurrence.getDefiningOp<kernel::UnpackOp>()) {
    Point origin(cast<RankedTensorType>(unpack.getInput().getType()).getRank(), evaluator.constant(0));
    panels = evaluator.access(unpack.getInput(), origin)->buffer.pointer;
    isPacked = true;
  }
}

//===----------------------------------------------------------------------===//
// Items
//===----------------------------------------------------------------------===//

/// As many sequences side by side as registers have sums for, up to eight: four use a vector of weights as often as it
/// takes to read it from the second-level cache, more leave that cache time for the gates as well. Where a block's
/// vectors are too many for that, they are multiplied in parts.
void Recurrence::chooseRows() {
  constexpr int64_t most = 8, least = 4;
  for (int64_t vectors = weightGates; vectors >= 1; vectors = vectors > 1 ? llvm::divideCeil(vectors, 2) : 0)
    for (mostRows = most; mostRows >= least; --mostRows)
      if (fits(mostRows, vectors))
        return;
  mostRows = least;
}

/// Sequences for a thread: at best several, which share the reading of the weights.
int64_t Recurrence::grain() const {
  if (mostMembers > 1) // fewer sequences than that are better shared by a team
    return 2 * mostRows;
  double operations = 2.0 * weightGates * hidden * hidden + 100.0 * weightGates * hidden;
  int64_t least = grainFor(operations * double(constantValue(steps).value_or(16)), 0), together = 1;
  if (auto count = constantValue(batch))
    together = *count * directions >= 16 ? mostRows : *count * directions >= 8 ? 4 : *count * directions >= 4 ? 2 : 1;
  else if (directions == 1)
    together = 2;
  return std::max(least, together);
}

Division Recurrence::emit() {
  stepCount = evaluator.materialize(steps);
  chooseRows();
  chooseMembers();
  enterTeam();
  if (!isPacked) {
    panels = memory;
    packedAt = reserve(weightGates * hidden * padded);
  }
  scratchElements = reserved;
  Index sequences = evaluator.materialize(batch);
  Index first = directions > 1 ? builder.div(emission.begin, sequences) : Index(0);
  Index last = directions > 1 ? builder.ceilDiv(emission.end, sequences) : Index(1);
  builder.loop(first, last, 1, [&](Index which) {
    Index before = builder.mul(which, sequences);
    emitDirection(which, builder.max(builder.sub(emission.begin, before), 0),
                  builder.min(builder.sub(emission.end, before), sequences));
  });
  Division division{simplifyDimension(batch * directions), grain()};
  division.scratchBytes = scratchElements * elementBytes(element);
  if (mostMembers > 1)
    describeTeam(division);
  return division;
}

/// The sequences [begin, end) in one direction: many at a time, then four, two, one. How a sequence's sums are formed
/// does not depend on its company, so results do not depend on the number of threads.
void Recurrence::emitDirection(Index which, Index begin, Index end) {
  direction = which;
  directionVariable = evaluator.variable(which, evaluator.constant(directions));
  panelBase = isPacked ? builder.mul(which, weightGates * hidden * padded) : Index(packedAt);
  if (!isPacked)
    packWeights();
  Index count = builder.sub(end, begin), done = 0;
  int64_t most = constantValue(batch).value_or(mostRows);
  for (int64_t together : {mostRows, int64_t(4), int64_t(2), int64_t(1)}) {
    if (together > most || (together == 4 && mostRows == 4 && !done.is(0)))
      continue;
    Index rest = builder.sub(count, done), blocksOfRows = builder.div(rest, together);
    Index start = builder.add(begin, done);
    builder.loop(0, blocksOfRows, 1,
                 [&](Index block) { emitBlock(builder.add(start, builder.mul(block, together)), together); });
    done = builder.add(done, builder.mul(blocksOfRows, together));
  }
}

void Recurrence::emitBlock(Index start, int64_t together) {
  int64_t before = reserved;
  rows = together;
  rowVariables.clear();
  lengths.clear();
  for (int64_t row = 0; row < rows; ++row) {
    rowVariables.push_back(evaluator.variable(builder.add(start, row), batch));
    if (!layer.lengths)
      continue;
    Value length = evaluator.evaluate(layer.lengths, rowVariables.back());
    if (length.getType().getIntOrFloatBitWidth() < 64)
      length = builder.create<arith::ExtSIOp>(builder.op().getI64Type(), length);
    lengths.push_back(builder.min(builder.max(length, 0), stepCount));
  }
  emitRows();
  scratchElements = std::max(scratchElements, reserved);
  reserved = before;
}

/// Forward: [block of j][k][gate][16 j]; backward: [block of k][gate][j][16 k].
void Recurrence::packWeights() {
  AffineExpr unitExtent = evaluator.constant(hidden);
  forEachUnits([&](const Units &units) {
    Index base = builder.add(packedAt, builder.mul(units.first, weightGates * hidden));
    builder.loop(0, hidden, 1, [&](Index other) {
      AffineExpr unit = evaluator.variable(other, unitExtent);
      for (int64_t gate = 0; gate < weightGates; ++gate) {
        AffineExpr which = evaluator.constant(gate);
        Point point = layer.isBackward ? Point{directionVariable, units.index, which, unit}
                                       : Point{directionVariable, unit, which, units.index};
        Index place = layer.isBackward ? builder.add(builder.mul(other, panelLanes), gate * hidden * panelLanes)
                                       : builder.add(builder.mul(other, weightGates * panelLanes), gate * panelLanes);
        put(evaluator.evaluate(layer.recurrence, point, &units.lanes), builder.add(base, place));
      }
    });
  });
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// Whether the item's direction runs from the sequences' ends; null when it never does.
Value Recurrence::isReverse() {
  if (layer.direction == Direction::Forward)
    return {};
  if (layer.direction == Direction::Reverse)
    return builder.less(0, 1);
  return builder.less(0, direction);
}

Recurrence::Step Recurrence::stepAt(Index number) {
  Step step;
  step.number = number;
  Value reverse = isReverse();
  for (int64_t row = 0; row < rows; ++row) {
    Index end = layer.lengths ? lengths[row] : stepCount, position = number;
    Value active = layer.lengths ? builder.less(number, end) : Value();
    if (reverse) {
      Value turns = active ? builder.create<arith::AndIOp>(reverse, active).getResult() : reverse;
      Value turned = builder.value(builder.sub(builder.sub(end, 1), number));
      position = builder.create<arith::SelectOp>(turns, turned, builder.value(number)).getResult();
    }
    step.positions.push_back(evaluator.variable(position, steps));
    step.isActive.push_back(active);
  }
  return step;
}

Recurrence::Units Recurrence::unitsAt(Index block) {
  Units units;
  units.first = builder.mul(block, panelLanes);
  Value mask = hidden % panelLanes ? builder.maskBelow(builder.sub(hidden, units.first), panelLanes) : Value();
  units.lanes = evaluator.lanes(panelLanes, mask);
  units.index = evaluator.variable(block, evaluator.constant(blocks)) * panelLanes + units.lanes.variable;
  return units;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

namespace {
/// The point with the gate's axis before the last.
Point withGate(Point point, std::optional<AffineExpr> gate) {
  if (gate)
    point.insert(std::prev(point.end()), *gate);
  return point;
}
} // namespace

Value Recurrence::readStep(Value tensor, const Step &step, int64_t row, std::optional<int64_t> gate,
                           const Units &units) {
  std::optional<AffineExpr> which;
  if (gate)
    which = evaluator.constant(*gate);
  Point point = withGate({step.positions[row], rowVariables[row], directionVariable, units.index}, which);
  return evaluator.evaluate(tensor, point, &units.lanes);
}

void Recurrence::prefetchStep(Value tensor, const Step &step, int64_t row, std::optional<int64_t> gate,
                              const Units &units) {
  std::optional<AffineExpr> which;
  if (gate)
    which = evaluator.constant(*gate);
  AffineExpr first = evaluator.simplify(units.index - units.lanes.variable);
  Point point = withGate({step.positions[row], rowVariables[row], directionVariable, first}, which);
  if (std::optional<Access> access = evaluator.access(tensor, point))
    builder.prefetch(access->buffer.pointer, element, evaluator.materialize(access->offset), /*locality=*/2);
}

Value Recurrence::readState(Value tensor, int64_t row, const Units &units) {
  return evaluator.evaluate(tensor, Point{directionVariable, rowVariables[row], units.index}, &units.lanes);
}

Value Recurrence::readWeights(Value tensor, std::optional<int64_t> gate, const Units &units) {
  std::optional<AffineExpr> which;
  if (gate)
    which = evaluator.constant(*gate);
  return evaluator.evaluate(tensor, withGate({directionVariable, units.index}, which), &units.lanes);
}

void Recurrence::writeStep(Value result, Value value, const Step &step, int64_t row, std::optional<int64_t> gate,
                           const Units &units) {
  std::optional<AffineExpr> which;
  if (gate)
    which = evaluator.constant(*gate);
  Point point = withGate({step.positions[row], rowVariables[row], directionVariable, units.index}, which);
  for (unsigned i = 0; i < evaluator.getKernel().getNumResults(); ++i)
    if (evaluator.result(i) == result)
      evaluator.store(value, i, point, &units.lanes);
}

void Recurrence::writeState(Value result, Value value, int64_t row, const Units &units) {
  for (unsigned i = 0; i < evaluator.getKernel().getNumResults(); ++i)
    if (evaluator.result(i) == result)
      evaluator.store(value, i, Point{directionVariable, rowVariables[row], units.index}, &units.lanes);
}

bool Recurrence::isZero(Value tensor) const {
  while (Operation *view = tensor.getDefiningOp()) {
    if (!isa<BroadcastOp, ReshapeOp, SliceOp, TransposeOp>(view))
      break;
    tensor = view->getOperand(0);
  }
  return matchPattern(tensor, m_AnyZeroFloat());
}

Value Recurrence::whileActive(const Step &step, int64_t row, Value value, Value otherwise) {
  if (!step.isActive[row])
    return value;
  return builder.create<arith::SelectOp>(step.isActive[row], value, otherwise);
}

//===----------------------------------------------------------------------===//
// Scratch memory and products
//===----------------------------------------------------------------------===//

int64_t Recurrence::reserve(int64_t elements) {
  int64_t place = reserved;
  reserved += llvm::alignTo(elements, panelLanes);
  return place;
}

Value Recurrence::get(Index place) { return builder.loadVector(memory, element, place, panelLanes); }

void Recurrence::put(Value vector, Index place, Value mask) { builder.storeVector(vector, memory, place, mask); }

int64_t Recurrence::blocksTogether(int64_t gates) const {
  constexpr int64_t mostForOne = 8; // one row needs more vectors, so that enough sums are under way
  for (int64_t together : {4, 2})
    if (blocks % together == 0 && (rows == 1 ? gates * together <= mostForOne : fits(rows, gates * together)))
      return together;
  return 1;
}

/// Whether a block of sums fits in registers with what it is made of. A single row's vectors come from memory as
/// operands.
bool Recurrence::fits(int64_t rowCount, int64_t vectors) const {
  int64_t registers = std::max<int64_t>(1, panelLanes * elementBytes(element) / emission.target.vectorBytes);
  int64_t operands = rowCount > 1 ? vectors * registers : 1;
  return rowCount * vectors * registers + operands + 1 <= emission.target.vectorRegisters;
}

ColumnVectors Recurrence::columnsAt(Index base, ArrayRef<int64_t> offsets, int64_t pitch) {
  ColumnVectors columns{panels, builder.add(panelBase, base), {}, pitch, {}, {}};
  columns.offsets.append(offsets.begin(), offsets.end());
  return columns;
}

Sums Recurrence::multiply(Index from, int64_t pitch, int64_t trips, Index base, ArrayRef<int64_t> offsets,
                          int64_t vectorPitch, Sums sums) {
  int64_t count = offsets.size(), width = count;
  while (width > 1 && !fits(rows, width))
    width = llvm::divideCeil(width, 2);
  BroadcastRows states{memory, from, {}, 1};
  for (int64_t row = 0; row < rows; ++row)
    states.offsets.push_back(row * pitch);
  if (width == count)
    return accumulate(builder, trips, states, columnsAt(base, offsets, vectorPitch), std::move(sums));
  // Sums that wait for their turn do so in memory: LLVM would rather move those of the loop under way out of registers.
  int64_t waiting = reserveOwn(rows * count * panelLanes);
  auto wait = [&](Value sum, int64_t i) { builder.storeVector(sum, emission.scratch, waiting + i * panelLanes); };
  auto resume = [&](int64_t i) {
    return builder.loadVector(emission.scratch, element, waiting + i * panelLanes, panelLanes);
  };
  for (auto [i, sum] : llvm::enumerate(sums))
    wait(sum, i);
  for (int64_t start = 0; start < count; start += width) {
    int64_t vectors = std::min(width, count - start);
    auto number = [&](int64_t i) { return i / vectors * count + start + i % vectors; };
    Sums part;
    for (int64_t i = 0; i < rows * vectors; ++i)
      part.push_back(resume(number(i)));
    part = accumulate(builder, trips, states, columnsAt(base, offsets.slice(start, vectors), vectorPitch),
                      std::move(part));
    for (auto [i, sum] : llvm::enumerate(part))
      wait(sum, number(i));
  }
  for (auto [i, sum] : llvm::enumerate(sums))
    sum = resume(i);
  return sums;
}

} // namespace ingot::cpu
