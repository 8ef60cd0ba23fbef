// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Over how many examples a loss is a mean, which tells how pieces of a batch count.
#pragma once
#include "Array.h"
#include "ingot/runtime.h"

namespace ingot {

/// The labels in `target`, an array for the input `port`, that are not of the class that counts nothing. Of a target
/// that is not one of classes, `rows`.
double countedIn(const ingot_port &port, const Array &target, int64_t rows);

} // namespace ingot
