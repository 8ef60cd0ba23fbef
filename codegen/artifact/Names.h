// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// C names made from tensor names and such.
#pragma once
#include "codegen/Codegen.h"

namespace ingot {

/// `text` with everything a C identifier cannot hold replaced by '_': "input.1" becomes "input_1".
std::string makeIdentifier(llvm::StringRef text);

/// Parameter names for ports and dimensions: identifiers, no keywords, no two alike.
class IdentifierScope {
public:
  std::string add(llvm::StringRef text);

private:
  std::vector<std::string> used;
};

} // namespace ingot
