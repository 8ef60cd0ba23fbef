//===- Einsum.cpp - Einstein's summation convention ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operands are contracted from left to right, each pair as one matrix product (or a broadcast product when nothing is
// summed): "bhid,bhjd->bhij" becomes matmul(a, transpose(b)).
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

/// A letter of the equation, or a dimension under the ellipsis: kEllipsis + its place from the right.
using Label = int;
constexpr Label kEllipsis = 1000;
using Labels = SmallVector<Label>;

/// A tensor whose axes have names.
struct Term {
  Value value;
  Labels labels;
};

struct Equation {
  SmallVector<Labels> operands;
  Labels output;
};

/// The labels of one term; `rank` resolves the ellipsis, or for the output how many dimensions it covers in the
/// operands.
FailureOr<Labels> parseTerm(Node &node, StringRef text, std::optional<int64_t> rank, int64_t covered) {
  Labels labels;
  int64_t letters = llvm::count_if(text, [](unsigned char c) { return isalpha(c); });
  int64_t dims = rank ? *rank - letters : covered;
  bool hasEllipsis = text.contains("...");
  if (hasEllipsis ? dims < 0 : rank && dims != 0)
    return node.error() << "the term \"" << text << "\" does not fit an operand of rank " << *rank;
  for (size_t i = 0; i < text.size(); ++i) {
    if (isalpha(static_cast<unsigned char>(text[i]))) {
      labels.push_back(text[i]);
    } else if (text.substr(i).starts_with("...")) {
      for (int64_t place = dims; place-- > 0;)
        labels.push_back(kEllipsis + place);
      i += 2;
    } else if (text[i] != ' ') {
      return node.error() << "the equation has the unexpected character '" << text[i] << "'";
    }
  }
  return labels;
}

FailureOr<Equation> parseEquation(Node &node) {
  std::string text = node.attribute<std::string>("equation");
  auto [left, right] = StringRef(text).split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != node.inputCount())
    return node.error() << "the equation \"" << text << "\" has " << terms.size() << " terms for " << node.inputCount()
                        << " inputs";
  Equation equation;
  std::map<Label, int> uses; // in the order of an implicit output: the ellipsis, then letters by alphabet
  int64_t covered = 0;
  for (auto [position, term] : llvm::enumerate(terms)) {
    FailureOr<Labels> labels = parseTerm(node, term.trim(), node.rank(position), 0);
    if (failed(labels))
      return failure();
    for (Label label : *labels) {
      uses[label < kEllipsis ? label : -label]++;
      covered = std::max<int64_t>(covered, label - kEllipsis + 1);
    }
    equation.operands.push_back(*labels);
  }
  if (StringRef(text).contains("->")) {
    FailureOr<Labels> labels = parseTerm(node, right.trim(), std::nullopt, covered);
    if (failed(labels))
      return failure();
    equation.output = *labels;
  } else {
    for (auto [label, count] : uses)
      if (label < 0 || count == 1)
        equation.output.push_back(label < 0 ? -label : label);
  }
  for (Label label : equation.output)
    if (!uses.count(label < kEllipsis ? label : -label))
      return node.error() << "the equation \"" << text << "\" names an axis in its result that no term has";
  return equation;
}

Term sumOut(Node &node, Term term, function_ref<bool(Label)> isKept) {
  SmallVector<int64_t> axes;
  Labels kept;
  for (auto [axis, label] : llvm::enumerate(term.labels))
    isKept(label) ? kept.push_back(label) : axes.push_back(axis);
  return axes.empty() ? term : Term{node.squeeze(node.reduce(ReduceKind::Sum, term.value, axes), axes), kept};
}

/// A label that occurs twice takes the diagonal: elements off it become 0 and the second axis is summed.
Term takeDiagonals(Node &node, Term term) {
  for (size_t first = 0; first < term.labels.size(); ++first)
    for (size_t second = term.labels.size(); term.value && --second > first;)
      if (term.labels[first] == term.labels[second]) {
        SmallVector<AffineExpr> dims = node.dimsOf(term.value);
        Type i64 = IntegerType::get(node.getContext(), 64);
        Value isDiagonal = node.make<EqualOp>(node.iota(dims, first, i64), node.iota(dims, second, i64));
        Value masked = node.make<SelectOp>(isDiagonal, term.value, node.scalarLike(0, term.value));
        term.value = node.squeeze(node.reduce(ReduceKind::Sum, masked, second), second);
        term.labels.erase(term.labels.begin() + second);
      }
  return term;
}

/// The term's axes in the order of `labels`, all of which it has.
Value arrange(Node &node, const Term &term, ArrayRef<Label> labels) {
  SmallVector<int64_t> permutation;
  for (Label label : labels)
    permutation.push_back(llvm::find(term.labels, label) - term.labels.begin());
  bool isIdentity = llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size()));
  return isIdentity ? term.value : node.transpose(term.value, permutation);
}

/// The product of two terms, summed over the labels that only they have.
Term contract(Node &node, Term lhs, Term rhs, function_ref<bool(Label)> isKept) {
  auto isIn = [](const Term &term, Label label) { return llvm::is_contained(term.labels, label); };
  lhs = sumOut(node, lhs, [&](Label label) { return isKept(label) || isIn(rhs, label); });
  rhs = sumOut(node, rhs, [&](Label label) { return isKept(label) || isIn(lhs, label); });
  if (!lhs.value || !rhs.value)
    return {};
  Labels batch, left, right, inner;
  for (Label label : lhs.labels)
    (!isIn(rhs, label) ? left : isKept(label) ? batch : inner).push_back(label);
  for (Label label : rhs.labels)
    if (!isIn(lhs, label))
      right.push_back(label);
  auto join = [](std::initializer_list<ArrayRef<Label>> parts) {
    Labels all;
    for (ArrayRef<Label> part : parts)
      all.append(part.begin(), part.end());
    return all;
  };
  Value a = arrange(node, lhs, join({batch, left, inner})), b = arrange(node, rhs, join({batch, inner, right}));
  SmallVector<AffineExpr> aDims = node.dimsOf(a), bDims = node.dimsOf(b), batchDims;
  if (!a || !b)
    return {};
  size_t leftStart = batch.size(), innerEnd = batch.size() + inner.size();
  Labels result = join({batch, left, right});
  if (inner.empty()) { // nothing is summed: [batch, left, 1...] * [batch, 1..., right]
    SmallVector<AffineExpr> wide(aDims), narrow(bDims);
    wide.append(right.size(), node.symbols().constant(1));
    narrow.insert(narrow.begin() + leftStart, left.size(), node.symbols().constant(1));
    return {node.make<MulOp>(node.reshape(a, wide), node.reshape(b, narrow)), result};
  }
  auto flatten = [&](ArrayRef<AffineExpr> dims, size_t split) {
    SmallVector<AffineExpr> flat(dims.take_front(leftStart));
    flat.push_back(product(dims.slice(leftStart, split - leftStart), node.getContext()));
    flat.push_back(product(dims.drop_front(split), node.getContext()));
    return flat;
  };
  Value matrix = node.make<MatmulOp>(node.reshape(a, flatten(aDims, leftStart + left.size())),
                                     node.reshape(b, flatten(bDims, innerEnd)));
  SmallVector<AffineExpr> dims(
      ArrayRef(node.dimsOf(matrix)).take_front(std::min(batch.size(), node.dimsOf(matrix).size())));
  dims.append(aDims.begin() + leftStart, aDims.begin() + leftStart + left.size());
  dims.append(bDims.begin() + innerEnd, bDims.end());
  return {node.reshape(matrix, dims), result};
}

} // namespace

LogicalResult importEinsum(Node &node) {
  FailureOr<Equation> equation = parseEquation(node);
  if (failed(equation))
    return failure();
  Term result;
  for (size_t i = 0; i < node.inputCount(); ++i) {
    Term next = takeDiagonals(node, {node.input(i), equation->operands[i]});
    if (!next.value)
      return failure();
    auto isKept = [&](Label label) {
      auto names = [&](const Labels &labels) { return llvm::is_contained(labels, label); };
      return names(equation->output) || llvm::any_of(ArrayRef(equation->operands).drop_front(i + 1), names);
    };
    result = i == 0 ? sumOut(node, next, isKept) : contract(node, result, next, isKept);
    if (!result.value)
      return failure();
  }
  return node.result(arrange(node, result, equation->output));
}

} // namespace ingot::frontend
