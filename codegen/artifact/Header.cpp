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

std::string printDimension(mlir::AffineExpr dim, ArrayRef<ProgramSymbol> symbols) {
  if (auto constant = mlir::dyn_cast<mlir::AffineConstantExpr>(dim))
    return std::to_string(constant.getValue());
  if (auto symbol = mlir::dyn_cast<mlir::AffineSymbolExpr>(dim))
    return symbols[symbol.getPosition()].name;
  auto binary = mlir::cast<mlir::AffineBinaryOpExpr>(dim);
  auto print = [&](mlir::AffineExpr operand) {
    std::string text = printDimension(operand, symbols);
    return mlir::isa<mlir::AffineBinaryOpExpr>(operand) ? "(" + text + ")" : text;
  };
  std::string lhs = print(binary.getLHS()), rhs = print(binary.getRHS());
  switch (binary.getKind()) {
  case mlir::AffineExprKind::Add:
    return lhs + " + " + rhs;
  case mlir::AffineExprKind::Mul:
    return lhs + "*" + rhs;
  case mlir::AffineExprKind::Mod:
    return lhs + " % " + rhs;
  case mlir::AffineExprKind::FloorDiv:
    return lhs + " / " + rhs;
  default:
    return fmt::format("({} + {} - 1) / {}", lhs, rhs, rhs);
  }
}

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
    text += "#ifdef __cplusplus\n}\n#endif\n#endif\n";
    return text;
  }

private:
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

  void addMacros() {
    text += fmt::format("/* Bytes of a session's intermediate values, and of the constants in the library. */\n"
                        "#define {0}_ARENA_BYTES {1}\n#define {0}_CONSTANT_BYTES {2}\n\n",
                        program.name, program.arenaBytes, program.constantBytes);
    for (auto [port, name] : zip(program.inputs, names.inputs))
      addPort("input", port, name);
    for (auto [port, name] : zip(program.outputs, names.outputs))
      addPort("output", port, name);
    text += "\n";
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
    if (!program.isStatic())
      addDims();
    std::vector<std::string> parameters;
    if (!program.isStatic())
      parameters.push_back(fmt::format("const {}_dims *dims", program.name));
    for (auto [port, name] : zip(program.inputs, names.inputs))
      parameters.push_back(fmt::format("const {} *{}", cTypeName(port.dtype).str(), name));
    for (auto [port, name] : zip(program.outputs, names.outputs))
      parameters.push_back(fmt::format("{} *{}", cTypeName(port.dtype).str(), name));
    text += fmt::format(
        "/* Computes the outputs into the caller's dense, row-major buffers. Returns 0, or an ingot_status that "
        "{0}_error\n"
        "   explains. Calls from several threads wait for each other: see ingot/runtime.h for sessions. */\n"
        "int {0}_run({1});\n\n",
        program.name, parameters.empty() ? "void" : llvm::join(parameters, ", "));
    text += fmt::format("/* What went wrong last on this thread. */\nconst char *{}_error(void);\n\n", program.name);
    text += fmt::format(
        "/* The model, for the functions of ingot/runtime.h. */\nconst struct ingot_model *{}_model(void);\n\n",
        program.name);
  }

  const ProgramDescription &program;
  ProgramNames names;
  std::string text;
};

} // namespace

std::string formatHeader(const ProgramDescription &program) { return Header(program).format(); }

} // namespace ingot
