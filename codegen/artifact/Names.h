// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// C names made from tensor names and such.
#pragma once
#include "codegen/Codegen.h"

namespace ingot {

/// `text` with everything a C identifier cannot hold replaced by '_': "input.1" becomes "input_1".
std::string makeIdentifier(llvm::StringRef text);

/// What C knows the parts of a program by: identifiers, no keywords, no two alike.
struct ProgramNames {
  explicit ProgramNames(const ProgramDescription &program);
  std::vector<std::string> dims; ///< one for each symbol
  std::vector<std::string> inputs, outputs, states;
};

/// An input as a parameter of a C function: "const float *image", of hyperparameters "double lr".
std::string cParameter(const ProgramPort &port, llvm::StringRef name);

/// "float", "uint8_t"; 16-bit floats are "uint16_t".
llvm::StringRef cTypeName(ingot_dtype dtype);
/// A dimension, or another expression of the symbols, as C has it: "(height + 1) / 2".
std::string printDimension(mlir::AffineExpr dim, llvm::ArrayRef<ProgramSymbol> symbols);
/// "float32", "bfloat16".
llvm::StringRef plainTypeName(ingot_dtype dtype);
/// "INGOT_F32".
llvm::StringRef dtypeConstantName(ingot_dtype dtype);

} // namespace ingot
