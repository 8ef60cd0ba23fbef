//===- Expression.cpp - Parses the expressions of a recipe ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// By recursive descent, one function for each rule of the grammar in Expression.h.
//
//===----------------------------------------------------------------------===//
#include "passes/recipe/Expression.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace ingot {
namespace {

using Tree = std::unique_ptr<Expression>;

/// Deeper nesting is a mistake, and would overflow the stack.
constexpr unsigned deepest = 256;

class Parser {
public:
  Parser(const RecipeText &text, StringRef file, MLIRContext *context)
      : rest(text.text), file(file), context(context), line(text.line), column(text.column) {
    next();
  }

  Tree parse() {
    Tree tree = parseComparison();
    if (tree && token.kind != TokenKind::End)
      return fail("expected an operator or the end of the expression, but there is " + describeToken());
    return tree;
  }

private:
  enum class TokenKind { Number, Name, Sign, End, Wrong };
  struct Token {
    TokenKind kind = TokenKind::End;
    StringRef text;
    unsigned line = 1, column = 1;
  };

  // Words
  // ------------------------------------------------------------------------------------------------------------------

  void skip(size_t count) {
    for (char c : rest.take_front(count)) {
      line += c == '\n';
      column = c == '\n' ? 1 : column + 1;
    }
    rest = rest.drop_front(count);
  }

  static bool isNameStart(char c) { return llvm::isAlpha(c) || c == '_'; }
  static bool isNamePart(char c) { return llvm::isAlnum(c) || c == '_'; }

  /// Digits, a fraction and an exponent: 2, 0.5, 1e-3.
  static size_t lengthOfNumber(StringRef text) {
    auto digits = [&](size_t at) {
      while (at < text.size() && llvm::isDigit(text[at]))
        ++at;
      return at;
    };
    size_t end = digits(0);
    if (end < text.size() && text[end] == '.')
      end = digits(end + 1);
    if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
      size_t sign = end + 1 < text.size() && (text[end + 1] == '-' || text[end + 1] == '+') ? end + 2 : end + 1;
      if (digits(sign) > sign)
        end = digits(sign);
    }
    return end;
  }

  void next() {
    skip(rest.size() - rest.ltrim(" \t\r\n").size());
    token = {TokenKind::End, "", line, column};
    if (rest.empty())
      return;
    size_t length = 1;
    bool isFraction = rest[0] == '.' && rest.size() > 1 && llvm::isDigit(rest[1]);
    if (llvm::isDigit(rest[0]) || isFraction) {
      token.kind = TokenKind::Number;
      length = lengthOfNumber(rest);
    } else if (isNameStart(rest[0])) {
      token.kind = TokenKind::Name;
      length = rest.take_while(isNamePart).size();
    } else if (rest.starts_with("**") || rest.starts_with("<=") || rest.starts_with(">=") || rest.starts_with("==")) {
      token.kind = TokenKind::Sign;
      length = 2;
    } else {
      token.kind = StringRef("+-*/().,=<>[]:").contains(rest[0]) ? TokenKind::Sign : TokenKind::Wrong;
    }
    token.text = rest.take_front(length);
    skip(length);
  }

  bool isAt(StringRef sign) const { return token.kind == TokenKind::Sign && token.text == sign; }
  bool take(StringRef sign) {
    bool found = isAt(sign);
    if (found)
      next();
    return found;
  }

  std::string describeToken() const {
    return token.kind == TokenKind::End ? "nothing more" : "\"" + token.text.str() + "\"";
  }

  Location here() const { return FileLineColLoc::get(context, file, token.line, token.column); }

  Tree fail(const Twine &problem) {
    emitError(here()) << problem;
    return nullptr;
  }

  Tree make(Expression::Kind kind, Location where, StringRef name = "") {
    auto tree = std::make_unique<Expression>(Expression{kind, where});
    tree->name = name.str();
    return tree;
  }

  // Rules
  // ------------------------------------------------------------------------------------------------------------------

  Tree binary(Tree left, Location where, StringRef sign, Tree right) {
    if (!left || !right)
      return nullptr;
    Tree tree = make(Expression::Kind::Binary, where, sign);
    tree->operands.push_back(std::move(left));
    tree->operands.push_back(std::move(right));
    return tree;
  }

  Tree parseComparison() {
    if (++depth > deepest)
      return fail("the expression is nested too deeply");
    Tree tree = parseSum();
    for (StringRef sign : {"<", "<=", ">", ">=", "=="})
      if (tree && isAt(sign)) {
        Location where = here();
        next();
        tree = binary(std::move(tree), where, sign, parseSum());
        break;
      }
    --depth;
    return tree;
  }

  /// operand {sign operand}, from left to right
  Tree parseChain(Tree (Parser::*parseOperand)(), StringRef one, StringRef other) {
    Tree tree = (this->*parseOperand)();
    while (tree && (isAt(one) || isAt(other))) {
      Location where = here();
      StringRef sign = token.text;
      next();
      tree = binary(std::move(tree), where, sign, (this->*parseOperand)());
    }
    return tree;
  }

  Tree parseSum() { return parseChain(&Parser::parseProduct, "+", "-"); }
  Tree parseProduct() { return parseChain(&Parser::parseSign, "*", "/"); }

  Tree parseSign() {
    Location where = here();
    unsigned count = 0;
    while (take("-"))
      ++count;
    Tree tree = parsePower();
    if (!tree || count % 2 == 0)
      return tree;
    Tree negated = make(Expression::Kind::Negation, where);
    negated->operands.push_back(std::move(tree));
    return negated;
  }

  Tree parsePower() {
    Tree tree = parsePostfix();
    if (!tree || !isAt("**"))
      return tree;
    Location where = here();
    next();
    if (++depth > deepest)
      return fail("the expression is nested too deeply");
    tree = binary(std::move(tree), where, "**", parseSign());
    --depth;
    return tree;
  }

  Tree parsePostfix() {
    Tree tree = parseAtom();
    while (tree && (isAt(".") || isAt("["))) {
      Location where = here();
      bool isMember = take(".");
      Tree outer = make(isMember ? Expression::Kind::Member : Expression::Kind::Index, where);
      outer->operands.push_back(std::move(tree));
      if (isMember) {
        if (token.kind != TokenKind::Name)
          return fail("expected the name of a result after \".\", but there is " + describeToken());
        outer->name = token.text.str();
        next();
      } else if (failed(parseAxes(*outer))) {
        return nullptr;
      }
      tree = std::move(outer);
    }
    return tree;
  }

  LogicalResult parseAxes(Expression &index) {
    next();
    do {
      Expression::Axis axis;
      if (failed(parseInteger(axis.first)))
        return failure();
      axis.isRange = take(":");
      if (axis.isRange && failed(parseInteger(axis.last)))
        return failure();
      if (!axis.isRange && !axis.first)
        return failure(!fail("expected a position or a range like 0:4, but there is " + describeToken()));
      index.axes.push_back(axis);
    } while (take(","));
    return expect("]");
  }

  /// An integer, if there is one.
  LogicalResult parseInteger(std::optional<int64_t> &value) {
    bool isNegative = take("-");
    int64_t number = 0;
    if (token.kind == TokenKind::Number && !token.text.getAsInteger(10, number)) {
      value = isNegative ? -number : number;
      next();
    } else if (isNegative || token.kind == TokenKind::Number) {
      return failure(!fail("expected an integer, but there is " + describeToken()));
    }
    return success();
  }

  LogicalResult expect(StringRef sign) {
    if (take(sign))
      return success();
    fail("expected \"" + sign + "\", but there is " + describeToken());
    return failure();
  }

  Tree parseAtom() {
    Location where = here();
    Token first = token;
    if (first.kind == TokenKind::Number) {
      Tree tree = make(Expression::Kind::Number, where);
      if (first.text.getAsDouble(tree->number))
        return fail(describeToken() + " is no number");
      next();
      return tree;
    }
    if (first.kind == TokenKind::Name) {
      next();
      return isAt("(") ? parseCall(where, first.text) : make(Expression::Kind::Name, where, first.text);
    }
    if (!take("("))
      return fail("expected a name, a number or \"(\", but there is " + describeToken());
    Tree tree = parseComparison();
    return tree && succeeded(expect(")")) ? std::move(tree) : nullptr;
  }

  Tree parseCall(Location where, StringRef name) {
    Tree call = make(Expression::Kind::Call, where, name);
    next();
    if (take(")"))
      return call;
    do {
      std::string keyword;
      if (token.kind == TokenKind::Name && rest.ltrim().starts_with("=") && !rest.ltrim().starts_with("==")) {
        keyword = token.text.str();
        next();
        next();
      } else if (!call->keywords.empty() && !call->keywords.back().empty()) {
        return fail("an argument without a name follows one with a name");
      }
      Tree argument = parseComparison();
      if (!argument)
        return nullptr;
      call->operands.push_back(std::move(argument));
      call->keywords.push_back(keyword);
    } while (take(","));
    return succeeded(expect(")")) ? std::move(call) : nullptr;
  }

  StringRef rest, file;
  MLIRContext *context;
  unsigned line, column, depth = 0;
  Token token;
};

} // namespace

std::unique_ptr<Expression> parseExpression(const RecipeText &text, StringRef file, MLIRContext *context) {
  return Parser(text, file, context).parse();
}

Location locationOf(const RecipeText &text, StringRef file, MLIRContext *context) {
  return FileLineColLoc::get(context, file, text.line, text.column);
}

} // namespace ingot
