//===- PackConstants.cpp - Constants in the layouts that kernels like -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   %1 = kernel.launch @k(%0, %w)   =>   %p = kernel.pack %w [1, 0] [16, 1];  %1 = kernel.launch @k(%0, %p)
//
// A kernel is shared by many launches: an argument is packed when it is a constant in all of them. Where its user may
// have it in less than float32, it is stored so on the way.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/ConstantElements.h"
#include "codegen/cpu/Packing.h"
#include "codegen/cpu/Winograd.h"
#include "mlir/IR/AsmState.h"
#include <cmath>

using namespace mlir;

namespace ingot::cpu {
namespace {

class ConstantPacker {
public:
  ConstantPacker(ModuleOp module, bool keepsFilters) : module(module), keepsFilters(keepsFilters) {
    module.walk([&](kernel::LaunchOp launch) { launches[launch.getCallee()].push_back(launch); });
  }

  void run() {
    for (auto kernel : module.getOps<kernel::FuncOp>())
      for (BlockArgument argument : SmallVector<BlockArgument>(kernel.getBody().getArguments()))
        pack(kernel, argument);
  }

private:
  void pack(kernel::FuncOp kernel, BlockArgument argument) {
    ArrayRef<kernel::LaunchOp> users = launches[kernel.getName()];
    unsigned number = argument.getArgNumber();
    if (users.empty() || !areConstants(users, number))
      return;
    std::optional<Layout> layout = chooseLayout(argument);
    if (layout && layout->winograd && keepsFilters)
      return;
    std::optional<Layout> reduced = reduceLayout(argument, layout);
    if (reduced && llvm::all_of(users, [&](kernel::LaunchOp launch) {
          return canStore(launch.getOperands()[number].getDefiningOp<ConstantOp>(), *reduced);
        })) {
      reduceArgument(kernel, argument, *reduced);
      layout = reduced;
    } else if (layout) {
      packArgument(kernel, argument, *layout);
    } else {
      return;
    }
    for (kernel::LaunchOp launch : users) {
      OpOperand &operand = launch->getOpOperand(number);
      auto source = operand.get().getDefiningOp<ConstantOp>();
      operand.set(packed(source, argument.getType(), *layout));
      if (layout->storage == Storage::Int8)
        launch.getOperandsMutable().append(scales(source, *layout, kernel.getArgumentTypes().back()));
    }
  }

  /// What identifies a stored form of a constant.
  Attribute describe(const Layout &layout) {
    Builder builder(module.getContext());
    return builder.getArrayAttr({builder.getDenseI64ArrayAttr(layout.permutation),
                                 builder.getDenseI64ArrayAttr(layout.blocks),
                                 builder.getDenseI64ArrayAttr({layout.winograd.tile, layout.winograd.stride}),
                                 builder.getI64IntegerAttr(int64_t(layout.storage))});
  }

  /// One copy for all launches that want the same layout.
  Value packed(ConstantOp source, Type type, const Layout &layout) {
    Value &copy = copies[{source, describe(layout)}];
    if (copy)
      return copy;
    OpBuilder builder(module.getContext());
    builder.setInsertionPointAfter(source);
    auto pack = builder.create<kernel::PackOp>(source.getLoc(), type, source, layout.permutation, layout.blocks);
    setWinogradForm(pack, layout.winograd);
    if (layout.storage != Storage::Float32) {
      RoundingError error = errorOf(source, layout);
      setScaledAxis(pack, layout.scaledAxis);
      pack->setAttr("kernel.rounding", builder.getDenseF64ArrayAttr({error.rms, error.most}));
    }
    return copy = pack;
  }

  bool canStore(ConstantOp source, const Layout &layout) { return std::isfinite(errorOf(source, layout).rms); }

  const RoundingError &errorOf(ConstantOp source, const Layout &layout) {
    auto [known, isNew] = errors.try_emplace({source, describe(layout)});
    if (isNew) {
      std::vector<char> storage;
      known->second = roundingError(floatsOf(source.getValue(), storage), source.getType().getShape(),
                                    layout.scaledAxis, layout.storage);
    }
    return known->second;
  }

  /// The scales as a constant of their own.
  Value scales(ConstantOp source, const Layout &layout, Type type) {
    Value &made = scalesOf[{source, TypeAttr::get(type)}];
    if (made)
      return made;
    std::vector<char> storage;
    std::vector<float> values =
        scalesAlong(floatsOf(source.getValue(), storage), source.getType().getShape(), layout.scaledAxis);
    OpBuilder builder(module.getContext());
    builder.setInsertionPointAfter(source);
    AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(
        ArrayRef(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float)), 64);
    auto elements = DenseResourceElementsAttr::get(cast<RankedTensorType>(type), "scales", std::move(blob));
    return made = builder.create<ConstantOp>(source.getLoc(), type, elements);
  }

  ModuleOp module;
  bool keepsFilters;
  llvm::MapVector<StringRef, SmallVector<kernel::LaunchOp>> launches;
  llvm::DenseMap<std::pair<Operation *, Attribute>, Value> copies, scalesOf;
  llvm::DenseMap<std::pair<Operation *, Attribute>, RoundingError> errors;
};

} // namespace

void packConstants(ModuleOp module, bool keepsFilters) { ConstantPacker(module, keepsFilters).run(); }

} // namespace ingot::cpu
