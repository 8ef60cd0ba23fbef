//===- ProgramReport.h - What a compiled program consists of ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The launches of a planned program with their tensors, costs and schedules, as plain data: for report pages and for
// tuning. Where sizes depend on symbols, everything is told for one choice of their values.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_PROGRAMREPORT_H
#define INGOT_COMPILER_PROGRAMREPORT_H

#include "compiler/Options.h"
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ingot {

struct ProgramReport {
  /// A named dimension and the size that the numbers here are for: the greatest it may have, or the least when that is
  /// not bounded.
  struct Symbol {
    std::string name;
    int64_t value;
  };
  /// What launches exchange. A tensor that another one overwrites in place is one of its own.
  struct Tensor {
    std::string type; ///< "1x56x56x64 f32"
    std::string name; ///< of an input, output, constant or state; else empty
    int64_t bytes = 0;
    std::string space; ///< "input", "output", "constant", "prepared", "arena", "slot" or "state"
    int64_t position = 0;
    /// The launches that first and last touch it; -1 before the first.
    int64_t firstUse = -1, lastUse = -1;
    int64_t producer = -1; ///< the launch that writes it, if any does
  };
  struct Launch {
    std::string node;                       ///< the ONNX node's name
    size_t kernel = 0;                      ///< into `kernels`
    std::vector<size_t> reads, writes;      ///< into `tensors`
    double operations = 0;                  ///< arithmetic, as ingot::countOperations counts it
    double bytesRead = 0, bytesWritten = 0; ///< what at least must move, weights included
  };
  /// Something that could have been chosen otherwise.
  struct Decision {
    /// Names the kernel, whatever model it is part of, and the instruction set: for CompileOptions::choices. Empty
    /// where there is nothing to decide.
    std::string key;
    KernelChoice choice;                    ///< in use
    double microseconds = 0;                ///< that the cost model expects of a launch on one core; 0: it cannot tell
    std::vector<KernelChoice> alternatives; ///< others that may be faster, the likeliest first
  };
  /// How a kernel was emitted for one instruction set.
  struct Schedule {
    std::string variant, emitter;
    std::vector<std::pair<std::string, std::string>> choices;
    int64_t items = 0, grain = 1, scratchBytes = 0;
    Decision division;  ///< of its work: blocks, chunks, grain
    Decision algorithm; ///< which was decided before its constants were packed
  };
  struct Kernel {
    std::string name;
    std::vector<std::string> operations; ///< in order, the root marked: "*conv"
    std::vector<Schedule> schedules;     ///< by variant
  };

  std::vector<Symbol> symbols;
  std::vector<Tensor> tensors;
  std::vector<Kernel> kernels;
  std::vector<Launch> launches;
};

} // namespace ingot

#endif
