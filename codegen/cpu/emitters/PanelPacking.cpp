//===- PanelPacking.cpp - Panels of an operand that is not constant -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/PanelPacking.h"
#include "codegen/cpu/Target.h"
#include "codegen/cpu/emitters/PanelProduct.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

Value scaled(KernelBuilder &builder, Value value, double factor) {
  if (factor == 1)
    return value;
  return builder.create<arith::MulFOp>(value, builder.constant(value.getType(), factor));
}

void packTile(KernelBuilder &builder, Index k, int64_t count, const PanelSource &from, const PanelDestination &to) {
  Value mask = count < panelLanes ? builder.maskBelow(count, panelLanes) : Value();
  SmallVector<Value> rows;
  for (Index offset : from.offsets) {
    Value row = builder.loadVector(from.pointer, builder.op().getF32Type(), builder.add(offset, k), panelLanes, mask);
    rows.push_back(scaled(builder, row, to.factor));
  }
  transpose16(builder, rows);
  for (int64_t i = 0; i < count; ++i)
    builder.storeVector(rows[i], to.pointer, builder.add(to.base, builder.mul(builder.add(k, i), to.pitch)));
}

void packElements(KernelBuilder &builder, Index steps, const PanelSource &from, const PanelDestination &to) {
  Type f32 = builder.op().getF32Type();
  builder.loop(0, steps, 1, [&](Index k) {
    Index step = builder.mul(k, from.step), place = builder.add(to.base, builder.mul(k, to.pitch));
    for (auto [lane, offset] : llvm::enumerate(from.offsets)) {
      Value element = scaled(builder, builder.load(from.pointer, f32, builder.add(offset, step)), to.factor);
      builder.store(element, to.pointer, builder.add(place, int64_t(lane)));
    }
  });
}

} // namespace

void packPanel(KernelBuilder &builder, Index steps, const PanelSource &from, const PanelDestination &to) {
  if (!from.step.is(1) || !steps.constant())
    return packElements(builder, steps, from, to);
  int64_t count = *steps.constant(), whole = count / panelLanes * panelLanes;
  builder.loop(0, whole, panelLanes, [&](Index k) { packTile(builder, k, panelLanes, from, to); });
  if (count > whole)
    packTile(builder, whole, count - whole, from, to);
}

} // namespace ingot::cpu
