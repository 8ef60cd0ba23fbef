//===- StateLayout.cpp - Where a training step's state lies ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/StateLayout.h"
#include "dialects/ingot/Ingot.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace ingot {
namespace {

/// As the runtime aligns buffers.
constexpr int64_t alignment = 64;

/// Which part of the block an input belongs to; nothing when it does not carry over.
std::optional<size_t> partOf(StringRef name, StringRef role, ArrayRef<StringRef> slots) {
  if (role == "parameter")
    return 0;
  for (auto [number, slot] : llvm::enumerate(slots))
    if (role == "slot" && name.ends_with(("." + slot).str()))
      return 1 + number;
  if (role == "gradient")
    return slots.size() + 1;
  if (role == "statistic")
    return slots.size() + 2;
  return role == "step" || role == "generator" ? std::optional<size_t>(slots.size() + 3) : std::nullopt;
}

} // namespace

void layOutState(MainFunction &main, ArrayRef<StringRef> slots) {
  SmallVector<std::pair<size_t, unsigned>> order;
  for (unsigned input = 0; input < main.inputCount(); ++input)
    if (auto part = partOf(main.inputName(input), main.inputRole(input), slots))
      order.push_back({*part, input});
  llvm::sort(order);
  Builder builder(main.getLoc().getContext());
  int64_t offset = 0;
  for (auto [part, input] : order) {
    main.setInputAttribute(input, "ingot.state", builder.getI64IntegerAttr(offset));
    if (auto next = main.findOutput((main.inputName(input) + ".next").str()))
      main.outputs[*next].state = offset;
    auto type = cast<RankedTensorType>(main.input(input).getType());
    int64_t bytes = type.getNumElements() * elementBytes(type.getElementType());
    offset += llvm::alignTo(bytes, alignment);
  }
  main.setAttribute("ingot.state_bytes", builder.getI64IntegerAttr(offset));
}

} // namespace ingot
