//===- PackConstants.cpp - Constants in the layouts that kernels like -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   %1 = kernel.launch @k(%0, %w)   =>   %p = kernel.pack %w [1, 0] [16, 1];  %1 = kernel.launch @k(%0, %p)
//
// A kernel is shared by many launches: an argument is packed when it is a constant in all of them.
//
//===----------------------------------------------------------------------===//
#include "codegen/Codegen.h"
#include "codegen/cpu/Packing.h"
#include "codegen/cpu/Winograd.h"

using namespace mlir;

namespace ingot {

LogicalResult packConstants(ModuleOp module, const CpuOptions &options) {
  llvm::MapVector<StringRef, SmallVector<kernel::LaunchOp>> launches;
  module.walk([&](kernel::LaunchOp launch) { launches[launch.getCallee()].push_back(launch); });
  llvm::DenseMap<std::pair<Value, Attribute>, Value> packed;
  for (auto kernel : module.getOps<kernel::FuncOp>()) {
    ArrayRef<kernel::LaunchOp> users = launches[kernel.getName()];
    for (BlockArgument argument : kernel.getBody().getArguments()) {
      unsigned number = argument.getArgNumber();
      bool isConstant = llvm::all_of(users, [&](kernel::LaunchOp launch) {
        return launch.getOperands()[number].getDefiningOp<ConstantOp>() != nullptr;
      });
      std::optional<cpu::Layout> layout =
          isConstant && !users.empty() ? cpu::chooseLayout(argument, options.winograd) : std::nullopt;
      if (!layout)
        continue;
      cpu::packArgument(kernel, argument, *layout);
      for (kernel::LaunchOp launch : users) {
        OpOperand &operand = launch->getOpOperand(number);
        // One copy for all launches that want the same layout.
        Builder attributes(module.getContext());
        Attribute key = attributes.getArrayAttr({attributes.getDenseI64ArrayAttr(layout->permutation),
                                                 attributes.getDenseI64ArrayAttr(layout->blocks),
                                                 attributes.getI64IntegerAttr(layout->winograd)});
        Value &copy = packed[{operand.get(), key}];
        if (!copy) {
          OpBuilder builder(module.getContext());
          builder.setInsertionPointAfterValue(operand.get());
          copy = builder.create<kernel::PackOp>(operand.get().getLoc(), argument.getType(), operand.get(),
                                                layout->permutation, layout->blocks);
          cpu::setWinogradTile(copy.getDefiningOp(), layout->winograd);
        }
        operand.set(copy);
      }
    }
  }
  return success();
}

} // namespace ingot
