// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From an element type known at run time to one known at compile time.
#pragma once
#include "Array.h"

namespace ingot {

/// Calls action(T()) with the C++ type of the elements; false for half-precision types, which C++ lacks.
template <typename Action>
bool withElementType(ingot_dtype dtype, const Action &action) {
  switch (dtype) {
  case INGOT_F32:
    return action(float()), true;
  case INGOT_F64:
    return action(double()), true;
  case INGOT_I8:
    return action(int8_t()), true;
  case INGOT_I16:
    return action(int16_t()), true;
  case INGOT_I32:
    return action(int32_t()), true;
  case INGOT_I64:
    return action(int64_t()), true;
  case INGOT_U8:
  case INGOT_BOOL:
    return action(uint8_t()), true;
  case INGOT_U16:
    return action(uint16_t()), true;
  case INGOT_U32:
    return action(uint32_t()), true;
  case INGOT_U64:
    return action(uint64_t()), true;
  default:
    return false;
  }
}

inline bool isReal(ingot_dtype dtype) {
  return dtype == INGOT_F32 || dtype == INGOT_F64 || dtype == INGOT_F16 || dtype == INGOT_BF16;
}

} // namespace ingot
