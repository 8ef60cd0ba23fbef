//===- WinogradPhases.cpp - Samples with transforms of their own ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/WinogradPhases.h"

namespace ingot::cpu {

Index WinogradPhases::start(const Phase &phase) const {
  Index above = builder.mul(phase.row, form.size() * form.products());
  return builder.add(above, builder.mul(builder.mul(phase.column, form.size()), extent(phase.row)));
}

Index WinogradPhases::extent(Index isOdd) const {
  return builder.sub(form.size(), builder.mul(isOdd, form.size() - form.oddSize()));
}

Index WinogradPhases::count(Index at) const {
  if (form.oddSize() == form.size())
    return form.stride;
  return builder.sub(form.stride, builder.div(at, form.oddSize()));
}

Index WinogradPhases::inputOf(Index element, const Phase &phase) const {
  if (form.stride == 1)
    return element;
  Index row = builder.mul(builder.div(element, form.size()), extent(phase.column));
  return builder.add(builder.add(start(phase), row), builder.mod(element, form.size()));
}

Index WinogradPhases::filterOf(Index element, const Phase &phase) const {
  if (form.stride == 1)
    return element;
  auto along = [&](Index at, Index isOdd) {
    if (form.taps == 4)
      return builder.add(at, builder.mul(isOdd, form.size()));
    return builder.add(at, builder.mul(isOdd, builder.sub(form.filterSize() - 1, at)));
  };
  Index row = along(builder.div(element, form.size()), phase.row),
        column = along(builder.mod(element, form.size()), phase.column);
  return builder.add(builder.mul(row, form.filterSize()), column);
}

} // namespace ingot::cpu
