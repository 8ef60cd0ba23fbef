// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot inspect: what a library tells about itself.
#include "Commands.h"
#include "Failure.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;

// A number, a symbol's name, or null where only a run tells.
Json dimensionToJson(const ingot_description &about, int64_t dim) {
  if (dim >= 0)
    return dim;
  return dim == INGOT_COMPUTED_DIMENSION ? Json() : Json(about.symbols[-1 - dim].name);
}

const char *roleName(int32_t role) {
  static const char *const names[] = {"data", "target",    "hyper", "loss",      "gradient", "parameter",
                                      "slot", "statistic", "step",  "generator", "cache",    "length"};
  return role >= 0 && role <= INGOT_LENGTH ? names[role] : "?";
}

Json portToJson(const ingot_description &about, const ingot_port &port) {
  Json shape = Json::array();
  for (int32_t i = 0; i < port.rank; ++i)
    shape.push_back(dimensionToJson(about, port.dims[i]));
  Json json = {{"name", port.name}, {"dtype", nameOf(static_cast<ingot_dtype>(port.dtype))}, {"shape", shape}};
  if (port.role != INGOT_DATA)
    json["role"] = roleName(port.role);
  if (port.role == INGOT_HYPER)
    json["standard"] = port.standard;
  return json;
}

Json portsToJson(const ingot_description &about, const ingot_port *ports, int32_t count) {
  Json list = Json::array();
  for (const ingot_port *port = ports; port != ports + count; ++port)
    list.push_back(portToJson(about, *port));
  return list;
}

Json stateToJson(const ingot_description &about) {
  Json tensors = Json::array();
  for (int64_t i = 0; i < about.state_count; ++i) {
    tensors.push_back(portToJson(about, about.state[i].port));
    tensors.back()["offset"] = about.state[i].offset;
    tensors.back()["bytes"] = about.state[i].bytes;
  }
  return {{"bytes", about.state_bytes}, {"optimizer", about.optimizer}, {"tensors", tensors}};
}

Json toJson(const ingot_description &about) {
  Json symbols = Json::array();
  for (int32_t i = 0; i < about.symbol_count; ++i) {
    const ingot_symbol &symbol = about.symbols[i];
    symbols.push_back(
        {{"name", symbol.name}, {"min", symbol.minimum}, {"max", symbol.maximum < 0 ? Json() : Json(symbol.maximum)}});
  }
  Json json = {{"name", about.name},
               {"entry", about.entry},
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
               {"prepared_bytes", about.prepared_bytes},
               {"winograd_bytes", about.winograd_bytes},
               {"arena_bytes", about.arena_bytes},
               {"arena_lower_bound", about.arena_lower_bound},
               {"scratch_bytes", about.scratch_bytes}};
  if (about.state_bytes)
    json["state"] = stateToJson(about);
  return json;
}

/// The first program, with the others' names, inputs and outputs as "entries".
Json toJson(Library &library) {
  Json json = toJson(library.description());
  for (const std::string &name : library.entries()) {
    const ingot_description &about = library.entry(name).description();
    if (library.entries().size() > 1)
      json["entries"].push_back({{"name", name},
                                 {"optimizer", library.entry(name).isStep() ? about.optimizer : ""},
                                 {"inputs", portsToJson(about, about.inputs, about.input_count)},
                                 {"outputs", portsToJson(about, about.outputs, about.output_count)},
                                 {"launches", about.launch_count},
                                 {"arena_bytes", about.arena_bytes}});
  }
  return json;
}

std::string text(const Json &value) {
  return value.is_null() ? "?" : value.is_string() ? value.get<std::string>() : value.dump();
}

void printPort(const std::string &kind, const Json &port) {
  std::vector<std::string> dims;
  for (const Json &dim : port["shape"])
    dims.push_back(text(dim));
  bool isHyper = port.contains("standard");
  bool isCache = port.contains("role") && port["role"] == "cache";
  fmt::print("{:8} {}: {}[{}]{}\n",
             isHyper   ? "hyper"
             : isCache ? "cache"
                       : kind,
             text(port["name"]), text(port["dtype"]), fmt::join(dims, ", "),
             isHyper ? " = " + text(port["standard"]) : "");
}

// What libraries and models have in common.
void printInterface(const Json &about) {
  for (auto [key, kind] : {std::pair("inputs", "input"), std::pair("outputs", "output")})
    for (const Json &port : about[key])
      printPort(kind, port);
  for (const Json &symbol : about["symbols"])
    fmt::print("symbol   {}: {}\n", text(symbol["name"]),
               symbol["max"].is_null() ? "at least " + text(symbol["min"])
                                       : text(symbol["min"]) + " to " + text(symbol["max"]));
}

/// An entry besides the first, and what it takes and gives.
void printEntry(const std::string &name, Library &library) {
  const ingot_description &about = library.description();
  fmt::print("entry    {} ({} launches, an arena of {} bytes{}{})\n", name, about.launch_count, about.arena_bytes,
             library.isStep() ? ", optimizer " : "", library.isStep() ? about.optimizer : "");
  printInterface(toJson(about));
}

void printLibrary(Library &library) {
  const ingot_description &about = library.description();
  fmt::print("model    {} (Ingot {}, {}, {})\n", about.name, about.compiler, about.target,
             *about.variant ? about.variant : "no variant for this processor");
  Json json = toJson(about);
  printInterface(json);
  if (about.state_bytes) {
    for (const Json &tensor : json["state"]["tensors"])
      printPort(text(tensor["role"]), tensor);
    fmt::print("state    {} bytes, for the optimizer {}\n", about.state_bytes, about.optimizer);
  }
  bool isOpen = std::any_of(about.symbols, about.symbols + about.symbol_count,
                            [](const ingot_symbol &symbol) { return symbol.maximum < 0; });
  fmt::print("memory   {} bytes of constants; per session an arena of {} (lower bound {}){} and {} per thread\n",
             about.constant_bytes, about.arena_bytes, about.arena_lower_bound,
             isOpen ? ", what depends on open sizes left out," : "", about.scratch_bytes);
  if (about.prepared_bytes)
    fmt::print("         {} bytes more, which all sessions share, computed from them for the first\n",
               about.prepared_bytes);
  if (about.winograd_bytes)
    fmt::print("         filters take {} bytes more in Winograd's form than in the model\n", about.winograd_bytes);
  fmt::print("kernels  {} launches a {}\n", about.launch_count, about.state_bytes ? "step" : "run");
  fmt::print("source   {}\noptions  {}\n", about.source_hash, about.options);
  for (const std::string &name : library.entries())
    if (name != about.entry)
      printEntry(name, library.entry(name));
}

void inspectModel(const std::string &path, bool asJson) {
  std::string output;
  if (int code = runCompiler({path, "--describe"}, &output))
    std::exit(code);
  if (asJson) {
    fmt::print("{}", output);
    return;
  }
  Json about = Json::parse(output);
  fmt::print("model    {}\n", text(about["name"]));
  printInterface(about);
}

void inspect(const std::string &path, bool asJson) {
  if (isModelFile(path))
    return inspectModel(path, asJson);
  Library library(path);
  if (asJson)
    fmt::print("{}\n", toJson(library).dump(2, ' ', false, Json::error_handler_t::replace));
  else
    printLibrary(library);
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
