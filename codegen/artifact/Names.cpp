// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "codegen/artifact/Names.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

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

std::string IdentifierScope::add(StringRef text) {
  std::string base = makeIdentifier(text), name = base;
  if (isKeyword(name))
    name = base += '_';
  for (int i = 2; is_contained(used, name); ++i)
    name = base + "_" + std::to_string(i);
  used.push_back(name);
  return name;
}

} // namespace ingot
