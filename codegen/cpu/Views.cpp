//===- Views.cpp - What views and pointwise operations mean at a point ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Views that only move elements become other points of their input (lookThrough). Here too: pointwise operations,
// constants, and numbers that follow from the point. Views that choose among elements are in SelectedViews.cpp.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Evaluator.h"
#include "codegen/scalar/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot::cpu {

// Views that only move elements
// -----------------------------------------------------------------------------------------

Point Evaluator::broadcastPoint(ArrayRef<AffineExpr> point, Value operand) {
  SmallVector<AffineExpr> from = dims(operand);
  // NumPy aligns shapes at the right; an axis of size 1 is repeated.
  Point result(point.take_back(from.size()));
  for (auto [index, dim] : llvm::zip(result, from))
    if (constantValue(dim) == 1)
      index = constant(0);
  return result;
}

std::optional<std::pair<Value, Point>> Evaluator::lookThrough(Operation *view, ArrayRef<AffineExpr> point) {
  if (auto reshape = dyn_cast<ReshapeOp>(view)) {
    Point source = reshapePoint(point, dims(reshape.getOutput()), dims(reshape.getInput()), ranges);
    // A scalar input has no axes to name; its only element is meant.
    return std::pair(Value(reshape.getInput()), source);
  }
  if (auto transpose = dyn_cast<TransposeOp>(view)) {
    Point source(point.size());
    for (auto [axis, from] : llvm::enumerate(transpose.getPermutation()))
      source[from] = point[axis];
    return std::pair(Value(transpose.getInput()), source);
  }
  if (auto broadcast = dyn_cast<BroadcastOp>(view))
    return std::pair(Value(broadcast.getInput()), broadcastPoint(point, broadcast.getInput()));
  if (auto slice = dyn_cast<SliceOp>(view)) {
    Point source;
    for (auto [index, start, step] : llvm::zip(point, symbols.adopt(slice.getStart()), slice.getStep()))
      source.push_back(simplify(start + index * step));
    return std::pair(Value(slice.getInput()), source);
  }
  if (auto unpack = dyn_cast<kernel::UnpackOp>(view)) {
    // Axis permutation[i] is cut into blocks[i]; the inner indices follow the outer ones.
    Point source, inner;
    for (auto [axis, block] : llvm::zip(unpack.getPermutation(), unpack.getBlocks())) {
      source.push_back(block == 1 ? point[axis] : simplify(point[axis].floorDiv(block)));
      if (block > 1)
        inner.push_back(simplify(point[axis] % block));
    }
    source.append(inner);
    return std::pair(Value(unpack.getInput()), source);
  }
  return std::nullopt;
}

// Pointwise operations
// --------------------------------------------------------------------------------------------------

Value Evaluator::computePointwise(Operation *op, ArrayRef<AffineExpr> point, const Lanes *lanes) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(evaluate(operand, broadcastPoint(point, operand), lanes));
  Value result = emitScalar(builder.op(), builder.getLoc(), op, operands);
  if (result)
    return result;
  op->emitError("has no scalar form");
  return builder.constant(typeOf(op->getResult(0), lanes), 0);
}

// Constants
// -------------------------------------------------------------------------------------------------------------

namespace {

/// The element as a signless integer or float attribute; booleans as i1.
TypedAttr elementOf(DenseElementsAttr values, int64_t position) {
  Attribute element = values.isSplat() ? values.getSplatValue<Attribute>() : values.getValues<Attribute>()[position];
  auto integer = dyn_cast<IntegerAttr>(element);
  if (!integer)
    return cast<TypedAttr>(element);
  return IntegerAttr::get(IntegerType::get(element.getContext(), integer.getValue().getBitWidth()), integer.getValue());
}

/// The values as they lie in memory: booleans as bytes, integers without sign, one axis.
DenseElementsAttr memoryImage(DenseElementsAttr values) {
  MLIRContext *context = values.getContext();
  Type element = values.getElementType();
  int64_t count = values.getNumElements();
  if (element.isInteger(1)) {
    SmallVector<int8_t> bytes(values.getValues<bool>());
    return DenseElementsAttr::get(RankedTensorType::get({count}, IntegerType::get(context, 8)), ArrayRef(bytes));
  }
  if (auto integer = dyn_cast<IntegerType>(element))
    element = IntegerType::get(context, integer.getWidth());
  return DenseElementsAttr::getFromRawBuffer(RankedTensorType::get({count}, element), values.getRawData());
}

} // namespace

Value Evaluator::table(DenseElementsAttr values) {
  if (Value known = tables.lookup(values))
    return known;
  OpBuilder &op = builder.op();
  OpBuilder::InsertionGuard guard(op);
  Block *entry = symbolValues.getParentBlock();
  auto module = entry->getParentOp()->getParentOfType<ModuleOp>();
  std::string name = (func.getName() + "_table" + Twine(tables.size())).str();
  DenseElementsAttr image = memoryImage(values);
  op.setInsertionPointToStart(module.getBody());
  auto global =
      op.create<LLVM::GlobalOp>(builder.getLoc(), LLVM::LLVMArrayType::get(image.getElementType(), image.size()),
                                /*isConstant=*/true, LLVM::Linkage::Private, name, image, /*alignment=*/64);
  op.setInsertionPointToStart(entry);
  return tables[values] = op.create<LLVM::AddressOfOp>(builder.getLoc(), global);
}

std::optional<Buffer> Evaluator::tableOf(ConstantOp constant) {
  auto values = dyn_cast<DenseElementsAttr>(constant.getValue());
  if (!values || values.isSplat() || values.getNumElements() <= 1)
    return std::nullopt;
  return Buffer{table(values), cast<RankedTensorType>(constant.getType())};
}

Value Evaluator::computeConstant(ConstantOp op, ArrayRef<AffineExpr> point, const Lanes *lanes) {
  auto values = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!values) {
    op.emitError("a large constant inside a kernel; it belongs among the operands");
    return builder.constant(typeOf(op, lanes), 0);
  }
  Value scalar = builder.create<arith::ConstantOp>(elementOf(values, 0));
  return lanes ? builder.splat(scalar, lanes->count) : scalar;
}

// Numbers that follow from the point
// ------------------------------------------------------------------------------------

Value Evaluator::computeNumber(AffineExpr expr, Type element, const Lanes *lanes) {
  Value value = number(simplify(expr), lanes);
  Type type = element;
  if (auto integer = dyn_cast<IntegerType>(element))
    type = IntegerType::get(element.getContext(), integer.getWidth());
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = VectorType::get(vector.getShape(), type);
  else if (lanes)
    return builder.splat(computeNumber(expr, element, nullptr), lanes->count);
  if (isa<FloatType>(element))
    return builder.create<arith::SIToFPOp>(type, value);
  return element.getIntOrFloatBitWidth() < 64 ? builder.create<arith::TruncIOp>(type, value).getResult() : value;
}

Value Evaluator::computeDimensions(DimensionsOp op, ArrayRef<AffineExpr> point, const Lanes *lanes) {
  SmallVector<AffineExpr> values = symbols.adopt(op.getValues());
  Type element = getElementTypeOrSelf(op.getType());
  if (point.empty())
    return computeNumber(values[0], element, lanes);
  if (auto index = constantValue(point[0]))
    return computeNumber(values[*index], element, lanes);
  Value position = number(point[0], lanes), result = computeNumber(values.back(), element, lanes);
  for (int64_t i = values.size() - 2; i >= 0; --i) {
    Value isHere =
        builder.create<arith::CmpIOp>(arith::CmpIPredicate::eq, position, builder.constant(position.getType(), i));
    bool perLane = isa<VectorType>(position.getType());
    Value chosen = computeNumber(values[i], element, lanes);
    if (lanes && !perLane)
      isHere = builder.splat(isHere, lanes->count);
    result = builder.create<arith::SelectOp>(isHere, chosen, result);
  }
  return result;
}

Value Evaluator::computeView(Operation *view, ArrayRef<AffineExpr> point, const Lanes *lanes) {
  if (auto source = lookThrough(view, point))
    return evaluate(source->first, source->second, lanes);
  return llvm::TypeSwitch<Operation *, Value>(view)
      .Case([&](PadOp op) { return computePad(op, point, lanes); })
      .Case([&](ConcatOp op) { return computeConcat(op, point, lanes); })
      .Case<GatherOp, GatherElementsOp, GatherNdOp>(
          [&](auto op) { return evaluate(op.getInput(), gatheredPoint(op, point, lanes), lanes); })
      .Case([&](DimensionsOp op) { return computeDimensions(op, point, lanes); })
      .Case([&](IotaOp op) { return computeNumber(point[op.getAxis()], getElementTypeOrSelf(op.getType()), lanes); })
      .Default([](Operation *) { return Value(); });
}

} // namespace ingot::cpu
