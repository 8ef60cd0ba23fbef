//===- Integers.h - Integer operations that cannot trap ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_SCALAR_INTEGERS_H
#define INGOT_CODEGEN_SCALAR_INTEGERS_H

#include "codegen/scalar/Real.h"

namespace ingot {

/// Toward zero; x / 0 is 0, and the least number divided by -1 is itself.
Bits quotient(Bits x, Bits y, bool isUnsigned);
/// x - y * quotient(x, y): the sign of x. 0 when y is 0.
Bits remainder(Bits x, Bits y, bool isUnsigned);
/// x modulo y: the sign of y.
Bits modulo(Bits x, Bits y, bool isUnsigned);
/// x^y, wrapping. Negative powers are those of 1 and -1, else 0.
Bits power(Bits x, Bits y, bool isUnsigned);
/// x * 2^y and x / 2^y; 0 (or the sign) when y is the width or more.
Bits shiftLeft(Bits x, Bits y);
Bits shiftRight(Bits x, Bits y, bool isUnsigned);

} // namespace ingot

#endif
