// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot inspect: what a library tells about itself.
#include "Commands.h"
#include "Failure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> nameDimensions(const ingot_description &about, const ingot_port &port) {
  std::vector<std::string> names;
  for (int32_t i = 0; i < port.rank; ++i)
    names.push_back(nameDimension(about, port.dims[i]));
  return names;
}

Json portsToJson(const ingot_description &about, const ingot_port *ports, int32_t count) {
  Json list = Json::array();
  for (const ingot_port *port = ports; port != ports + count; ++port) {
    Json shape = Json::array();
    for (int32_t i = 0; i < port->rank; ++i)
      shape.push_back(port->dims[i] >= 0 ? Json(port->dims[i]) : Json(nameDimension(about, port->dims[i])));
    list.push_back({{"name", port->name}, {"dtype", nameOf(static_cast<ingot_dtype>(port->dtype))}, {"shape", shape}});
  }
  return list;
}

Json toJson(const ingot_description &about) {
  Json symbols = Json::array();
  for (int32_t i = 0; i < about.symbol_count; ++i) {
    const ingot_symbol &symbol = about.symbols[i];
    symbols.push_back(
        {{"name", symbol.name}, {"min", symbol.minimum}, {"max", symbol.maximum < 0 ? Json() : Json(symbol.maximum)}});
  }
  return {{"name", about.name},
          {"compiler", about.compiler},
          {"target", about.target},
          {"variant", about.variant},
          {"source_hash", about.source_hash},
          {"options", about.options},
          {"inputs", portsToJson(about, about.inputs, about.input_count)},
          {"outputs", portsToJson(about, about.outputs, about.output_count)},
          {"symbols", symbols},
          {"launches", about.launch_count},
          {"constant_bytes", about.constant_bytes},
          {"arena_bytes", about.arena_bytes},
          {"arena_lower_bound", about.arena_lower_bound},
          {"scratch_bytes", about.scratch_bytes}};
}

void printPorts(const char *kind, const ingot_description &about, const ingot_port *ports, int32_t count) {
  for (const ingot_port *port = ports; port != ports + count; ++port)
    fmt::print("{:8} {}: {}[{}]\n", kind, port->name, nameOf(static_cast<ingot_dtype>(port->dtype)),
               fmt::join(nameDimensions(about, *port), ", "));
}

void print(const ingot_description &about) {
  fmt::print("model    {} (Ingot {}, {}, {})\n", about.name, about.compiler, about.target,
             *about.variant ? about.variant : "no variant for this processor");
  printPorts("input", about, about.inputs, about.input_count);
  printPorts("output", about, about.outputs, about.output_count);
  for (int32_t i = 0; i < about.symbol_count; ++i) {
    const ingot_symbol &symbol = about.symbols[i];
    fmt::print("symbol   {}: {}\n", symbol.name,
               symbol.maximum < 0 ? fmt::format("at least {}", symbol.minimum)
                                  : fmt::format("{} to {}", symbol.minimum, symbol.maximum));
  }
  fmt::print("memory   {} bytes of constants; per session an arena of {} (lower bound {}) and {} per thread\n",
             about.constant_bytes, about.arena_bytes, about.arena_lower_bound, about.scratch_bytes);
  fmt::print("kernels  {} launches a run\n", about.launch_count);
  fmt::print("source   {}\noptions  {}\n", about.source_hash, about.options);
}

void inspect(const std::string &path, bool asJson) {
  if (isModelFile(path)) {
    std::vector<std::string> words = {path, "--inspect"};
    if (asJson)
      words.push_back("--json");
    if (int code = runCompiler(words))
      std::exit(code);
    return;
  }
  Library library(path);
  if (asJson)
    fmt::print("{}\n", toJson(library.description()).dump(2));
  else
    print(library.description());
}

} // namespace

void addInspect(CLI::App &app) {
  auto path = std::make_shared<std::string>();
  auto asJson = std::make_shared<bool>(false);
  CLI::App *command = app.add_subcommand("inspect", "Show the inputs, outputs, sizes and origin of a library or model");
  command->add_option("file", *path, "Library made by ingotc, or an ONNX model")->required();
  command->add_flag("--json", *asJson, "Print one JSON document");
  command->callback([path, asJson] { inspect(*path, *asJson); });
}

} // namespace ingot
