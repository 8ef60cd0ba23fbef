// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// NumPy's files: .npy holds one array, .npz is a zip archive of them.
#pragma once
#include "Array.h"

#include <map>
#include <string>

namespace ingot {

/// Arrays by name.
using ArrayMap = std::map<std::string, Array>;

/// Reads stored and deflated members. A Failure names the file and what is wrong with it.
ArrayMap readNpz(const std::string &path);
Array readNpy(const std::string &path);

/// Writes stored members; over an existing file only when everything is written.
void writeNpz(const std::string &path, const ArrayMap &arrays);

/// One .npy file's bytes as an array; `subject` names it in errors.
Array parseNpy(const std::string &bytes, const std::string &subject);

} // namespace ingot
