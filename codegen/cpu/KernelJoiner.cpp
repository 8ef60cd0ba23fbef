//===- KernelJoiner.cpp - Makes one kernel of two -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/KernelJoiner.h"
#include "codegen/cpu/Target.h"
#include "codegen/cpu/Winograd.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace ingot::cpu {

KernelJoiner::~KernelJoiner() {
  llvm::StringSet<> used;
  module.walk([&](kernel::LaunchOp launch) { used.insert(launch.getCallee()); });
  for (Operation *part : parts)
    if (!used.contains(cast<kernel::FuncOp>(part).getName()))
      part->erase();
}

SmallVector<kernel::LaunchOp> KernelJoiner::launches() {
  SmallVector<kernel::LaunchOp> found;
  if (Operation *main = module.lookupSymbol("main"); main && !main->hasAttr("ingot.detect_anomaly"))
    main->walk([&](kernel::LaunchOp launch) { found.push_back(launch); });
  return found;
}

kernel::FuncOp KernelJoiner::calleeOf(kernel::LaunchOp launch) {
  return module.lookupSymbol<kernel::FuncOp>(launch.getCallee());
}

kernel::LaunchOp KernelJoiner::soleProducer(kernel::LaunchOp launch, BlockArgument input) {
  Value map = launch.getOperands()[input.getArgNumber()];
  auto producer = map.hasOneUse() ? map.getDefiningOp<kernel::LaunchOp>() : kernel::LaunchOp();
  return producer && producer->getNumResults() == 1 && map.getType() == input.getType() ? producer : kernel::LaunchOp();
}

void KernelJoiner::join(kernel::LaunchOp producer, kernel::LaunchOp launch, BlockArgument input) {
  kernel::FuncOp first = calleeOf(producer), second = calleeOf(launch);
  kernel::FuncOp &both = kernels[{first, second}];
  if (!both)
    both = define(first, second, input);
  SmallVector<Value> operands(producer.getOperands());
  for (auto [number, operand] : llvm::enumerate(launch.getOperands()))
    if (number != input.getArgNumber())
      operands.push_back(operand);
  auto joined = OpBuilder(launch).create<kernel::LaunchOp>(launch.getLoc(), launch.getResultTypes(), both.getSymName(),
                                                           operands, ArrayAttr());
  launch->replaceAllUsesWith(joined);
  launch.erase();
  producer.erase();
}

/// A kernel of the operations of both: `second` reads what `first` returns as `input`.
kernel::FuncOp KernelJoiner::define(kernel::FuncOp first, kernel::FuncOp second, BlockArgument input) {
  SmallVector<Type> types(first.getArgumentTypes());
  for (BlockArgument argument : second.getBody().getArguments())
    if (argument != input)
      types.push_back(argument.getType());
  OpBuilder builder(second);
  std::string name = (first.getName() + "_" + second.getName()).str();
  auto kernel =
      builder.create<kernel::FuncOp>(second.getLoc(), name, builder.getFunctionType(types, second.getResultTypes()),
                                     builder.getStringAttr("private"), ArrayAttr(), ArrayAttr());
  mlir::Block &body = kernel.getBody().emplaceBlock();
  builder.setInsertionPointToEnd(&body);
  IRMapping mapping;
  for (kernel::FuncOp part : {first, second}) {
    for (BlockArgument argument : part.getBody().getArguments())
      if (argument != input)
        mapping.map(argument, body.addArgument(argument.getType(), argument.getLoc()));
    for (Operation &op : part.getBody().front().without_terminator())
      builder.clone(op, mapping);
    if (part == first)
      mapping.map(input, mapping.lookup(part.getBody().front().getTerminator()->getOperand(0)));
    parts.insert(part);
  }
  builder.clone(*second.getBody().front().getTerminator(), mapping);
  return kernel;
}

Operation *soleRoot(kernel::FuncOp kernel) {
  Operation *root = nullptr;
  for (Operation &op : kernel.getBody().front())
    if (op.hasTrait<Root>()) {
      if (root)
        return nullptr;
      root = &op;
    }
  return root;
}

bool hasPanels(ConvOp conv) {
  auto unpack = conv.getFilter().getDefiningOp<kernel::UnpackOp>();
  return unpack && isa<BlockArgument>(unpack.getInput()) && !winogradForm(unpack) && unpack.getBlocks()[0] > 1 &&
         getElementTypeOrSelf(unpack.getInput().getType()).isF32();
}

} // namespace ingot::cpu
