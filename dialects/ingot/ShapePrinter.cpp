//===- ShapePrinter.cpp - #ingot.shape in text ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `#ingot.shape<[batch, 2 * (seq floordiv 2), "odd name"]>`: expressions with the symbols' names in place. A name that
// is not an identifier stands in quotes.
//
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "dialects/ingot/Shape.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace ingot {
namespace {

bool isIdentifier(StringRef name) {
  return !name.empty() && (isalpha(name[0]) || name[0] == '_') && name != "floordiv" && name != "ceildiv" &&
         name != "mod" && llvm::all_of(name, [](char c) { return isalnum(c) || c == '_' || c == '.'; });
}

/// How tightly an operator binds: a child of lower strength needs parentheses.
int strength(AffineExpr expr) {
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return 0;
  case AffineExprKind::Mul:
  case AffineExprKind::Mod:
  case AffineExprKind::FloorDiv:
  case AffineExprKind::CeilDiv:
    return 1;
  default:
    return 2;
  }
}

StringRef operatorText(AffineExprKind kind) {
  switch (kind) {
  case AffineExprKind::Add:
    return " + ";
  case AffineExprKind::Mul:
    return " * ";
  case AffineExprKind::Mod:
    return " mod ";
  case AffineExprKind::FloorDiv:
    return " floordiv ";
  default:
    return " ceildiv ";
  }
}

void printExpr(raw_ostream &out, AffineExpr expr, ArrayRef<StringAttr> names) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    out << constant.getValue();
  } else if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    StringRef name = names[symbol.getPosition()].getValue();
    if (isIdentifier(name))
      out << name;
    else
      out << '"' << name << '"';
  } else if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    out << 'd' << dim.getPosition();
  } else {
    auto binary = cast<AffineBinaryOpExpr>(expr);
    auto child = [&](AffineExpr part, bool isRight) {
      bool needsParentheses = strength(part) < strength(expr) || (isRight && strength(part) == strength(expr));
      out << (needsParentheses ? "(" : "");
      printExpr(out, part, names);
      out << (needsParentheses ? ")" : "");
    };
    child(binary.getLHS(), false);
    out << operatorText(binary.getKind());
    child(binary.getRHS(), true);
  }
}

/// sum := product (('+' | '-') product)*; product := atom (('*' | floordiv | ceildiv | mod) atom)*
class ExprParser {
public:
  ExprParser(AsmParser &parser, SymbolScope &scope) : parser(parser), scope(scope) {}

  FailureOr<AffineExpr> sum() {
    FailureOr<AffineExpr> result = product();
    while (succeeded(result)) {
      bool isMinus = false;
      if (failed(parser.parseOptionalPlus())) {
        if (failed(parser.parseOptionalKeyword("minus")))
          return result;
        isMinus = true;
      }
      FailureOr<AffineExpr> right = product();
      if (failed(right))
        return failure();
      result = isMinus ? *result - *right : *result + *right;
    }
    return result;
  }

private:
  FailureOr<AffineExpr> product() {
    FailureOr<AffineExpr> result = atom();
    while (succeeded(result)) {
      AffineExprKind kind;
      if (succeeded(parser.parseOptionalStar()))
        kind = AffineExprKind::Mul;
      else if (succeeded(parser.parseOptionalKeyword("floordiv")))
        kind = AffineExprKind::FloorDiv;
      else if (succeeded(parser.parseOptionalKeyword("ceildiv")))
        kind = AffineExprKind::CeilDiv;
      else if (succeeded(parser.parseOptionalKeyword("mod")))
        kind = AffineExprKind::Mod;
      else
        return result;
      FailureOr<AffineExpr> right = atom();
      if (failed(right))
        return failure();
      result = getAffineBinaryOpExpr(kind, *result, *right);
    }
    return result;
  }

  FailureOr<AffineExpr> atom() {
    int64_t number;
    OptionalParseResult isNumber = parser.parseOptionalInteger(number);
    if (isNumber.has_value())
      return failed(*isNumber) ? FailureOr<AffineExpr>() : FailureOr<AffineExpr>(scope.constant(number));
    if (succeeded(parser.parseOptionalLParen())) {
      FailureOr<AffineExpr> inner = sum();
      return failed(inner) || parser.parseRParen() ? FailureOr<AffineExpr>() : inner;
    }
    std::string text;
    if (succeeded(parser.parseOptionalString(&text)))
      return scope.symbol(text);
    StringRef name;
    if (parser.parseKeyword(&name))
      return failure();
    return scope.symbol(name);
  }

  AsmParser &parser;
  SymbolScope &scope;
};

} // namespace

void ShapeAttr::print(AsmPrinter &printer) const {
  printer << "<[";
  llvm::interleaveComma(getDims(), printer.getStream(),
                        [&](AffineExpr dim) { printExpr(printer.getStream(), dim, getNames()); });
  printer << "]>";
}

Attribute ShapeAttr::parse(AsmParser &parser, Type) {
  SymbolScope scope(parser.getContext());
  SmallVector<AffineExpr> dims;
  auto parseDim = [&]() -> ParseResult {
    FailureOr<AffineExpr> dim = ExprParser(parser, scope).sum();
    if (failed(dim))
      return failure();
    dims.push_back(*dim);
    return success();
  };
  if (parser.parseLess() || parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseDim) ||
      parser.parseGreater())
    return {};
  return scope.shape(dims);
}

std::string SymbolScope::print(AffineExpr expr) const {
  std::string text;
  llvm::raw_string_ostream out(text);
  printExpr(out, expr, names);
  return text;
}

} // namespace ingot
