// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The C header of a library: everything about the model that can be known at compile time, and its functions.
#include "codegen/artifact/Names.h"

#include "mlir/IR/AffineExprVisitor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <fmt/format.h>

using namespace llvm;

namespace ingot {
namespace {

bool isStatic(const ProgramPort &port) {
  return all_of(port.dims, [](mlir::AffineExpr dim) { return mlir::isa<mlir::AffineConstantExpr>(dim); });
}

// A comment cannot be closed by what a model calls its tensors.
std::string quoteForComment(StringRef text) {
  std::string safe;
  for (char c : text)
    safe += isPrint(c) && c != '*' ? c : '_';
  return safe;
}

class Header {
public:
  explicit Header(const ProgramDescription &program) : program(program), names(program) {}

  std::string format() {
    std::string guard = StringRef(program.name).upper() + "_H";
    text += fmt::format("/* {}: made by Ingot {} from {}. Do not edit. */\n", program.name, INGOT_VERSION,
                        quoteForComment(program.source));
    text += fmt::format(
        "#ifndef {0}\n#define {0}\n#include <stdint.h>\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n", guard);
    addMacros();
    addFunctions();
    for (const ProgramPart &part : program.parts)
      text += Header(*part.program).formatPart();
    text += "#ifdef __cplusplus\n}\n#endif\n#endif\n";
    return text;
  }

private:
  /// What belongs to one program among several; the state is described with the first one.
  std::string formatPart() {
    addPorts();
    addRun(fmt::format("ingot_last_error({}_model())", program.name));
    addModel();
    return text;
  }

  std::string shapeOf(const ProgramPort &port) {
    std::vector<std::string> dims;
    for (mlir::AffineExpr dim : port.dims)
      dims.push_back(printDimension(dim, program.symbols));
    return llvm::join(dims, ", ");
  }

  void addPort(const char *kind, const ProgramPort &port, StringRef identifier) {
    text += fmt::format("/* {} \"{}\": {}[{}] */\n", kind, quoteForComment(port.name), plainTypeName(port.dtype).str(),
                        quoteForComment(shapeOf(port)));
    std::string prefix = program.name + "_" + identifier.str();
    text += fmt::format("#define {}_RANK {}\n", prefix, port.dims.size());
    if (!isStatic(port))
      return;
    int64_t size = 1;
    for (mlir::AffineExpr dim : port.dims)
      size *= mlir::cast<mlir::AffineConstantExpr>(dim).getValue();
    text += fmt::format("#define {}_SIZE {}\n", prefix, size);
    if (!port.dims.empty())
      text += fmt::format("#define {}_SHAPE {{{}}}\n", prefix, shapeOf(port));
  }

  void addState() {
    text += fmt::format(
        "/* The state: the parameters, and what else training carries from step to step. Offsets count bytes "
        "from its\n   start, which must be aligned to {1}. The optimizer's slots lie behind. */\n"
        "#define {0}_STATE_BYTES {2}\n",
        program.name, INGOT_ALIGNMENT, program.stateBytes);
    for (auto [tensor, name] : zip(program.state, names.states))
      if (tensor.port.role != INGOT_SLOT) {
        addPort("state", tensor.port, name);
        text += fmt::format("#define {}_{}_OFFSET {}\n", program.name, name, tensor.offset);
      }
  }

  void addMacros() {
    text += fmt::format("/* Bytes of a session's intermediate values, and of the constants in the library. */\n"
                        "#define {0}_ARENA_BYTES {1}\n#define {0}_CONSTANT_BYTES {2}\n\n",
                        program.name, program.arenaBytes, program.constantBytes);
    addPorts();
    if (program.stateBytes)
      addState();
    text += "\n";
  }

  void addPorts() {
    for (auto [port, name] : zip(program.inputs, names.inputs))
      if (port.role == INGOT_HYPER)
        text += fmt::format("#define {}_{}_STANDARD {}\n", program.name, name, port.standard);
      else if (port.role != INGOT_LENGTH) // a member of the dims
        addPort(port.role == INGOT_CACHE ? "cache" : "input", port, name);
    for (auto [port, name] : zip(program.outputs, names.outputs))
      addPort("output", port, name);
  }

  void addDims() {
    text += "/* The sizes that the model leaves open. */\n";
    text += fmt::format("typedef struct {}_dims {{\n", program.name);
    for (auto [name, symbol] : zip(names.dims, program.symbols))
      text += symbol.maximum < 0 ? fmt::format("  int64_t {}; /* at least {} */\n", name, symbol.minimum)
                                 : fmt::format("  int64_t {}; /* {} to {} */\n", name, symbol.minimum, symbol.maximum);
    text += fmt::format("}} {}_dims;\n\n", program.name);
  }

  void addFunctions() {
    if (program.stateBytes)
      text += fmt::format("/* Writes what training starts from into a state block of {0}_STATE_BYTES. */\n"
                          "int {0}_state_initialize(void *state);\n\n",
                          program.name);
    addRun(program.name + "_error");
    text += fmt::format("/* What went wrong last on this thread. */\nconst char *{}_error(void);\n\n", program.name);
    addModel();
  }

  void addModel() {
    text += fmt::format(
        "/* The model, for the functions of ingot/runtime.h. */\nconst struct ingot_model *{}_model(void);\n\n",
        program.name);
  }

  /// `error` tells what went wrong.
  void addRun(const std::string &error) {
    if (!program.isStatic())
      addDims();
    std::vector<std::string> parameters;
    if (!program.isStatic())
      parameters.push_back(fmt::format("const {}_dims *dims", program.name));
    for (auto [port, name] : zip(program.inputs, names.inputs))
      if (port.role != INGOT_LENGTH)
        parameters.push_back(cParameter(port, name));
    if (program.stateBytes)
      parameters.push_back("void *state");
    for (auto [port, name] : zip(program.outputs, names.outputs))
      parameters.push_back(fmt::format("{} *{}", cTypeName(port.dtype).str(), name));
    text += fmt::format(
        "/* {} the caller's dense, row-major buffers. Returns 0, or an ingot_status that {}\n"
        "   explains. Calls from several threads wait for each other: see ingot/runtime.h for sessions. */\n"
        "int {}({});\n\n",
        describeRun(), error, program.function(), parameters.empty() ? "void" : llvm::join(parameters, ", "));
  }

  std::string describeRun() const {
    if (any_of(program.inputs, [](const ProgramPort &port) { return port.role == INGOT_CACHE; }))
      return "Appends rows to the caches and computes the outputs into";
    if (!program.stateBytes)
      return "Computes the outputs into";
    if (program.entry == "evaluate")
      return "Loss and outputs from the same state, which stays as it is, without batch statistics or dropout; into";
    bool isPart = !program.completions.empty(); // of a step: it writes gradients that stay in the state
    auto isShare = [](const ProgramPort &port) { return port.role == INGOT_HYPER && port.name == "share"; };
    if (isPart && any_of(program.inputs, isShare))
      return "Adds the batch's gradients, times share, to the state's, and writes the outputs into";
    if (isPart)
      return "Moves the parameters by the state's gradients, as the optimizer says, and clears these; into";
    if (program.optimizer.empty())
      return "Computes the outputs from the state, and what changes in it without a step of training; into";
    return "Does one step of training: changes the state, and writes the outputs into";
  }

  const ProgramDescription &program;
  ProgramNames names;
  std::string text;
};

} // namespace

std::string formatHeader(const ProgramDescription &program) { return Header(program).format(); }

} // namespace ingot
