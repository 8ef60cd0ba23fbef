//===- PackConstants.cpp - Constants in the layouts that kernels like -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   %1 = kernel.launch @k(%0, %w)   =>   %p = kernel.pack %w [1, 0] [16, 1];  %1 = kernel.launch @k(%0, %p)
//
// A kernel is shared by many launches: an argument is packed when it is a constant in all of them.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Packing.h"
#include "codegen/cpu/Winograd.h"

using namespace mlir;

namespace ingot::cpu {

void packConstants(ModuleOp module, bool allowWinograd) {
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
      std::optional<Layout> layout =
          isConstant && !users.empty() ? chooseLayout(argument, allowWinograd) : std::nullopt;
      if (!layout)
        continue;
      packArgument(kernel, argument, *layout);
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
          setWinogradTile(copy.getDefiningOp(), layout->winograd);
        }
        operand.set(copy);
      }
    }
  }
}

} // namespace ingot::cpu
