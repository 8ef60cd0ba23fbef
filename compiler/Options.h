//===- Options.h - What the compiler is asked to do -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_OPTIONS_H
#define INGOT_COMPILER_OPTIONS_H

#include <cstdint>
#include <map>
#include <string>

namespace ingot {

/// Where compilation stops; the words of `--emit`.
enum class Stage { Import, Simplified, Fused, Plan, Llvm, Assembly, Object, Archive, Library };

/// The sizes a symbol may take: `--dim batch=8` is {8, 8}, `--dim batch=1..64` is {1, 64}.
struct SymbolRange {
  int64_t least, greatest;
};

struct CompileOptions {
  /// The ONNX file.
  std::string input;
  /// The file to write; its kind follows from `emit`. Empty or "-" with a textual stage: standard output.
  std::string output;
  /// C identifier that prefixes every exported symbol. Empty: from the input's file stem.
  std::string name;
  Stage emit = Stage::Library;
  /// "portable" (all variants, chosen at load), "native", "x86-64-v3", "x86-64-v4".
  std::string cpu = "portable";
  std::map<std::string, SymbolRange> dims;
  /// 0 .. 3, as -O.
  unsigned optimization = 3;
  /// Threads that the compiler itself may use; 0: all.
  unsigned jobs = 0;
  /// Also write a C++ header beside the C one.
  bool cxxHeader = false;
  /// Bigger convolution weights for fewer multiplications.
  bool winograd = true;
};

} // namespace ingot

#endif
