//===- ConstantElements.h - The elements of constants -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_CONSTANTELEMENTS_H
#define INGOT_CODEGEN_CPU_CONSTANTELEMENTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include <vector>

namespace ingot::cpu {

/// The elements of an attribute, booleans as bytes. A splat or a table of booleans is spelled out in `storage`; a
/// resource that is mapped from the model file is not copied.
llvm::ArrayRef<char> elementsOf(mlir::ElementsAttr value, std::vector<char> &storage);

/// The same of a float32 tensor.
inline llvm::ArrayRef<float> floatsOf(mlir::ElementsAttr value, std::vector<char> &storage) {
  llvm::ArrayRef<char> bytes = elementsOf(value, storage);
  return {reinterpret_cast<const float *>(bytes.data()), bytes.size() / sizeof(float)};
}

} // namespace ingot::cpu

#endif
