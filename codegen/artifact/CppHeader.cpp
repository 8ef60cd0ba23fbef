// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The C++ header of a library: a class X::Session whose run() takes typed pointers, on top of ingot/runtime.hpp.
#include "codegen/artifact/Names.h"

#include "llvm/ADT/StringExtras.h"

#include <fmt/format.h>

using namespace llvm;

namespace ingot {
namespace {

class CppHeader {
public:
  explicit CppHeader(const ProgramDescription &program) : program(program), names(program) {}

  std::string format() {
    return fmt::format("// {0}: made by Ingot {1}. Do not edit. Needs {0}.h and Ingot's include folder.\n"
                       "#pragma once\n"
                       "#include \"{0}.h\"\n"
                       "#include <ingot/runtime.hpp>\n\n"
                       "namespace {0} {{\n\n"
                       "/// A session of the model: its own memory, for one thread at a time. Throws ingot::Error.\n"
                       "class Session : public ingot::Session {{\n"
                       "public:\n"
                       "  Session() : ingot::Session({0}_model()) {{}}\n\n"
                       "{4}"
                       "  /// Computes the outputs into the caller's dense, row-major buffers.\n"
                       "  void run({2}) {{\n{3}  }}\n"
                       "}};\n\n"
                       "}} // namespace {0}\n",
                       program.name, INGOT_VERSION, formatParameters(), formatBody(),
                       program.stateBytes ? "  // Changes the state that bindState has given.\n" : "");
  }

private:
  std::string formatParameters() {
    std::vector<std::string> parameters;
    if (!program.isStatic())
      parameters.push_back(fmt::format("const {}_dims &dims", program.name));
    for (auto [port, name] : zip(program.inputs, names.inputs))
      if (port.role != INGOT_LENGTH)
        parameters.push_back(cParameter(port, name));
    for (auto [port, name] : zip(program.outputs, names.outputs))
      parameters.push_back(fmt::format("{} *{}", cTypeName(port.dtype).str(), name));
    return llvm::join(parameters, ", ");
  }

  // An input's dimensions are constants and symbols.
  std::string formatInput(const ProgramPort &port, const std::string &name) {
    if (port.role == INGOT_HYPER)
      return fmt::format("{{&{}, INGOT_F64, 0, {{}}}}", name);
    if (port.role == INGOT_LENGTH)
      return fmt::format("{{const_cast<int64_t *>(&dims.{}), INGOT_I64, 0, {{}}}}", names.dims[port.symbol]);
    std::vector<std::string> dims;
    for (mlir::AffineExpr dim : port.dims) {
      auto symbol = mlir::dyn_cast<mlir::AffineSymbolExpr>(dim);
      dims.push_back(symbol ? "dims." + names.dims[symbol.getPosition()]
                            : std::to_string(mlir::cast<mlir::AffineConstantExpr>(dim).getValue()));
    }
    return fmt::format("{{const_cast<{} *>({}), {}, {}, {{{}}}}}", cTypeName(port.dtype).str(), name,
                       dtypeConstantName(port.dtype).str(), port.dims.size(), llvm::join(dims, ", "));
  }

  std::string formatBody() {
    std::vector<std::string> inputs;
    for (auto [port, name] : zip(program.inputs, names.inputs))
      inputs.push_back(formatInput(port, name));
    return fmt::format("    const ingot_tensor inputs_[] = {{{}}};\n"
                       "    ingot_tensor outputs_[{}];\n"
                       "    outputShapes(inputs_, outputs_);\n"
                       "    void *const buffers_[] = {{{}}};\n"
                       "    for (int i = 0; i < {}; ++i)\n"
                       "      outputs_[i].data = buffers_[i];\n"
                       "    ingot::Session::run(inputs_, outputs_);\n",
                       inputs.empty() ? "{}" : llvm::join(inputs, ", "), names.outputs.size(),
                       llvm::join(names.outputs, ", "), names.outputs.size());
  }

  const ProgramDescription &program;
  ProgramNames names;
};

} // namespace

std::string formatCppHeader(const ProgramDescription &program) { return CppHeader(program).format(); }

} // namespace ingot
