//===- main.cpp - ingotc: compiles a model --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the command line and calls the compiler library. docs/cli.md describes the options.
//
//===----------------------------------------------------------------------===//
#include "compiler/Compiler.h"
#include "tools/ingotc/Export.h"
#include "tools/ingotc/Instruments.h"
#include "tools/ingotc/Progress.h"
#include "tools/ingotc/Training.h"
#include <CLI/CLI.hpp>
#include <filesystem>

using namespace ingot;

namespace {

const std::map<std::string, Stage> stageNames = {
    {"import", Stage::Import},  {"grad", Stage::Grad},     {"simplified", Stage::Simplified},
    {"fused", Stage::Fused},    {"plan", Stage::Plan},     {"llvm", Stage::Llvm},
    {"asm", Stage::Assembly},   {"object", Stage::Object}, {"archive", Stage::Archive},
    {"library", Stage::Library}};

const std::map<std::string, Winograd> winogradNames = [] {
  std::map<std::string, Winograd> names;
  for (Winograd winograd : {Winograd::Off, Winograd::Auto, Winograd::Load})
    names[nameOf(winograd)] = winograd;
  return names;
}();

const std::map<std::string, Precision> precisionNames = [] {
  std::map<std::string, Precision> names;
  for (Precision precision :
       {Precision::Float32, Precision::BFloat16Weights, Precision::BFloat16, Precision::Int8Weights, Precision::Int8})
    names[nameOf(precision)] = precision;
  return names;
}();

/// "batch=8" or "batch=1..64"; an error text when it is neither.
std::string parseDimension(const std::string &text, std::map<std::string, SymbolRange> &dims) {
  size_t equals = text.find('='), dots = text.find("..");
  if (equals == std::string::npos || equals == 0)
    return "'" + text + "' is not NAME=N or NAME=A..B";
  auto number = [](const std::string &digits) -> int64_t {
    if (digits.empty() || digits.size() > 12 || digits.find_first_not_of("0123456789") != std::string::npos)
      return -1;
    return std::stoll(digits);
  };
  std::string sizes = text.substr(equals + 1);
  int64_t least = number(dots == std::string::npos ? sizes : text.substr(equals + 1, dots - equals - 1));
  int64_t greatest = dots == std::string::npos ? least : number(text.substr(dots + 2));
  if (least < 0 || greatest < least)
    return "'" + text + "' is not NAME=N or NAME=A..B with 0 <= A <= B";
  dims[text.substr(0, equals)] = {least, greatest};
  return {};
}

/// The words of --dim and --budget-dim; an error text when one is wrong.
std::string readDimensions(const std::vector<std::string> &dims, const std::vector<std::string> &budgetDims,
                           CompileOptions &options) {
  for (const std::string &dim : dims)
    if (std::string problem = parseDimension(dim, options.dims); !problem.empty())
      return "--dim " + problem;
  std::map<std::string, SymbolRange> sizes;
  for (const std::string &dim : budgetDims)
    if (std::string problem = parseDimension(dim, sizes); !problem.empty())
      return "--budget-dim " + problem;
  for (auto &[name, range] : sizes)
    options.train.budgetDims[name] = range.greatest;
  return {};
}

} // namespace

int main(int argc, char **argv) {
  CompileOptions options;
  ReportOptions reporting;
  std::vector<std::string> dims, budgetDims;
  std::string target = "cpu", weights, sourceHash, network;
  bool describes = false, forInference = false;
  double loraScale = 1;
  InstrumentOptions instruments;

  CLI::App app("Compiles an ONNX model to a native library.", "ingotc");
  auto *model = app.add_option("MODEL", options.input, "the ONNX file");
  app.add_option_function<std::string>(
         "--recipe",
         [&](const std::string &file) {
           options.input = file;
           options.isRecipe = true;
         },
         "compile the steps and entries of a recipe (.toml) in place of a model")
      ->excludes(model);
  app.add_option("--entry", options.entry, "entry of a recipe that a textual stage shows (default: the first)");
  app.add_option("-o,--output", options.output, "file to write: libX.so, X.a or X.o");
  app.add_option("--name", options.name, "prefix of the exported symbols (default: from the file name)");
  app.add_option("--target", target, "what to make code for")->check(CLI::IsMember({"cpu"}));
  app.add_option("--cpu", options.cpu, "instruction set; portable carries several variants")
      ->check(CLI::IsMember({"native", "portable", "x86-64-v3", "x86-64-v4"}));
  app.add_option("--dim", dims, "size of a symbol: NAME=N, or bounds NAME=A..B")->allow_extra_args(false);
  app.add_option("--budget-dim", budgetDims, "size of an unbounded symbol for which --memory-budget decides: NAME=N")
      ->allow_extra_args(false);
  app.add_option("--emit", options.emit, "stage to stop after")->transform(CLI::CheckedTransformer(stageNames));
  app.add_option("--winograd", options.winograd, "fast convolution algorithm (off: strict; load: in a small file)")
      ->transform(CLI::CheckedTransformer(winogradNames));
  app.add_option("--precision", options.precision, "what weights are stored in, and what products compute with")
      ->transform(CLI::CheckedTransformer(precisionNames));
  app.add_option("--precision-keep", options.precisionKeep,
                 "with --precision: nodes whose names match this regular expression stay in float32");
  app.add_option("--jobs,-j", options.jobs, "threads of the compiler itself");
  app.add_flag("--c++", options.cxxHeader, "write a C++ header too");
  app.add_option("-O", options.optimization, "optimisation level, 0 to 3")->check(CLI::Range(0, 3));
  addTrainingOptions(app, options.train);
  addOutputOptions(app, options);
  addInstrumentOptions(app, instruments);
  app.add_flag("--timing", reporting.timing, "print the time of each stage, memory and sizes");
  app.add_flag("--json", reporting.json, "print one JSON document about the compilation");
  app.add_flag("--describe", describes, "only print the model's inputs and outputs, as JSON");
  auto *exports = app.add_option("--weights", weights,
                                 "write the model to -o with the weights of a .safetensors file, and compile nothing");
  app.add_option("--network", network, "with --weights: take a recipe's tensors NETWORK.X")->needs(exports);
  app.add_flag("--inference", forInference, "with --weights: take the model out of training mode")->needs(exports);
  app.add_option("--lora-scale", loraScale,
                 "with --weights: X.lora_B and X.lora_A add so many times their product to X")
      ->needs(exports);
  app.add_option("--source-hash", sourceHash, "what the model file's hash must be")->needs(exports);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(CompileStatus::BadUsage);
  }
  if (options.input.empty()) {
    fprintf(stderr, "ingotc: error: needs MODEL or --recipe FILE\n");
    return static_cast<int>(CompileStatus::BadUsage);
  }
  std::string problem = readDimensions(dims, budgetDims, options);
  if (problem.empty())
    problem = checkTrainingOptions(options);
  if (!problem.empty()) {
    fprintf(stderr, "ingotc: error: %s\n", problem.c_str());
    return static_cast<int>(CompileStatus::BadUsage);
  }
  if (describes) {
    std::string json;
    CompileStatus status = describeModel(options, json, CompileEvents());
    fputs(json.c_str(), stdout);
    return static_cast<int>(status);
  }
  if (options.output.empty() && options.emit >= Stage::Object) {
    fprintf(stderr, "ingotc: error: needs -o FILE\n");
    return static_cast<int>(CompileStatus::BadUsage);
  }
  std::filesystem::path folder = std::filesystem::path(options.output).parent_path();
  std::error_code error;
  if (!folder.empty() && !std::filesystem::is_directory(folder, error)) {
    fprintf(stderr, "ingotc: error: cannot write %s: there is no folder %s\n", options.output.c_str(), folder.c_str());
    return static_cast<int>(CompileStatus::BadInput);
  }

  if (!weights.empty())
    return static_cast<int>(
        exportWeights(options.input, weights, sourceHash, network, forInference, loraScale, options.output));
  if (problem = checkInstruments(instruments, options); !problem.empty()) {
    fprintf(stderr, "ingotc: error: %s\n", problem.c_str());
    return static_cast<int>(CompileStatus::BadUsage);
  }

  Progress progress(reporting);
  CompileReport report;
  CompileStatus status = compile(instruments, options, report, progress.events());
  progress.finish(status, options, report);
  return static_cast<int>(status);
}
