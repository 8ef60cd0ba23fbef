//===- MemoryBudget.cpp - Training steps in less memory -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/MemoryBudget.h"
#include "compiler/Pipeline.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"
#include <fmt/format.h>
#include <limits>

using namespace mlir;

namespace ingot {
namespace {

/// Fewer operations than it takes to bring a byte from memory: worth computing again whatever it saves.
constexpr double cheap = 16;

struct Candidate {
  RecomputeChoice choice;
  std::string words;
};

/// From the fewest operations done again to the least memory.
std::vector<Candidate> candidates(int64_t bytes) {
  std::vector<Candidate> list{{{0, 0}, "keeps everything"}, {{cheap, 0}, "recomputes activations and normalisations"}};
  for (int64_t parts = 4; parts <= 64; parts *= 4)
    list.push_back({{cheap, bytes / parts},
                    fmt::format("recomputes activations and normalisations, in segments of {:.1f} MB",
                                double(bytes / parts) / 1e6)});
  for (double parts = 1.5; parts <= 64; parts *= 1.5)
    list.push_back({{std::numeric_limits<double>::infinity(), int64_t(double(bytes) / parts)},
                    fmt::format("recomputes segments of {:.1f} MB", double(bytes) / parts / 1e6)});
  return list;
}

func::FuncOp mainOf(ModuleOp module) { return module.lookupSymbol<func::FuncOp>("main"); }

/// The arena that a choice leads to; nothing when its size depends on symbols.
FailureOr<std::optional<int64_t>> arenaBytes(ModuleOp module, const RecomputeChoice &choice,
                                             const CompileOptions &options) {
  OwningOpRef<ModuleOp> trial = module.clone();
  recompute(mainOf(*trial), choice);
  if (failed(fuse(*trial, options)) || failed(planMemory(*trial)))
    return failure();
  if (mainOf(*trial)->hasAttr("kernel.slots"))
    return std::optional<int64_t>();
  return std::optional<int64_t>(mainOf(*trial)->getAttrOfType<IntegerAttr>("kernel.arena_bytes").getInt());
}

} // namespace

LogicalResult fitMemoryBudget(ModuleOp module, const CompileOptions &options, CompileReport::MemoryBudget &report) {
  if (options.train.memoryBudget <= 0) {
    recompute(mainOf(module), RecomputeChoice());
    return success();
  }
  int64_t budget = options.train.memoryBudget, least = std::numeric_limits<int64_t>::max();
  for (const Candidate &candidate : candidates(bytesForBackward(mainOf(module)))) {
    FailureOr<std::optional<int64_t>> bytes = arenaBytes(module, candidate.choice, options);
    if (failed(bytes))
      return failure();
    if (!*bytes)
      return emitError(module.getLoc())
             << "a memory budget needs known sizes: give each symbol a value or a range by --dim";
    if (report.words.empty())
      report.arenaBytesWithout = **bytes;
    report.words = candidate.words;
    least = std::min(least, **bytes);
    if (**bytes > budget)
      continue;
    RecomputeCost cost = recompute(mainOf(module), candidate.choice);
    report.values = cost.values;
    report.moreOperations = cost.once > 0 ? cost.again / cost.once : 0;
    return success();
  }
  return emitError(module.getLoc()) << "the step does not fit into " << budget
                                    << " bytes of arena; the least that was reached is " << least
                                    << " bytes, with everything kept it takes " << report.arenaBytesWithout;
}

} // namespace ingot
