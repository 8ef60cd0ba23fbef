//===- ReportPage.cpp - ingotc --report: a page about a library -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All numbers go into the page as JSON; its script (page/page.js) draws them.
//
//===----------------------------------------------------------------------===//
#include "tools/ingotc/ReportPage.h"
#include "tools/ingotc/Measurement.h"
#include "tools/ingotc/WholeFile.h"
#include "tools/process/PeakMemory.h"
#include <ctime>
#include <filesystem>
#include <fmt/core.h>

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;

Json toJson(const ProgramReport::Tensor &tensor) {
  return {{"type", tensor.type},        {"name", tensor.name},         {"bytes", tensor.bytes},
          {"space", tensor.space},      {"position", tensor.position}, {"first_use", tensor.firstUse},
          {"last_use", tensor.lastUse}, {"producer", tensor.producer}};
}

/// "12 rows x 2 vectors, chunks of 4 blocks".
std::string describe(const KernelChoice &choice, const std::string &emitter) {
  std::string text;
  auto add = [&](const std::string &part) { text += (text.empty() ? "" : ", ") + part; };
  if (choice.tile >= 0)
    add(choice.tile ? fmt::format("Winograd's algorithm, tiles of {0} x {0}", choice.tile) : "direct sums");
  if (choice.rows > 0)
    add(fmt::format("{} {} x {} vectors", choice.rows, emitter == "winograd" ? "tiles" : "rows", choice.vectors));
  if (choice.chunk >= 0)
    add(choice.chunk ? fmt::format("chunks of {} blocks", choice.chunk) : "all rows in one chunk");
  if (choice.grain > 0)
    add(fmt::format("grain {}", choice.grain));
  return text.empty() ? "as it is" : text;
}

/// Microseconds of all launches of a run, the cost model's choice first.
Json trialsOf(const ProgramReport::Schedule &schedule, const TuningTable &tuning) {
  Json trials = Json::array();
  for (const ProgramReport::Decision *decision : {&schedule.algorithm, &schedule.division}) {
    auto known = tuning.find(decision->key);
    if (known == tuning.end())
      continue;
    for (const TunedKernel::Trial &trial : known->second.trials)
      trials.push_back({{"choice", describe(trial.choice, schedule.emitter)},
                        {"is_model", &trial == &known->second.trials.front()},
                        {"is_chosen", trial.choice == known->second.choice},
                        {"predicted_us", trial.predicted},
                        {"us", trial.microseconds},
                        {"model_us", trial.model}});
  }
  return trials;
}

Json toJson(const ProgramReport::Kernel &kernel, const TuningTable &tuning, int threads) {
  Json schedules = Json::array();
  for (const ProgramReport::Schedule &schedule : kernel.schedules)
    schedules.push_back({{"variant", schedule.variant},
                         {"emitter", schedule.emitter},
                         {"choices", schedule.choices},
                         {"items", schedule.items},
                         {"grain", schedule.grain},
                         {"scratch_bytes", schedule.scratchBytes},
                         {"predicted_us", predictLaunch(schedule, schedule.division, threads)},
                         {"trials", trialsOf(schedule, tuning)}});
  return {{"name", kernel.name}, {"operations", kernel.operations}, {"schedules", schedules}};
}

Json toJson(const ProgramReport::Launch &launch, const nlohmann::json &time) {
  return {{"node", launch.node},
          {"kernel", launch.kernel},
          {"reads", launch.reads},
          {"writes", launch.writes},
          {"operations", launch.operations},
          {"bytes_read", launch.bytesRead},
          {"bytes_written", launch.bytesWritten},
          {"least_us", time["least_us"]},
          {"median_us", time["median_us"]}};
}

std::string now() {
  char text[32];
  std::time_t time = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
  return text;
}

Json describe(const CompileOptions &options, const CompileReport &report, const TuningTable &tuning,
              const nlohmann::json &timing, const nlohmann::json &machine) {
  const ProgramReport &program = report.program;
  Json symbols = Json::array(), tensors = Json::array(), kernels = Json::array(), launches = Json::array();
  for (const ProgramReport::Symbol &symbol : program.symbols)
    symbols.push_back({{"name", symbol.name}, {"value", symbol.value}});
  for (const ProgramReport::Tensor &tensor : program.tensors)
    tensors.push_back(toJson(tensor));
  for (const ProgramReport::Kernel &kernel : program.kernels)
    kernels.push_back(toJson(kernel, tuning, timing["threads"]));
  for (size_t i = 0; i < program.launches.size(); ++i)
    launches.push_back(toJson(program.launches[i], timing["launches"][i]));
  Json times = timing;
  times.erase("launches");
  std::string file = std::filesystem::path(options.input).filename().string();
  bool isUsual = options.winograd == Winograd::Auto;
  return {{"model", options.name.empty() ? file : options.name + " (" + file + ")"},
          {"ingot", INGOT_VERSION},
          {"options", fmt::format("--cpu {} -O{}{}", options.cpu, options.optimization,
                                  isUsual ? "" : fmt::format(" --winograd {}", nameOf(options.winograd)))},
          {"measured", now()},
          {"variant", timing["variant"]},
          {"threads", timing["threads"]},
          {"symbols", symbols},
          {"machine", machine},
          {"timing", times},
          {"memory",
           {{"arena_bytes", report.arenaBytes},
            {"arena_lower_bound", report.arenaLowerBound},
            {"constant_bytes", report.constantBytes},
            {"output_bytes", report.outputBytes}}},
          {"compile", {{"seconds", report.seconds}, {"peak_memory_bytes", peakMemory()}}},
          {"tensors", tensors},
          {"kernels", kernels},
          {"launches", launches}};
}

/// Text that is safe in an HTML element.
std::string escape(const std::string &text) {
  std::string safe;
  for (char c : text)
    safe += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return safe;
}

void replace(std::string &text, const std::string &mark, const std::string &by) {
  if (size_t at = text.find(mark); at != std::string::npos)
    text.replace(at, mark.size(), by);
}

std::string format(const Json &data) {
  // Names are bytes of the model's choosing: neither broken text nor an end of the script may come from them.
  std::string json = data.dump(-1, ' ', false, Json::error_handler_t::replace), safe;
  for (char c : json)
    safe += c == '<' ? "\\u003c" : std::string(1, c);
  std::string page = pageTemplate;
  replace(page, "@DATA@", safe);
  replace(page, "@TITLE@", escape(data["model"].get<std::string>()));
  return page;
}

} // namespace

CompileStatus writeReportPage(const std::string &path, const CompileOptions &options, const CompileReport &report,
                              const TuningTable &tuning) {
  constexpr double seconds = 1;
  std::optional<nlohmann::json> timing = measureLibrary(options.output, report.program, seconds);
  std::optional<nlohmann::json> machine = timing ? measureMachine((*timing)["threads"].get<int>()) : std::nullopt;
  if (!machine) {
    fmt::print(stderr, "ingotc: error: no report: {} could not be measured on this machine\n", options.output);
    return CompileStatus::BadInput;
  }
  if (writeWholeFile(path, format(describe(options, report, tuning, *timing, *machine))))
    return CompileStatus::Done;
  fmt::print(stderr, "ingotc: error: cannot write {}\n", path);
  return CompileStatus::BadInput;
}

} // namespace ingot
