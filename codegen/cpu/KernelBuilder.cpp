//===- KernelBuilder.cpp - Writes the body of one kernel ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/KernelBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// The type of an element in memory: booleans are bytes, integers have no sign.
Type memoryType(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return element;
  return IntegerType::get(element.getContext(), integer.getWidth() == 1 ? 8 : integer.getWidth());
}

bool isBoolean(Type element) { return element.isInteger(1); }

Type lanesOf(Type element, int64_t lanes) { return VectorType::get({lanes}, element); }

/// Natural alignment: users' buffers promise no more.
unsigned alignmentOf(Type memory) {
  return memory.isIntOrFloat() ? memory.getIntOrFloatBitWidth() / 8 : sizeof(void *);
}

} // namespace

// Integers
// --------------------------------------------------------------------------------------------------------------

Value KernelBuilder::value(Index index) {
  if (auto constant = index.constant())
    return create<arith::ConstantOp>(builder.getI64IntegerAttr(*constant));
  return index.dynamic();
}

Index KernelBuilder::add(Index a, Index b) {
  if (a.constant() && b.constant())
    return *a.constant() + *b.constant();
  if (a.is(0))
    return b;
  if (b.is(0))
    return a;
  return create<arith::AddIOp>(value(a), value(b)).getResult();
}

Index KernelBuilder::sub(Index a, Index b) {
  if (a.constant() && b.constant())
    return *a.constant() - *b.constant();
  if (b.is(0))
    return a;
  return create<arith::SubIOp>(value(a), value(b)).getResult();
}

Index KernelBuilder::mul(Index a, Index b) {
  if (a.constant() && b.constant())
    return *a.constant() * *b.constant();
  if (a.is(0) || b.is(0))
    return 0;
  if (a.is(1))
    return b;
  if (b.is(1))
    return a;
  return create<arith::MulIOp>(value(a), value(b)).getResult();
}

Index KernelBuilder::div(Index a, Index b) {
  if (a.constant() && b.constant())
    return llvm::divideFloorSigned(*a.constant(), *b.constant());
  if (b.is(1) || a.is(0))
    return a;
  return create<arith::DivUIOp>(value(a), value(b)).getResult();
}

Index KernelBuilder::mod(Index a, Index b) {
  if (a.constant() && b.constant())
    return llvm::mod(*a.constant(), *b.constant());
  if (b.is(1) || a.is(0))
    return 0;
  return create<arith::RemUIOp>(value(a), value(b)).getResult();
}

Index KernelBuilder::ceilDiv(Index a, Index b) {
  if (b.is(1))
    return a;
  return div(add(a, sub(b, 1)), b);
}

Index KernelBuilder::min(Index a, Index b) {
  if (a.constant() && b.constant())
    return std::min(*a.constant(), *b.constant());
  return create<arith::MinSIOp>(value(a), value(b)).getResult();
}

Index KernelBuilder::max(Index a, Index b) {
  if (a.constant() && b.constant())
    return std::max(*a.constant(), *b.constant());
  return create<arith::MaxSIOp>(value(a), value(b)).getResult();
}

Index KernelBuilder::affine(AffineExpr expr, llvm::function_ref<Index(AffineExpr)> leaf) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return leaf(expr);
  Index lhs = affine(binary.getLHS(), leaf), rhs = affine(binary.getRHS(), leaf);
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return add(lhs, rhs);
  case AffineExprKind::Mul:
    return mul(lhs, rhs);
  case AffineExprKind::FloorDiv:
    return div(lhs, rhs);
  case AffineExprKind::CeilDiv:
    return ceilDiv(lhs, rhs);
  default:
    return mod(lhs, rhs);
  }
}

Value KernelBuilder::less(Index a, Index b) {
  if (a.constant() && b.constant())
    return create<arith::ConstantOp>(builder.getBoolAttr(*a.constant() < *b.constant()));
  return create<arith::CmpIOp>(arith::CmpIPredicate::slt, value(a), value(b));
}

// Control flow
// ----------------------------------------------------------------------------------------------------------

namespace {
bool isSingleTrip(Index lower, Index upper, Index step) {
  return lower.constant() && upper.constant() && step.constant() && *upper.constant() > *lower.constant() &&
         *upper.constant() - *lower.constant() <= *step.constant();
}
} // namespace

void KernelBuilder::loop(Index lower, Index upper, Index step, Body body) {
  loop(lower, upper, step, ValueRange(), [&](Index iv, ValueRange) {
    body(iv);
    return SmallVector<Value>();
  });
}

SmallVector<Value> KernelBuilder::loop(Index lower, Index upper, Index step, ValueRange initial, CarriedBody body) {
  if (isSingleTrip(lower, upper, step))
    return body(lower, initial);
  if (lower.constant() && upper.constant() && *lower.constant() >= *upper.constant())
    return SmallVector<Value>(initial);
  auto loop = create<scf::ForOp>(value(lower), value(upper), value(step), initial);
  OpBuilder::InsertionGuard guard(builder);
  Block *block = loop.getBody();
  if (initial.empty())
    builder.setInsertionPoint(block->getTerminator());
  else
    builder.setInsertionPointToEnd(block);
  SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!initial.empty())
    create<scf::YieldOp>(next);
  return SmallVector<Value>(loop.getResults());
}

void KernelBuilder::ifThen(Value condition, llvm::function_ref<void()> then, llvm::function_ref<void()> otherwise) {
  auto branch = create<scf::IfOp>(condition, bool(otherwise));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(branch.thenBlock()->getTerminator());
  then();
  if (otherwise) {
    builder.setInsertionPoint(branch.elseBlock()->getTerminator());
    otherwise();
  }
}

Value KernelBuilder::choose(Value condition, Type type, llvm::function_ref<Value()> then,
                            llvm::function_ref<Value()> otherwise) {
  auto branch = create<scf::IfOp>(type, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(branch.thenBlock());
  create<scf::YieldOp>(then());
  builder.setInsertionPointToEnd(branch.elseBlock());
  create<scf::YieldOp>(otherwise());
  return branch.getResult(0);
}

// Memory
// ----------------------------------------------------------------------------------------------------------------

Value KernelBuilder::address(Value pointer, Type element, Index offset) {
  if (offset.is(0))
    return pointer;
  Type memory = memoryType(element);
  // A GEPArg keeps 29 bits of a constant (LLVM::kGEPConstantBitWidth); a model's constants reach further.
  if (auto constant = offset.constant(); constant && llvm::isInt<LLVM::kGEPConstantBitWidth>(*constant))
    return create<LLVM::GEPOp>(pointer.getType(), memory, pointer, ArrayRef<LLVM::GEPArg>{int32_t(*constant)});
  return create<LLVM::GEPOp>(pointer.getType(), memory, pointer, ArrayRef<LLVM::GEPArg>{value(offset)});
}

Value KernelBuilder::fromMemory(Value loaded, Type element) {
  if (!isBoolean(element))
    return loaded;
  return create<arith::CmpIOp>(arith::CmpIPredicate::ne, loaded, constant(loaded.getType(), 0));
}

Value KernelBuilder::toMemory(Value element) {
  Type type = element.getType();
  if (!isBoolean(getElementTypeOrSelf(type)))
    return element;
  Type byte = builder.getI8Type();
  if (auto vector = dyn_cast<VectorType>(type))
    byte = lanesOf(byte, vector.getNumElements());
  return create<arith::ExtUIOp>(byte, element);
}

Value KernelBuilder::load(Value pointer, Type element, Index offset) {
  Type memory = memoryType(element);
  Value loaded = create<LLVM::LoadOp>(memory, address(pointer, element, offset), alignmentOf(memory));
  return fromMemory(loaded, element);
}

void KernelBuilder::store(Value scalar, Value pointer, Index offset) {
  Type element = scalar.getType();
  create<LLVM::StoreOp>(toMemory(scalar), address(pointer, element, offset), alignmentOf(memoryType(element)));
}

Value KernelBuilder::loadVector(Value pointer, Type element, Index offset, int64_t lanes, Value mask) {
  Type memory = memoryType(element), type = lanesOf(memory, lanes);
  Value place = address(pointer, element, offset), loaded;
  if (mask)
    loaded = create<LLVM::MaskedLoadOp>(type, place, mask, ValueRange(constant(type, 0)), alignmentOf(memory));
  else
    loaded = create<LLVM::LoadOp>(type, place, alignmentOf(memory));
  return fromMemory(loaded, element);
}

void KernelBuilder::storeVector(Value vector, Value pointer, Index offset, Value mask) {
  Type element = getElementTypeOrSelf(vector.getType());
  Value place = address(pointer, element, offset), stored = toMemory(vector);
  unsigned alignment = alignmentOf(memoryType(element));
  if (mask)
    create<LLVM::MaskedStoreOp>(stored, place, mask, alignment);
  else
    create<LLVM::StoreOp>(stored, place, alignment);
}

Value KernelBuilder::places(Value pointer, Type element, Value offsets) {
  int64_t lanes = cast<VectorType>(offsets.getType()).getNumElements();
  Type pointers = LLVM::LLVMFixedVectorType::get(pointer.getType(), lanes);
  return create<LLVM::GEPOp>(pointers, memoryType(element), pointer, ArrayRef<LLVM::GEPArg>{offsets});
}

Value KernelBuilder::gather(Value pointer, Type element, Value offsets, Value mask) {
  int64_t lanes = cast<VectorType>(offsets.getType()).getNumElements();
  Type memory = memoryType(element), type = lanesOf(memory, lanes);
  if (!mask)
    mask = constant(lanesOf(builder.getI1Type(), lanes), 1);
  Value loaded = create<LLVM::masked_gather>(type, places(pointer, element, offsets), mask,
                                             ValueRange(constant(type, 0)), alignmentOf(memory));
  return fromMemory(loaded, element);
}

void KernelBuilder::scatter(Value vector, Value pointer, Value offsets, Value mask) {
  auto type = cast<VectorType>(vector.getType());
  if (!mask)
    mask = constant(lanesOf(builder.getI1Type(), type.getNumElements()), 1);
  create<LLVM::masked_scatter>(toMemory(vector), places(pointer, type.getElementType(), offsets), mask,
                               alignmentOf(memoryType(type.getElementType())));
}

void KernelBuilder::prefetch(Value pointer, Type element, Index offset, int locality) {
  create<LLVM::Prefetch>(address(pointer, element, offset), /*rw=*/0u, unsigned(locality), /*cache=*/1u);
}

// Vectors
// ---------------------------------------------------------------------------------------------------------------

Value KernelBuilder::splat(Value scalar, int64_t lanes) {
  return create<vector::BroadcastOp>(VectorType::get({lanes}, scalar.getType()), scalar);
}

Value KernelBuilder::constant(Type type, double number) {
  Type element = getElementTypeOrSelf(type);
  Attribute attr;
  if (auto integer = dyn_cast<IntegerType>(element)) {
    Type signless = IntegerType::get(type.getContext(), integer.getWidth());
    attr = integer.getWidth() == 1 ? Attribute(builder.getBoolAttr(number != 0))
                                   : Attribute(builder.getIntegerAttr(signless, int64_t(number)));
    element = signless;
  } else {
    attr = builder.getFloatAttr(element, number);
  }
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(VectorType::get(vector.getShape(), element), attr);
  return create<arith::ConstantOp>(cast<TypedAttr>(attr));
}

Value KernelBuilder::laneNumbers(int64_t lanes) {
  SmallVector<int64_t> numbers = llvm::to_vector(llvm::seq<int64_t>(0, lanes));
  return create<arith::ConstantOp>(
      DenseElementsAttr::get(VectorType::get({lanes}, builder.getI64Type()), ArrayRef(numbers)));
}

Value KernelBuilder::maskBelow(Index count, int64_t lanes) {
  // 32-bit lane numbers: half the registers of 64-bit ones on AVX2.
  SmallVector<int32_t> numbers = llvm::to_vector(llvm::seq<int32_t>(0, lanes));
  auto type = VectorType::get({lanes}, builder.getI32Type());
  Value lane = create<arith::ConstantOp>(DenseElementsAttr::get(type, ArrayRef(numbers)));
  Value bound = create<arith::TruncIOp>(builder.getI32Type(), value(min(count, lanes)));
  return create<arith::CmpIOp>(arith::CmpIPredicate::slt, lane, splat(bound, lanes));
}

Value KernelBuilder::fma(Value a, Value b, Value c) { return create<math::FmaOp>(a, b, c); }

} // namespace ingot::cpu
