//===- PrecisionCheck.cpp - What --precision costs the outputs ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "tools/ingotc/PrecisionCheck.h"
#include "tools/ingotc/Measurement.h"
#include "tools/ingotc/TrialFolder.h"
#include <cmath>
#include <fmt/core.h>

namespace ingot {
namespace {

/// JSON has no infinity: null is one.
double number(const nlohmann::json &value) { return value.is_number() ? double(value) : HUGE_VAL; }

} // namespace

void checkPrecision(CompileOptions options, const std::string &calibration, CompileReport &report,
                    const CompileEvents &events) {
  TrialFolder folder("precision");
  std::string library = options.output;
  options.precision = Precision::Float32;
  options.output = (folder.path / "reference.so").string();
  options.cxxHeader = options.explain = false;
  CompileEvents quiet;
  quiet.onDiagnostic = events.onDiagnostic;
  if (events.onStage)
    events.onStage("comparing with float32");
  CompileReport reference;
  std::optional<nlohmann::json> answer;
  if (compile(options, reference, quiet) == CompileStatus::Done)
    answer = compareLibraries(library, options.output, calibration);
  if (!answer) {
    const char *hint = calibration.empty() ? "; --calibrate FILE.npz gives inputs" : "";
    fmt::print(stderr, "ingotc: warning: --precision: what it costs the outputs could not be measured{}\n", hint);
    return;
  }
  for (const nlohmann::json &output : (*answer)["outputs"])
    report.outputErrors.push_back({output["name"], number(output["rms_error"]), number(output["largest_error"]),
                                   output["top1_agreement"].is_number() ? double(output["top1_agreement"]) : -1});
}

} // namespace ingot
