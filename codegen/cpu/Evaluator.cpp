//===- Evaluator.cpp - Tensor elements as registers -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Variables, loads and stores, and the memoised walk. What each view means is in Views.cpp.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Evaluator.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// Elements further apart are gathered: as many loads and shuffles cost no less.
constexpr int64_t mostStride = 4;

bool canShuffle(Type element) {
  return element.isF32() || element.isF64() || (element.isIntOrIndex() && !element.isInteger(1));
}

/// `count` elements that are `stride` apart: picked out of as many vectors as the stride, all of which lie between the
/// first element and the last, so that nothing else is read.
Value loadStrided(KernelBuilder &builder, Value pointer, Type element, Index first, int64_t stride, int64_t count) {
  Value result;
  for (int64_t number = 0; number < stride; ++number) {
    bool isLast = number + 1 == stride;
    int64_t start = isLast ? (count - 1) * (stride - 1) : number * count;
    Value part = builder.loadVector(pointer, element, builder.add(first, start), count);
    SmallVector<int64_t> chosen;
    for (int64_t lane = 0; lane < count; ++lane) {
      int64_t place = lane * stride, before = number == 1 ? place : lane;
      chosen.push_back(place / count == number ? count + place - start : place / count < number ? before : lane);
    }
    result = number == 0 ? part : builder.create<vector::ShuffleOp>(result, part, chosen).getResult();
  }
  return result;
}

} // namespace

Evaluator::Evaluator(KernelBuilder &builder, kernel::FuncOp func, ArrayRef<Buffer> buffers, SymbolScope &symbols,
                     Value symbolValues)
    : builder(builder), func(func), buffers(buffers), symbols(symbols), symbolValues(symbolValues) {}

// Variables
// -------------------------------------------------------------------------------------------------------------

AffineExpr Evaluator::declare(Variable variable, AffineExpr extent) {
  variables.push_back(variable);
  ranges.push_back(extent);
  return getAffineDimExpr(variables.size() - 1, symbols.getContext());
}

AffineExpr Evaluator::variable(Index value, AffineExpr extent) {
  if (auto known = value.constant())
    return symbols.constant(*known);
  return declare({value, {}}, extent);
}

Lanes Evaluator::lanes(int64_t count, Value mask) {
  return {declare({Index(0), {}}, symbols.constant(count)), count, mask};
}

AffineExpr Evaluator::computed(Value value, AffineExpr extent) {
  if (isa<VectorType>(value.getType()))
    return declare({Index(0), value}, extent);
  return variable(value, extent);
}

AffineExpr Evaluator::simplify(AffineExpr expr) const { return simplifyIndex(expr, ranges); }

Value Evaluator::symbolValue(unsigned position) {
  Value &loaded = loadedSymbols[position];
  if (!loaded) {
    // At the function's start, so that it is there for every loop.
    OpBuilder::InsertionGuard guard(builder.op());
    builder.op().setInsertionPointToStart(symbolValues.getParentBlock());
    loaded = builder.load(symbolValues, builder.op().getI64Type(), int64_t(position));
  }
  return loaded;
}

Index Evaluator::materialize(AffineExpr expr) {
  return builder.affine(expr, [&](AffineExpr leaf) -> Index {
    if (auto symbol = dyn_cast<AffineSymbolExpr>(leaf))
      return symbolValue(symbol.getPosition());
    const Variable &variable = variables[cast<AffineDimExpr>(leaf).getPosition()];
    assert(!variable.perLane && "a lane's index where one for all lanes is needed");
    return variable.value;
  });
}

bool Evaluator::varies(AffineExpr expr, const Lanes *lanes) const {
  bool found = false;
  expr.walk([&](AffineExpr part) {
    if (auto dim = dyn_cast<AffineDimExpr>(part))
      found |= lanes && (part == lanes->variable || variables[dim.getPosition()].perLane);
  });
  return found;
}

bool Evaluator::varies(ArrayRef<AffineExpr> point, const Lanes *lanes) const {
  return llvm::any_of(point, [&](AffineExpr expr) { return varies(expr, lanes); });
}

Value Evaluator::perLane(AffineExpr expr, const Lanes &lanes) {
  if (!varies(expr, &lanes))
    return builder.splat(builder.value(materialize(expr)), lanes.count);
  if (expr == lanes.variable)
    return builder.laneNumbers(lanes.count);
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return variables[dim.getPosition()].perLane;
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Value lhs = perLane(binary.getLHS(), lanes), rhs = perLane(binary.getRHS(), lanes);
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return builder.create<arith::AddIOp>(lhs, rhs);
  case AffineExprKind::Mul:
    return builder.create<arith::MulIOp>(lhs, rhs);
  case AffineExprKind::FloorDiv:
    return builder.create<arith::DivUIOp>(lhs, rhs);
  case AffineExprKind::CeilDiv:
    return builder.create<arith::CeilDivUIOp>(lhs, rhs);
  default:
    return builder.create<arith::RemUIOp>(lhs, rhs);
  }
}

Value Evaluator::number(AffineExpr expr, const Lanes *lanes) {
  return varies(expr, lanes) ? perLane(expr, *lanes) : builder.value(materialize(expr));
}

// Elements
// --------------------------------------------------------------------------------------------------------------

std::optional<Access> Evaluator::access(Value tensor, ArrayRef<AffineExpr> point) {
  if (bound.contains(tensor))
    return std::nullopt;
  std::optional<Buffer> buffer;
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    buffer = buffers[argument.getArgNumber()];
  } else if (auto constant = tensor.getDefiningOp<ConstantOp>()) {
    buffer = tableOf(constant);
  } else if (auto source = lookThrough(tensor.getDefiningOp(), point)) {
    return access(source->first, source->second);
  }
  if (!buffer)
    return std::nullopt;
  return Access{*buffer, simplify(linearize(point, dims(tensor), symbols.getContext()))};
}

std::optional<int64_t> Evaluator::stride(const Access &access, AffineExpr variable) const {
  auto varies = [](unsigned) { return false; };
  auto dim = cast<AffineDimExpr>(variable);
  std::optional<Linear> linear = splitLinear(access.offset, dim.getPosition(), varies);
  return linear ? std::optional(linear->scale) : std::nullopt;
}

std::optional<Linear> Evaluator::alongLanes(AffineExpr offset, const Lanes &lanes) const {
  auto isPerLane = [&](unsigned position) { return bool(variables[position].perLane); };
  return splitLinear(offset, cast<AffineDimExpr>(lanes.variable).getPosition(), isPerLane);
}

Value Evaluator::load(const Access &access, const Lanes *lanes) {
  Type element = access.buffer.type.getElementType();
  Value pointer = access.buffer.pointer;
  if (!lanes || !varies(access.offset, lanes)) {
    Value scalar = builder.load(pointer, element, materialize(access.offset));
    return lanes ? builder.splat(scalar, lanes->count) : scalar;
  }
  std::optional<Linear> linear = alongLanes(access.offset, *lanes);
  if (linear && linear->scale == 1)
    return builder.loadVector(pointer, element, materialize(linear->rest), lanes->count, lanes->mask);
  if (linear && linear->scale > 1 && linear->scale <= mostStride && !lanes->mask && canShuffle(element))
    return loadStrided(builder, pointer, element, materialize(linear->rest), linear->scale, lanes->count);
  return builder.gather(pointer, element, perLane(access.offset, *lanes), lanes->mask);
}

Type Evaluator::typeOf(Value tensor, const Lanes *lanes) const {
  Type element = getElementTypeOrSelf(tensor.getType());
  if (auto integer = dyn_cast<IntegerType>(element))
    element = IntegerType::get(element.getContext(), integer.getWidth());
  return lanes ? Type(VectorType::get({lanes->count}, element)) : element;
}

Value Evaluator::evaluate(Value tensor, ArrayRef<AffineExpr> point, const Lanes *lanes) {
  if (Value element = bound.lookup(tensor))
    return lanes && !isa<VectorType>(element.getType()) ? builder.splat(element, lanes->count) : element;
  if (depth == 0)
    memo.clear();
  if (lanes && !varies(point, lanes) && !dependsOnBound(tensor))
    return builder.splat(evaluate(tensor, point), lanes->count);
  std::vector<void *> place;
  for (AffineExpr index : point)
    place.push_back(const_cast<void *>(index.getAsOpaquePointer()));
  // A narrower mask is another evaluation: lanes that are off have no value.
  place.push_back(lanes && lanes->mask ? lanes->mask.getAsOpaquePointer() : nullptr);
  place.push_back(lanes ? const_cast<void *>(lanes->variable.getAsOpaquePointer()) : nullptr);
  std::pair<void *, std::vector<void *>> key(tensor.getAsOpaquePointer(), place);
  if (auto found = memo.find(key); found != memo.end())
    return found->second;
  ++depth;
  Value result = compute(tensor, point, lanes);
  --depth;
  memo[key] = result;
  return result;
}

Value Evaluator::compute(Value tensor, ArrayRef<AffineExpr> point, const Lanes *lanes) {
  if (std::optional<Access> place = access(tensor, point))
    return load(*place, lanes);
  Operation *op = tensor.getDefiningOp();
  if (op->hasTrait<Pointwise>())
    return computePointwise(op, point, lanes);
  if (auto constant = dyn_cast<ConstantOp>(op))
    return computeConstant(constant, point, lanes);
  if (Value element = computeView(op, point, lanes))
    return element;
  // Our own mistake: the emitter did not bind the root, or an operation has no meaning inside a kernel.
  op->emitError("cannot be evaluated inside a kernel");
  return builder.constant(typeOf(tensor, lanes), 0);
}

void Evaluator::evaluateTogether(llvm::function_ref<void()> body) {
  memo.clear();
  ++depth;
  body();
  --depth;
}

void Evaluator::bind(Value tensor, Value element) {
  bound[tensor] = element;
  boundDependence.clear();
  memo.clear();
}

void Evaluator::unbind(Value tensor) {
  bound.erase(tensor);
  boundDependence.clear();
  memo.clear();
}

bool Evaluator::dependsOnBound(Value tensor) {
  if (bound.empty())
    return false;
  if (bound.contains(tensor))
    return true;
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return false;
  if (auto known = boundDependence.find(tensor); known != boundDependence.end())
    return known->second;
  bool depends = llvm::any_of(op->getOperands(), [&](Value operand) { return dependsOnBound(operand); });
  return boundDependence[tensor] = depends;
}

// Results
// ---------------------------------------------------------------------------------------------------------------

Value Evaluator::result(unsigned number) { return func.getBody().front().getTerminator()->getOperand(number); }

void Evaluator::store(Value element, unsigned number, ArrayRef<AffineExpr> point, const Lanes *lanes) {
  Buffer place = buffers[func.getNumArguments() + number];
  AffineExpr offset = simplify(linearize(point, symbols.dims(place.type), symbols.getContext()));
  auto vector = dyn_cast<VectorType>(element.getType());
  if (!lanes || !varies(offset, lanes)) {
    if (vector)
      element = builder.create<vector::ExtractOp>(element, int64_t(0));
    return builder.store(element, place.pointer, materialize(offset));
  }
  if (!vector)
    element = builder.splat(element, lanes->count);
  std::optional<Linear> linear = alongLanes(offset, *lanes);
  if (linear && linear->scale == 1)
    return builder.storeVector(element, place.pointer, materialize(linear->rest), lanes->mask);
  builder.scatter(element, place.pointer, perLane(offset, *lanes), lanes->mask);
}

Value Evaluator::load(const Buffer &buffer, ArrayRef<AffineExpr> point, const Lanes *lanes) {
  return load(Access{buffer, simplify(linearize(point, symbols.dims(buffer.type), symbols.getContext()))}, lanes);
}

std::optional<Point> Evaluator::forward(Value target, Value root, ArrayRef<AffineExpr> point) {
  if (target == root)
    return Point(point);
  Operation *op = target.getDefiningOp();
  if (!op || op->hasTrait<Root>())
    return std::nullopt;
  for (Value operand : op->getOperands()) {
    std::optional<Point> source = forward(operand, root, point);
    if (!source)
      continue;
    if (auto transpose = dyn_cast<TransposeOp>(op))
      return llvm::map_to_vector<6>(transpose.getPermutation(), [&](int64_t axis) { return (*source)[axis]; });
    if (isa<ReshapeOp>(op))
      return Point(reshapePoint(*source, dims(operand), dims(target), ranges));
    bool isSame = dims(operand) == dims(target);
    if (!isSame && product(dims(operand), symbols.getContext()) == product(dims(target), symbols.getContext()))
      return Point(reshapePoint(*source, dims(operand), dims(target), ranges));
    if (isSame && (op->hasTrait<Pointwise>() || isa<BroadcastOp>(op)))
      return source;
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Point> Evaluator::resultPoint(Value root, ArrayRef<AffineExpr> point, unsigned number) {
  return forward(result(number), root, point);
}

void Evaluator::storeResults(Value root, ArrayRef<AffineExpr> point, const Lanes *lanes) {
  struct Result {
    unsigned number;
    Point place;
    Value element;
  };
  SmallVector<Result> results;
  evaluateTogether([&] {
    for (unsigned number = 0; number < func.getNumResults(); ++number)
      if (std::optional<Point> place = resultPoint(root, point, number))
        results.push_back({number, *place, evaluate(result(number), *place, lanes)});
  });
  for (const Result &each : results)
    store(each.element, each.number, each.place, lanes);
}

} // namespace ingot::cpu
