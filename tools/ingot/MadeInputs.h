// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Inputs for a library when nobody gives any.
#pragma once
#include "Library.h"

namespace ingot {

struct MadeInputsOptions {
  /// Sizes of open dimensions: "NAME=N".
  std::vector<std::string> dims;
  /// What integers are; they may be indices.
  int64_t integer = 0;
  /// The size of an open dimension that is not given, as far as its bounds allow.
  int64_t size = 1;
};

/// Values that keep arithmetic ordinary: fractions from -1 to 1, the same in each call. Tells on standard error which
/// sizes it chose.
ArrayMap makeInputs(const Library &library, const MadeInputsOptions &options);

} // namespace ingot
