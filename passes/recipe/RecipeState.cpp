//===- RecipeState.cpp - What a recipe's entries have in common -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/recipe/RecipeState.h"
#include "passes/autodiff/Trainable.h"
#include "passes/autodiff/optimizers/Optimizers.h"
#include "passes/recipe/Expression.h"

using namespace mlir;

namespace ingot {

FailureOr<RecipeState> RecipeState::plan(const Recipe &recipe, MutableArrayRef<Network> networks,
                                         MLIRContext *context) {
  RecipeState state(recipe, networks, context);
  return succeeded(state.build()) ? FailureOr<RecipeState>(std::move(state)) : FailureOr<RecipeState>(failure());
}

LogicalResult RecipeState::build() {
  if (failed(markLive()) || failed(addNetworks()) || failed(addSteps()))
    return failure();
  auto generator = RankedTensorType::get(2, IntegerType::get(context, 64));
  all.push_back({"generator", "generator", generator, DenseElementsAttr::get(generator, ArrayRef<int64_t>{0, 0})});
  llvm::StringSet<> seen;
  for (const StateTensor &tensor : all)
    if (!seen.insert(tensor.name).second)
      return error(recipe->entries.front().name)
             << "two tensors of the state have the name \"" << tensor.name << "\"; give a network or step another name";
  return success();
}

InFlightDiagnostic RecipeState::error(const RecipeText &text) const {
  return emitError(locationOf(text, recipe->file, context));
}

FailureOr<size_t> RecipeState::find(const RecipeText &network) const {
  for (auto [number, about] : llvm::enumerate(recipe->networks))
    if (about.name.text == network.text)
      return number;
  return error(network) << "there is no network \"" << network.text << "\"";
}

LogicalResult RecipeState::markLive() {
  live.assign(networks.size(), false);
  updates.assign(networks.size(), 0);
  for (const RecipeEntry &entry : recipe->entries)
    for (const RecipeText &name : entry.updates) {
      FailureOr<size_t> network = find(name);
      if (failed(network))
        return failure();
      live[*network] = true;
      ++updates[*network];
    }
  for (const RecipeCopy &copy : recipe->copies)
    if (failed(checkCopy(copy)))
      return failure();
  return success();
}

LogicalResult RecipeState::checkCopy(const RecipeCopy &copy) {
  FailureOr<size_t> to = find(copy.to), from = find(copy.from);
  if (failed(to) || failed(from))
    return failure();
  if (updates[*to])
    return error(copy.to) << "\"" << copy.to.text << "\" is a copy, but a step updates it too";
  if ((copy.every || copy.tau) && !updates[*from])
    return error(copy.from) << "no step updates \"" << copy.from.text << "\", so there is nothing to copy after a step";
  SmallVector<ConstantOp> target = networks[*to].named(), source = networks[*from].named();
  bool fits = target.size() == source.size();
  for (auto [one, other] : llvm::zip(target, source))
    fits &= nameOfParameter(one) == nameOfParameter(other) && one.getType() == other.getType();
  if (!fits)
    return error(copy.to) << "\"" << copy.to.text << "\" cannot be a copy of \"" << copy.from.text
                          << "\": their tensors differ in name, type or number";
  live[*to] = live[*from] = true;
  return success();
}

LogicalResult RecipeState::addNetworks() {
  parametersOf.resize(networks.size());
  statisticsOf.resize(networks.size());
  for (auto [number, about] : llvm::enumerate(recipe->networks)) {
    Network *begins = &networks[number];
    for (const RecipeCopy &copy : recipe->copies) // its first values are the other one's
      if (copy.to.text == about.name.text)
        begins = &networks[*find(copy.from)];
    SmallVector<ConstantOp> constants = networks[number].named(), first = begins->named();
    for (auto [constant, initial] : llvm::zip(constants, first)) {
      StringRef tensor = nameOfParameter(constant);
      bool isStatistic = networks[number].isStatistic(tensor);
      if (!live[number] || (!isStatistic && constant->hasAttr("ingot.frozen")))
        continue;
      (isStatistic ? statisticsOf : parametersOf)[number].push_back(tensor.str());
      all.push_back({about.name.text + "." + tensor.str(), isStatistic ? "statistic" : "parameter",
                     cast<RankedTensorType>(constant.getType()), initial.getValue()});
    }
  }
  return success();
}

std::string RecipeState::slotName(const RecipeEntry &step, StringRef network, StringRef tensor, StringRef slot) const {
  std::string name = (network + "." + tensor + ".").str();
  for (auto [number, about] : llvm::enumerate(recipe->networks))
    if (about.name.text == network && updates[number] > 1) // each step has its own
      name += step.name.text + ".";
  return name + slot.str();
}

LogicalResult RecipeState::addSteps() {
  auto counter = RankedTensorType::get({}, IntegerType::get(context, 64));
  for (const RecipeEntry &entry : recipe->entries) {
    if (!entry.isStep)
      continue;
    const Optimizer *optimizer = findOptimizer(entry.optimizer.text);
    if (!optimizer)
      return error(entry.optimizer) << "there is no optimizer \"" << entry.optimizer.text << "\"";
    for (StringRef slot : optimizer->slots) {
      if (!llvm::is_contained(slotNames, slot))
        slotNames.push_back(slot);
      for (const RecipeText &name : entry.updates) {
        size_t network = *find(name);
        for (ConstantOp constant : networks[network].named())
          if (llvm::is_contained(parametersOf[network], nameOfParameter(constant)))
            all.push_back({slotName(entry, name.text, nameOfParameter(constant), slot), "slot",
                           cast<RankedTensorType>(constant.getType()), ElementsAttr()});
      }
    }
    all.push_back({entry.name.text + ".step", "step", counter, ElementsAttr()});
  }
  if (recipe->isSplit)
    addGradients();
  return success();
}

/// Steps follow one another, gradients and update, so that all that update a network share its gradients.
void RecipeState::addGradients() {
  for (auto [number, about] : llvm::enumerate(recipe->networks))
    for (ConstantOp constant : networks[number].named())
      if (updates[number] && llvm::is_contained(parametersOf[number], nameOfParameter(constant)))
        all.push_back({(about.name.text + "." + nameOfParameter(constant) + ".gradient").str(), "gradient",
                       cast<RankedTensorType>(constant.getType()), ElementsAttr()});
}

} // namespace ingot
