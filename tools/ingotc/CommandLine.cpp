//===- CommandLine.cpp - What ingotc is asked to do -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "tools/ingotc/CommandLine.h"
#include "tools/ingotc/Training.h"
#include <filesystem>

namespace ingot {
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
  for (Precision precision : {Precision::Float32, Precision::Float16Weights, Precision::BFloat16Weights,
                              Precision::BFloat16, Precision::Int8Weights, Precision::Int8})
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

/// Words that are read when all are known.
struct RawWords {
  std::vector<std::string> dims, budgetDims;
  std::string target = "cpu";
};

void addModelOptions(CLI::App &app, CompileOptions &options, RawWords &raw) {
  auto *model = app.add_option("MODEL", options.input, "the ONNX file");
  app.add_option_function<std::string>(
         "--recipe",
         [&options](const std::string &file) {
           options.input = file;
           options.isRecipe = true;
         },
         "compile the steps and entries of a recipe (.toml) in place of a model")
      ->excludes(model);
  app.add_option("--entry", options.entry, "entry of a recipe that a textual stage shows (default: the first)");
  app.add_option("-o,--output", options.output, "file to write: libX.so, X.a or X.o");
  app.add_option("--name", options.name, "prefix of the exported symbols (default: from the file name)");
  app.add_option("--dim", raw.dims, "size of a symbol: NAME=N, or bounds NAME=A..B")->allow_extra_args(false);
  app.add_option("--budget-dim", raw.budgetDims,
                 "size of an unbounded symbol for which --memory-budget decides: NAME=N")
      ->allow_extra_args(false);
  app.add_option("--emit", options.emit, "stage to stop after")->transform(CLI::CheckedTransformer(stageNames));
}

void addCodeOptions(CLI::App &app, CompileOptions &options, RawWords &raw) {
  app.add_option("--target", raw.target, "what to make code for")->check(CLI::IsMember({"cpu"}));
  app.add_option("--cpu", options.cpu, "instruction set; portable carries several variants")
      ->check(CLI::IsMember({"native", "portable", "x86-64-v3", "x86-64-v4"}));
  app.add_option("--winograd", options.winograd, "fast convolution algorithm (off: strict; load: in a small file)")
      ->transform(CLI::CheckedTransformer(winogradNames));
  app.add_option("--precision", options.precision, "what weights are stored in, and what products compute with")
      ->transform(CLI::CheckedTransformer(precisionNames));
  app.add_option("--precision-keep", options.precisionKeep,
                 "with --precision: nodes whose names match this regular expression stay in float32");
  app.add_option("--jobs,-j", options.jobs, "threads of the compiler itself");
  app.add_flag("--c++", options.cxxHeader, "write a C++ header too");
  app.add_option("-O", options.optimization, "optimisation level, 0 to 3")->check(CLI::Range(0, 3));
}

int refuse(CompileStatus status, const std::string &problem) {
  fprintf(stderr, "ingotc: error: %s\n", problem.c_str());
  return static_cast<int>(status);
}

/// What options say together.
std::optional<int> check(CommandLine &line, const RawWords &raw) {
  CompileOptions &options = line.options;
  if (options.input.empty())
    return refuse(CompileStatus::BadUsage, "needs MODEL or --recipe FILE");
  std::string problem = readDimensions(raw.dims, raw.budgetDims, options);
  if (problem.empty())
    problem = checkTrainingOptions(options);
  if (!problem.empty())
    return refuse(CompileStatus::BadUsage, problem);
  if (line.describes)
    return std::nullopt;
  if (options.output.empty() && options.emit >= Stage::Object)
    return refuse(CompileStatus::BadUsage, "needs -o FILE");
  std::filesystem::path folder = std::filesystem::path(options.output).parent_path();
  std::error_code error;
  if (!folder.empty() && !std::filesystem::is_directory(folder, error))
    return refuse(CompileStatus::BadInput,
                  "cannot write " + options.output + ": there is no folder " + folder.string());
  if (line.exports.weights.empty())
    problem = checkInstruments(line.instruments, options);
  return problem.empty() ? std::nullopt : std::optional(refuse(CompileStatus::BadUsage, problem));
}

} // namespace

std::optional<int> readCommandLine(int argc, char **argv, CommandLine &line) {
  RawWords raw;
  CLI::App app("Compiles an ONNX model to a native library.", "ingotc");
  addModelOptions(app, line.options, raw);
  addCodeOptions(app, line.options, raw);
  addTrainingOptions(app, line.options.train);
  addOutputOptions(app, line.options);
  addInstrumentOptions(app, line.instruments);
  app.add_flag("--timing", line.reporting.timing, "print the time of each stage, memory and sizes");
  app.add_flag("--json", line.reporting.json, "print one JSON document about the compilation");
  app.add_flag("--describe", line.describes, "only print the model's inputs and outputs, as JSON");
  addExportOptions(app, line.exports);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(CompileStatus::BadUsage);
  }
  return check(line, raw);
}

} // namespace ingot
