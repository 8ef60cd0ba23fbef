//===- Trainable.cpp - Which parameters a step changes --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Low-rank adaptation: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2021).
//
//===----------------------------------------------------------------------===//
#include "passes/autodiff/Trainable.h"
#include "passes/autodiff/MainFunction.h"
#include "passes/autodiff/TensorBuilder.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/xxhash.h"
#include <cmath>
#include <random>

using namespace mlir;

namespace ingot {
namespace {

/// A regular expression for parameters' names; an empty one matches none.
class NamePattern {
public:
  explicit NamePattern(const TrainableChoice::Pattern &pattern) : pattern(pattern), expression(pattern.text) {}
  bool isEmpty() const { return pattern.text.empty(); }
  bool matches(StringRef name) const { return !isEmpty() && expression.match(name); }

  InFlightDiagnostic error() const {
    return emitError(pattern.where) << pattern.title << " \"" << pattern.text << "\" ";
  }

  /// Whether it is right, and matches one of `parameters` unless it is empty.
  LogicalResult check(ArrayRef<ConstantOp> parameters) const {
    std::string problem;
    if (!isEmpty() && !expression.isValid(problem))
      return emitError(pattern.where) << "the expression \"" << pattern.text << "\" is not right: " << problem;
    auto isMatch = [&](ConstantOp op) { return matches(nameOfParameter(op)); };
    if (isEmpty() || llvm::any_of(parameters, isMatch))
      return success();
    constexpr size_t mostNames = 8;
    std::string names;
    for (ConstantOp op : parameters.take_front(mostNames))
      names += (names.empty() ? "" : ", ") + nameOfParameter(op).str();
    return error() << "matches no parameter; there are " << (names.empty() ? "none" : names)
                   << (parameters.size() > mostNames ? ", ..." : "");
  }

private:
  const TrainableChoice::Pattern &pattern;
  llvm::Regex expression;
};

/// A parameter of the file under a new name: what the file names is known by its location.
ConstantOp addParameter(OpBuilder &builder, ConstantOp like, const std::string &name, RankedTensorType type,
                        ArrayRef<double> values) {
  Location file = cast<NameLoc>(like.getLoc()).getChildLoc();
  SmallVector<APFloat> numbers;
  for (double value : values) {
    bool isInexact;
    numbers.emplace_back(value);
    numbers.back().convert(cast<FloatType>(type.getElementType()).getFloatSemantics(), APFloat::rmNearestTiesToEven,
                           &isInexact);
  }
  return builder.create<ConstantOp>(NameLoc::get(builder.getStringAttr(name), file), type,
                                    cast<ElementsAttr>(DenseElementsAttr::get(type, numbers)));
}

/// Uniform numbers in [-bound, bound), the same on every machine.
std::vector<double> uniform(StringRef name, int64_t count, double bound) {
  std::mt19937_64 random(llvm::xxh3_64bits(name));
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back((double(random() >> 11) * 0x1p-52 - 1) * bound);
  return values;
}

/// W => W + (alpha / rank) B A, in the place of all its uses.
LogicalResult adapt(ConstantOp weight, int64_t rank, double alpha) {
  std::string name = nameOfParameter(weight).str();
  auto type = cast<RankedTensorType>(weight.getType());
  int64_t rows = type.getDimSize(0), columns = type.getNumElements() / std::max<int64_t>(1, rows);
  OpBuilder builder(weight->getContext());
  builder.setInsertionPointAfter(weight);
  TensorBuilder make(builder, NameLoc::get(builder.getStringAttr(name + ".lora")));
  auto shape = [&](int64_t r, int64_t c) { return RankedTensorType::get({r, c}, type.getElementType()); };
  ConstantOp left =
      addParameter(builder, weight, name + ".lora_B", shape(rows, rank), std::vector<double>(size_t(rows * rank)));
  ConstantOp right = addParameter(builder, weight, name + ".lora_A", shape(rank, columns),
                                  uniform(name, rank * columns, 1 / std::sqrt(double(columns))));
  Value product = make.make<MatmulOp>(left.getOutput(), right.getOutput());
  if (alpha != double(rank))
    product = make.mul(product, alpha / double(rank));
  Value adapted = make.add(weight.getOutput(), make.reshapeLike(product, weight.getOutput()));
  if (!adapted)
    return failure();
  weight.getOutput().replaceAllUsesExcept(adapted, adapted.getDefiningOp());
  return success();
}

} // namespace

StringRef nameOfParameter(ConstantOp op) {
  auto named = dyn_cast<NameLoc>(op.getLoc());
  return named && isa<FileLineColLoc>(named.getChildLoc()) ? named.getName().getValue() : StringRef();
}

LogicalResult chooseTrainable(ModuleOp module, const TrainableChoice &choice) {
  MainFunction main(module);
  SmallVector<ConstantOp> parameters;
  for (auto op : main.body().getOps<ConstantOp>())
    if (!nameOfParameter(op).empty() && isa<FloatType>(op.getType().getElementType()))
      parameters.push_back(op);
  NamePattern frozen(choice.freeze), chosen(choice.trainOnly), adapted(choice.lora);
  for (const NamePattern *pattern : {&frozen, &chosen, &adapted})
    if (failed(pattern->check(parameters)))
      return failure();
  bool isAdapted = false, areOthersFrozen = !chosen.isEmpty() || !adapted.isEmpty();
  for (ConstantOp op : parameters) {
    StringRef name = nameOfParameter(op);
    bool isMatrix = cast<RankedTensorType>(op.getType()).getRank() >= 2, isThis = isMatrix && adapted.matches(name);
    if (isThis || frozen.matches(name) || (areOthersFrozen && !chosen.matches(name)))
      op->setAttr("ingot.frozen", UnitAttr::get(module.getContext()));
    if (isThis && failed(adapt(op, choice.loraRank, choice.loraAlpha)))
      return failure();
    isAdapted |= isThis;
  }
  if (!adapted.isEmpty() && !isAdapted)
    return adapted.error() << "matches vectors only; what is adapted has two axes or more";
  return success();
}

} // namespace ingot
