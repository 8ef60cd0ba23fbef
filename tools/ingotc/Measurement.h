//===- Measurement.h - What a library does on this machine ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Measuring is the work of `ingot`, in a process of its own: the compiler's memory and threads stay out of the figures,
// and code that crashes ends that process alone.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_TOOLS_INGOTC_MEASUREMENT_H
#define INGOT_TOOLS_INGOTC_MEASUREMENT_H

#include "compiler/Compiler.h"
#include <nlohmann/json.hpp>
#include <optional>

namespace ingot {

/// `ingot bench --profile --json` of a library for so many seconds, with the sizes of symbols that `program` is for.
/// Nothing when it failed, after its error went to standard error.
std::optional<nlohmann::json> measureLibrary(const std::string &library, const ProgramReport &program, double seconds);

/// `ingot bench --beside --json`: the launches of both, which run in turns, so long each. What is told of the second is
/// its member "beside".
std::optional<nlohmann::json> measureBeside(const std::string &library, const std::string &other,
                                            const ProgramReport &program, double seconds);

/// `ingot compare --json` of a library with a reference, on the inputs of an .npz file or, when that is empty, made up.
std::optional<nlohmann::json> compareLibraries(const std::string &library, const std::string &reference,
                                               const std::string &npz);

/// `ingot machine --json` with so many threads; nothing when it failed.
std::optional<nlohmann::json> measureMachine(int threads);

} // namespace ingot

#endif
