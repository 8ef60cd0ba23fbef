//===- SplitReductions.cpp - Sums over large maps in parts ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A reduction of a map to its channels divides its work by channels, so every thread would read lines that others have
// written, which takes longer than to add them up. Here a thread reduces parts of the map, as it wrote them, and a
// second launch the parts' results:
//
//   %1 = kernel.launch @mean(%0)                                         with  reduce mean %0 [1, 2]
//   =>
//   %p = kernel.launch @mean_parts(%0);  %1 = kernel.launch @mean(%p)    with  reshape %0; reduce mean [2, 3]
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/KernelJoiner.h"
#include "codegen/cpu/Packing.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// Into how many equal parts lines are divided; equal, so that the mean of their means is the mean.
int64_t partsOf(int64_t lines) { return lines % 4 == 0 ? 4 : lines % 2 == 0 ? 2 : 1; }

/// The reduction of a kernel, if it is one over all pixels of an argument [N, H, W, C] that is worth two launches.
ReduceOp findReduction(kernel::FuncOp kernel) {
  auto reduce = dyn_cast_or_null<ReduceOp>(soleRoot(kernel));
  if (!reduce || !isa<BlockArgument>(reduce.getInput()) || !reduce.getInput().hasOneUse())
    return nullptr;
  auto type = cast<RankedTensorType>(reduce.getInput().getType());
  ArrayRef<int64_t> shape = type.getShape();
  bool isMap = type.getElementType().isF32() && shape.size() == 4 && reduce.getAxes() == ArrayRef<int64_t>{1, 2} &&
               !ShapedType::isDynamicShape(shape.drop_front()) && partsOf(shape[1]) > 1;
  // Smaller ones are read in less time than a launch and the way between caches take.
  constexpr int64_t large = 256 * 1024;
  return isMap && shape[1] * shape[2] * shape[3] * 4 >= large ? reduce : ReduceOp();
}

kernel::FuncOp createKernel(kernel::FuncOp before, const std::string &name, Type from, TypeRange to) {
  OpBuilder builder(before);
  auto kernel = builder.create<kernel::FuncOp>(before.getLoc(), name, builder.getFunctionType(from, to),
                                               builder.getStringAttr("private"), ArrayAttr(), ArrayAttr());
  kernel.getBody().emplaceBlock().addArgument(from, before.getLoc());
  return kernel;
}

/// [N, H, W, C] -> [N, parts, 1, 1, C].
kernel::FuncOp defineParts(kernel::FuncOp kernel, ReduceOp reduce) {
  SymbolScope scope(kernel.getContext());
  SmallVector<AffineExpr> dims = scope.dims(reduce.getInput());
  int64_t height = *constantValue(dims[1]), parts = partsOf(height);
  AffineExpr one = scope.constant(1), many = scope.constant(parts), lines = scope.constant(height / parts);
  Type element = getElementTypeOrSelf(reduce.getInput());
  kernel::FuncOp first = createKernel(kernel, (kernel.getName() + "_parts").str(), reduce.getInput().getType(),
                                      scope.tensor({dims[0], many, one, one, dims[3]}, element));
  OpBuilder builder = OpBuilder::atBlockEnd(&first.getBody().front());
  Value split = builder.create<ReshapeOp>(
      reduce.getLoc(), scope.tensor({dims[0], many, lines, dims[2], dims[3]}, element), first.getBody().getArgument(0));
  Value result = builder.create<ReduceOp>(reduce.getLoc(), split, reduce.getKind(), ArrayRef<int64_t>{2, 3});
  builder.create<kernel::ReturnOp>(reduce.getLoc(), result);
  return first;
}

/// Lets the kernel take the parts' results in the map's place.
void takeParts(kernel::FuncOp kernel, ReduceOp reduce, Type from) {
  SymbolScope scope(kernel.getContext());
  auto argument = cast<BlockArgument>(reduce.getInput());
  SmallVector<AffineExpr> dims = scope.dims(argument);
  int64_t parts = partsOf(*constantValue(dims[1]));
  argument.setType(from);
  OpBuilder builder(reduce);
  Type lines = scope.tensor({dims[0], scope.constant(parts), scope.constant(1), dims[3]}, getElementTypeOrSelf(from));
  Value seen = builder.create<ReshapeOp>(reduce.getLoc(), lines, argument);
  reduce->setOperand(0, seen);
  kernel.setFunctionType(
      FunctionType::get(kernel.getContext(), kernel.getBody().front().getArgumentTypes(), kernel.getResultTypes()));
}

} // namespace

void splitReductions(ModuleOp module) {
  llvm::MapVector<kernel::FuncOp, SmallVector<kernel::LaunchOp>> users;
  KernelJoiner joiner(module);
  for (kernel::LaunchOp launch : joiner.launches())
    users[joiner.calleeOf(launch)].push_back(launch);
  for (auto &[kernel, launches] : users) {
    ReduceOp reduce = findReduction(kernel);
    if (!reduce)
      continue;
    unsigned number = cast<BlockArgument>(reduce.getInput()).getArgNumber();
    kernel::FuncOp first = defineParts(kernel, reduce);
    takeParts(kernel, reduce, first.getResultTypes().front());
    for (kernel::LaunchOp launch : launches) {
      OpOperand &map = launch->getOpOperand(number);
      map.set(OpBuilder(launch)
                  .create<kernel::LaunchOp>(launch.getLoc(), first.getResultTypes(), first.getSymName(), map.get(),
                                            ArrayAttr())
                  .getResult(0));
    }
  }
}

} // namespace ingot::cpu
