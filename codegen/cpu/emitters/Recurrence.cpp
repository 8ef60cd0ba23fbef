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

/// As many rows as have room in registers beside the vectors of the gates; but a few items for the threads come first,
/// as long as each has two rows to use a vector of weights for.
int64_t Recurrence::mostRows() const {
  int64_t room = std::max<int64_t>(maxRows(emission.target, 4), std::min<int64_t>(4, maxRows(emission.target, 1)));
  std::optional<int64_t> count = constantValue(batch);
  if (!count)
    return std::min<int64_t>(room, 4);
  int64_t wanted = std::max<int64_t>(1, 4 / directions), fair = llvm::divideCeil(*count, wanted);
  return std::clamp<int64_t>(fair, std::min<int64_t>(2, room), room);
}

void Recurrence::divideRows() {
  int64_t most = mostRows();
  if (auto count = constantValue(batch)) {
    if (*count > 0)
      for (const Run &run : balancedRuns(*count, most))
        pieces.push_back({evaluator.constant(run.start), evaluator.constant(run.count), run.size});
    return;
  }
  AffineExpr whole = batch.floorDiv(most);
  pieces.push_back({evaluator.constant(0), whole, most});
  pieces.push_back({whole * most, batch - whole * most, 1});
}

Division Recurrence::emit() {
  divideRows();
  AffineExpr items = evaluator.constant(0);
  for (const Piece &piece : pieces)
    items = items + piece.count * directions;
  stepCount = evaluator.materialize(steps);
  if (!isPacked) {
    panels = emission.scratch;
    packedAt = reserve(weightGates * hidden * padded);
  }
  scratchElements = reserved;
  builder.loop(emission.begin, emission.end, 1, [&](Index item) { emitItem(item); });
  double products = 2.0 * weightGates * hidden * hidden, functions = 100.0 * weightGates * hidden;
  double length = constantValue(steps).value_or(16) * (pieces.empty() ? 1 : pieces.front().rows);
  Division division{simplifyDimension(items)};
  division.grain = grainFor(length * (products + functions), 0);
  division.scratchBytes = scratchElements * elementBytes(element);
  return division;
}

/// Item = direction * (items of a direction) + block of rows.
void Recurrence::emitItem(Index item) {
  AffineExpr perDirection = evaluator.constant(0);
  for (const Piece &piece : pieces)
    perDirection = perDirection + piece.count;
  Index count = evaluator.materialize(perDirection), block = item;
  direction = 0;
  if (directions > 1) {
    direction = builder.div(item, count);
    block = builder.mod(item, count);
  }
  directionVariable = evaluator.variable(direction, evaluator.constant(directions));
  int64_t size = weightGates * hidden * padded;
  panelBase = isPacked ? builder.mul(direction, size) : Index(packedAt);
  if (!isPacked) // unless the item before has left them
    builder.ifThen(builder.less(builder.min(block, builder.sub(item, emission.begin)), 1), [&] { packWeights(); });
  if (pieces.size() == 1)
    return emitPiece(pieces[0], block);
  Index first = evaluator.materialize(pieces[0].count);
  builder.ifThen(
      builder.less(block, first), [&] { emitPiece(pieces[0], block); },
      [&] { emitPiece(pieces[1], builder.sub(block, first)); });
}

void Recurrence::emitPiece(const Piece &piece, Index block) {
  int64_t before = reserved;
  rows = piece.rows;
  rowVariables.clear();
  lengths.clear();
  Index start = builder.add(evaluator.materialize(piece.start), builder.mul(block, rows));
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
  builder.loop(0, blocks, 1, [&](Index block) {
    Units units = unitsAt(block);
    Index base = builder.add(packedAt, builder.mul(block, weightGates * hidden * panelLanes));
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

void Recurrence::forEachBlock(Index step, int64_t together, llvm::function_ref<void(Index)> body) {
  int64_t groups = blocks / together;
  Index isOdd = builder.mod(step, 2);
  builder.loop(0, groups, 1, [&](Index group) {
    Index turn = builder.sub(groups - 1, builder.mul(group, 2));
    body(builder.mul(groups > 1 ? builder.add(group, builder.mul(isOdd, turn)) : group, together));
  });
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

Value Recurrence::get(Index place) { return builder.loadVector(emission.scratch, element, place, panelLanes); }

void Recurrence::put(Value vector, Index place, Value mask) {
  builder.storeVector(vector, emission.scratch, place, mask);
}

int64_t Recurrence::blocksTogether(int64_t gates) const {
  for (int64_t together : {4, 2})
    if (gates * together <= 4 && blocks % together == 0)
      return together;
  return 1;
}

Sums Recurrence::multiply(Index from, int64_t pitch, int64_t trips, Index base, ArrayRef<int64_t> offsets,
                          int64_t vectorPitch, Sums sums) {
  int64_t count = offsets.size(), width = count;
  int64_t registers = elementBytes(element) / 4; // a vector of float64 is as large as two of float32
  while (width > 1 && maxRows(emission.target, width * registers) < rows)
    --width;
  BroadcastRows states{emission.scratch, from, {}, 1};
  for (int64_t row = 0; row < rows; ++row)
    states.offsets.push_back(row * pitch);
  for (int64_t start = 0; start < count; start += width) {
    int64_t vectors = std::min(width, count - start);
    Block block{rows, vectors};
    ColumnVectors columns{panels, builder.add(panelBase, base), {}, vectorPitch, {}, {}};
    for (int64_t v = 0; v < vectors; ++v)
      columns.offsets.push_back(offsets[start + v]);
    Sums part;
    for (int64_t row = 0; row < rows; ++row)
      part.append(sums.begin() + row * count + start, sums.begin() + row * count + start + vectors);
    part = accumulate(builder, trips, states, columns, part, chooseUnroll(emission.target, block));
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t v = 0; v < vectors; ++v)
        sums[row * count + start + v] = part[row * vectors + v];
  }
  return sums;
}

} // namespace ingot::cpu
