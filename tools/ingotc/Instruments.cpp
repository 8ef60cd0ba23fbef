//===- Instruments.cpp - ingotc --report and --tune -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "tools/ingotc/Instruments.h"
#include "tools/ingotc/PrecisionCheck.h"
#include "tools/ingotc/ReportPage.h"
#include "tools/ingotc/Tuning.h"
#include <filesystem>
#include <fmt/core.h>
#include <unistd.h>

namespace ingot {
namespace {

CompileStatus complain(const std::string &problem) {
  fmt::print(stderr, "ingotc: error: {}\n", problem);
  return CompileStatus::BadInput;
}

} // namespace

void addInstrumentOptions(CLI::App &app, InstrumentOptions &options) {
  app.add_option("--report", options.reportFile, "measure the library here and write an HTML page about it");
  app.add_option_function<std::string>(
         "--tune",
         [&options](const std::string &file) {
           options.tunes = true;
           options.tuningFile = file;
         },
         "choose schedules by measuring here; they are kept in a file (default: in the user's cache folder)")
      ->expected(0, 1)
      ->type_name("[FILE]");
  app.add_option("--calibrate", options.calibrationFile,
                 "with --precision: inputs (.npz) on which its cost is measured (default: made up)")
      ->check(CLI::ExistingFile);
  app.add_option_function<std::string>(
         "--precision-check", [&options](const std::string &word) { options.checksPrecision = word == "auto"; },
         "with --precision: whether outputs are compared with those in float32")
      ->check(CLI::IsMember({"auto", "off"}));
}

std::string checkInstruments(const InstrumentOptions &instruments, const CompileOptions &options) {
  const std::string &report = instruments.reportFile;
  std::error_code error;
  if (!report.empty()) {
    std::filesystem::path folder = std::filesystem::absolute(report).parent_path();
    if (options.emit != Stage::Library || std::filesystem::path(options.output).extension() != ".so")
      return "--report measures a shared library: needs -o FILE.so";
    if (std::filesystem::is_directory(report, error))
      return "cannot write " + report + ": it is a folder";
    if (access(folder.c_str(), W_OK) != 0)
      return "cannot write " + report + ": there is no folder " + folder.string() + " to write to";
  }
  bool isReduced = options.precision != Precision::Float32;
  if (!isReduced && !(instruments.calibrationFile.empty() && options.precisionKeep.empty()))
    return "--calibrate and --precision-keep go with --precision";
  if (isReduced && !options.train.isWanted && options.train.inputGradients)
    return "--precision is for inference and training: gradients of an inference library are in float32";
  bool isTraining = options.train.isWanted || options.isRecipe;
  if (isTraining && isReduced && options.precision != Precision::BFloat16)
    return "a training step computes with --precision f32 or bf16";
  if (isTraining && !instruments.calibrationFile.empty())
    return "--calibrate is for inference: a training step is not compared with one in float32";
  if (instruments.tunes && options.emit < Stage::Llvm)
    return "--tune chooses schedules of machine code: this stage has none";
  return {};
}

CompileStatus compile(const InstrumentOptions &instruments, CompileOptions options, CompileReport &report,
                      const CompileEvents &events) {
  TuningTable table;
  if (instruments.tunes) {
    std::string file = instruments.tuningFile.empty() ? defaultTuningFile() : instruments.tuningFile;
    if (std::string problem = readTuning(file, table); !problem.empty())
      return complain(problem);
    if (CompileStatus status = tune(options, table, events); status != CompileStatus::Done)
      return status;
    if (std::string problem = writeTuning(file, table); !problem.empty())
      return complain(problem);
    options.choices = choicesOf(table);
  }
  options.explain = !instruments.reportFile.empty();
  CompileStatus status = compile(options, report, events);
  bool isLibrary = options.emit == Stage::Library && std::filesystem::path(options.output).extension() == ".so";
  if (status == CompileStatus::Done && isLibrary && options.precision != Precision::Float32 &&
      !options.train.isWanted && !options.isRecipe && instruments.checksPrecision)
    checkPrecision(options, instruments.calibrationFile, report, events);
  if (status != CompileStatus::Done || instruments.reportFile.empty())
    return status;
  if (events.onStage)
    events.onStage("measuring for " + instruments.reportFile);
  return writeReportPage(instruments.reportFile, options, report, table);
}

} // namespace ingot
