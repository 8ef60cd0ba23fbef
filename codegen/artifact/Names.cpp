// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "codegen/artifact/Names.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <fmt/format.h>

using namespace llvm;

namespace ingot {

std::string makeIdentifier(StringRef text) {
  std::string name;
  for (char c : text)
    name += isAlnum(c) ? c : '_';
  if (name.empty() || isDigit(name[0]))
    name.insert(name.begin(), '_');
  return name;
}

// Words of C and C++ that are also likely names of tensors or dimensions, and the rest of the short ones.
static bool isKeyword(StringRef word) {
  static constexpr StringLiteral keywords[] = {
      "and",      "asm",      "auto",      "bool",     "break",  "case",     "catch",    "char",    "class",
      "const",    "continue", "default",   "delete",   "do",     "double",   "else",     "enum",    "export",
      "extern",   "false",    "float",     "for",      "friend", "goto",     "if",       "inline",  "int",
      "long",     "mutable",  "namespace", "new",      "not",    "operator", "or",       "private", "public",
      "register", "requires", "return",    "short",    "signed", "sizeof",   "static",   "struct",  "switch",
      "template", "this",     "throw",     "true",     "try",    "typedef",  "typename", "union",   "unsigned",
      "using",    "virtual",  "void",      "volatile", "while",  "xor"};
  return is_contained(keywords, word);
}

namespace {
class Scope {
public:
  std::string add(StringRef text) {
    std::string base = makeIdentifier(text), name = base;
    if (isKeyword(name))
      name = base += '_';
    for (int i = 2; is_contained(used, name); ++i)
      name = base + "_" + std::to_string(i);
    used.push_back(name);
    return name;
  }

private:
  std::vector<std::string> used;
};

struct TypeNames {
  ingot_dtype dtype;
  StringLiteral c, plain, constant;
};

constexpr TypeNames types[] = {
    {INGOT_F32, "float", "float32", "INGOT_F32"},      {INGOT_U8, "uint8_t", "uint8", "INGOT_U8"},
    {INGOT_I8, "int8_t", "int8", "INGOT_I8"},          {INGOT_U16, "uint16_t", "uint16", "INGOT_U16"},
    {INGOT_I16, "int16_t", "int16", "INGOT_I16"},      {INGOT_I32, "int32_t", "int32", "INGOT_I32"},
    {INGOT_I64, "int64_t", "int64", "INGOT_I64"},      {INGOT_BOOL, "uint8_t", "bool", "INGOT_BOOL"},
    {INGOT_F16, "uint16_t", "float16", "INGOT_F16"},   {INGOT_F64, "double", "float64", "INGOT_F64"},
    {INGOT_U32, "uint32_t", "uint32", "INGOT_U32"},    {INGOT_U64, "uint64_t", "uint64", "INGOT_U64"},
    {INGOT_BF16, "uint16_t", "bfloat16", "INGOT_BF16"}};

const TypeNames &namesOf(ingot_dtype dtype) {
  return *find_if(types, [&](const TypeNames &entry) { return entry.dtype == dtype; });
}
} // namespace

ProgramNames::ProgramNames(const ProgramDescription &program) {
  Scope dimScope, portScope;
  portScope.add("dims"); // the parameter of a model with symbols
  if (program.stateBytes)
    portScope.add("state");
  for (const ProgramSymbol &symbol : program.symbols)
    dims.push_back(dimScope.add(symbol.name));
  for (const ProgramPort &port : program.inputs)
    inputs.push_back(portScope.add(port.name));
  for (const ProgramPort &port : program.outputs)
    outputs.push_back(portScope.add(port.name));
  for (const ProgramStateTensor &tensor : program.state)
    states.push_back(portScope.add(tensor.port.name));
}

std::string cParameter(const ProgramPort &port, StringRef name) {
  std::string type = port.role == INGOT_HYPER ? "double " : cTypeName(port.dtype).str() + " *";
  bool isWritten = port.role == INGOT_HYPER || port.role == INGOT_CACHE;
  return (isWritten ? "" : "const ") + type + name.str();
}

StringRef cTypeName(ingot_dtype dtype) { return namesOf(dtype).c; }
StringRef plainTypeName(ingot_dtype dtype) { return namesOf(dtype).plain; }
StringRef dtypeConstantName(ingot_dtype dtype) { return namesOf(dtype).constant; }

std::string printDimension(mlir::AffineExpr dim, llvm::ArrayRef<ProgramSymbol> symbols) {
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

} // namespace ingot
