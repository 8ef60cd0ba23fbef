//===- Describe.cpp - A model's inputs and outputs as JSON ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In the words of `ingot inspect --json`.
//
//===----------------------------------------------------------------------===//
#include "compiler/Describe.h"
#include <nlohmann/json.hpp>

using Json = nlohmann::ordered_json;

namespace ingot {

static const char *nameOf(ingot_dtype dtype) {
  static constexpr const char *names[] = {"?",      "float32", "uint8", "int8", "uint16",  "int16",
                                          "int32",  "int64",   "?",     "bool", "float16", "float64",
                                          "uint32", "uint64",  "?",     "?",    "bfloat16"};
  return names[dtype];
}

// Where only a run tells the size, an output's dimension is null.
static Json toJson(const ProgramDescription &program, const std::vector<ProgramPort> &ports) {
  Json list = Json::array();
  for (const ProgramPort &port : ports) {
    Json shape = Json::array();
    for (mlir::AffineExpr dim : port.dims)
      if (auto constant = mlir::dyn_cast<mlir::AffineConstantExpr>(dim))
        shape.push_back(constant.getValue());
      else if (auto symbol = mlir::dyn_cast<mlir::AffineSymbolExpr>(dim))
        shape.push_back(program.symbols[symbol.getPosition()].name);
      else
        shape.push_back(nullptr);
    list.push_back({{"name", port.name}, {"dtype", nameOf(port.dtype)}, {"shape", shape}});
  }
  return list;
}

std::string formatDescription(const ProgramDescription &program) {
  Json symbols = Json::array();
  for (const ProgramSymbol &symbol : program.symbols)
    symbols.push_back(
        {{"name", symbol.name}, {"min", symbol.minimum}, {"max", symbol.maximum < 0 ? Json() : Json(symbol.maximum)}});
  Json json = {{"name", program.name},
               {"inputs", toJson(program, program.inputs)},
               {"outputs", toJson(program, program.outputs)},
               {"symbols", symbols}};
  // Names are bytes of the model's choosing.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace ingot
