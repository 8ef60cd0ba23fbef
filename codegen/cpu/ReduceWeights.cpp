//===- ReduceWeights.cpp - Kernels whose weights are not float32 ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   kernel.func @k(%x, %w) { %0 = matmul %x, %w; add %0, %b }
//   =>
//   kernel.func @k(%x, %p: i8, %s) { %0 = kernel.unpack %p; %1 = cast %0 to f32; %2 = matmul %x, %1; %3 = mul %2, %s;
//   add %3, %b }
//
// The columns' scales are taken out of the sum. So a kernel says what it computes, whichever emitter takes it; those
// that know panels read words of the stored type (emitters/StoredPanels.h).
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Packing.h"
#include "codegen/cpu/Target.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// The axis of the weights that columns of the result come from.
int64_t columnAxis(Operation *user, int64_t rank) {
  return isa<GatherOp>(user) ? 0 : isa<ConvTransposeOp>(user) ? rank - 2 : rank - 1;
}

/// The axis that a word runs along: the sum's.
int64_t wordAxis(Operation *user, int64_t rank) {
  return isa<ConvTransposeOp>(user) || isa<GatherOp>(user) ? rank - 1 : rank - 2;
}

/// Scales are one axis, which must be the result's last: not so for a batch of matrices.
bool hasColumns(Operation *user, RankedTensorType type) {
  auto matmul = dyn_cast<MatmulOp>(user);
  return !matmul || llvm::all_of(type.getShape().drop_back(2), [](int64_t size) { return size == 1; });
}

Value addArgument(kernel::FuncOp kernel, RankedTensorType type, Location loc) {
  Value argument = kernel.getBody().front().addArgument(type, loc);
  SmallVector<Type> inputs(kernel.getArgumentTypes());
  inputs.push_back(type);
  kernel.setFunctionType(FunctionType::get(kernel.getContext(), inputs, kernel.getResultTypes()));
  return argument;
}

/// gather %table  =>  mul (cast (gather %rows)), (gather %scales)
void reduceTable(kernel::FuncOp kernel, BlockArgument argument, const Layout &layout) {
  auto gather = cast<GatherOp>(*argument.user_begin());
  auto type = cast<RankedTensorType>(argument.getType());
  OpBuilder builder(gather);
  Location loc = gather.getLoc();
  argument.setType(packedType(type, layout));
  SmallVector<Type> inputs(kernel.getArgumentTypes());
  inputs[argument.getArgNumber()] = argument.getType();
  kernel.setFunctionType(FunctionType::get(kernel.getContext(), inputs, kernel.getResultTypes()));
  Value rows = builder.create<GatherOp>(loc, argument, gather.getIndices(), gather.getAxis());
  Value result = builder.create<CastOp>(loc, rows, builder.getF32Type());
  if (layout.storage == Storage::Int8) {
    SmallVector<int64_t> shape(type.getRank(), 1);
    shape[0] = type.getDimSize(0);
    Value scales = addArgument(kernel, RankedTensorType::get(shape, builder.getF32Type()), loc);
    Value scale = builder.create<GatherOp>(loc, scales, gather.getIndices(), gather.getAxis());
    result = builder.create<MulOp>(loc, result, scale);
  }
  gather.replaceAllUsesWith(result);
  gather.erase();
}

void reducePanels(kernel::FuncOp kernel, BlockArgument argument, const Layout &layout) {
  Operation *user = *argument.user_begin();
  packArgument(kernel, argument, layout);
  auto unpack = cast<kernel::UnpackOp>(*argument.user_begin());
  OpBuilder builder(user);
  builder.setInsertionPointAfter(unpack);
  Value plain = builder.create<CastOp>(argument.getLoc(), unpack.getOutput(), builder.getF32Type());
  unpack.getOutput().replaceAllUsesExcept(plain, plain.getDefiningOp());
  if (layout.storage != Storage::Int8)
    return;
  int64_t columns = cast<RankedTensorType>(plain.getType()).getDimSize(layout.scaledAxis);
  Value scales = addArgument(kernel, RankedTensorType::get({columns}, builder.getF32Type()), argument.getLoc());
  builder.setInsertionPointAfter(user);
  Value result = user->getResult(0);
  Value scaled = builder.create<MulOp>(user->getLoc(), result, scales);
  result.replaceAllUsesExcept(scaled, scaled.getDefiningOp());
}

} // namespace

int64_t scaledAxis(Operation *op) {
  auto axis = op->getAttrOfType<IntegerAttr>("kernel.scaled_axis");
  return axis ? axis.getInt() : -1;
}

void setScaledAxis(Operation *op, int64_t axis) {
  op->setAttr("kernel.scaled_axis", IntegerAttr::get(IntegerType::get(op->getContext(), 64), axis));
}

std::optional<Layout> reduceLayout(BlockArgument argument, std::optional<Layout> layout) {
  if (!argument.hasOneUse())
    return std::nullopt;
  Operation *user = *argument.user_begin();
  Storage storage = wantedStorage(user);
  auto type = cast<RankedTensorType>(argument.getType());
  bool isTable = isa<GatherOp>(user) && user->getOperand(0) == argument;
  if (storage == Storage::Float32 || !type.hasStaticShape() || (!layout && !isTable) ||
      (storage == Storage::Int8 && !hasColumns(user, type)))
    return std::nullopt;
  int64_t rank = type.getRank();
  if (isTable) {
    layout = Layout();
    for (int64_t axis = 0; axis < rank; ++axis)
      layout->permutation.push_back(axis);
    layout->blocks.assign(rank, 1);
  } else {
    // Words run along the innermost axis of the sum: not so in planes, nor in Winograd's form, which would multiply the
    // rounding errors.
    if (layout->winograd || layout->permutation.back() != wordAxis(user, rank))
      return std::nullopt;
    layout->blocks.back() = stepsPerWord(storage);
  }
  layout->storage = storage;
  layout->scaledAxis = columnAxis(user, rank);
  return layout;
}

void reduceArgument(kernel::FuncOp kernel, BlockArgument argument, const Layout &layout) {
  if (isa<GatherOp>(*argument.user_begin()))
    reduceTable(kernel, argument, layout);
  else
    reducePanels(kernel, argument, layout);
}

} // namespace ingot::cpu
