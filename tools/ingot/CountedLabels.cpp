// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CountedLabels.h"

#include <algorithm>

namespace ingot {

double countedIn(const ingot_port &port, const Array &target, int64_t rows) {
  if (port.role != INGOT_TARGET || target.dtype != INGOT_I64)
    return double(rows);
  const auto *labels = reinterpret_cast<const int64_t *>(target.data());
  int64_t count = target.count();
  return double(count - std::count(labels, labels + count, int64_t(port.standard)));
}

} // namespace ingot
