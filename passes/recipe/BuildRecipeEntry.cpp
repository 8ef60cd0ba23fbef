//===- BuildRecipeEntry.cpp - An entry of a recipe becomes a program ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Evaluates the entry's expressions into @main, with copies of the networks that they call, and adds what a step does
// besides: gradients, updates, copies of weights. What the entry changes in the state is returned as `NAME.next`.
//
//===----------------------------------------------------------------------===//
#include "passes/autodiff/Autodiff.h"
#include "passes/autodiff/Clipping.h"
#include "passes/autodiff/MainFunction.h"
#include "passes/autodiff/StateLayout.h"
#include "passes/autodiff/optimizers/Optimizers.h"
#include "passes/recipe/Evaluator.h"
#include "passes/recipe/InputType.h"
#include "passes/recipe/RecipeState.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot {
namespace {

class EntryBuilder : public Surroundings {
public:
  EntryBuilder(const Recipe &recipe, size_t number, ArrayRef<ImportedNetwork> imported, MLIRContext *context)
      : recipe(recipe), entry(recipe.entries[number]), isFirst(number == 0), context(context), operations(context),
        evaluator(*this) {
    for (auto [about, modules] : llvm::zip(recipe.networks, imported)) {
      training.emplace_back(about.name.text, modules.training);
      evaluation.emplace_back(about.name.text, modules.evaluation);
    }
  }

  OwningOpRef<ModuleOp> run() {
    FailureOr<RecipeState> planned = RecipeState::plan(recipe, training, context);
    if (failed(planned))
      return {};
    state.emplace(std::move(*planned));
    Location where = locate(entry.name);
    OwningOpRef<ModuleOp> module = ModuleOp::create(where);
    operations.setInsertionPointToEnd(module->getBody());
    auto function = operations.create<func::FuncOp>(where, "main", operations.getFunctionType({}, {}));
    operations.setInsertionPointToEnd(function.addEntryBlock());
    operations.create<func::ReturnOp>(where);
    main.emplace(*module);
    operations = main->builder();
    addState();
    if (failed(entry.copy ? copyNow() : compute()) || failed(checkInputs()))
      return {};
    returnState();
    layOutState(*main, state->slots());
    main->setAttribute("ingot.entry", operations.getStringAttr(entry.name.text));
    if (entry.isStep)
      main->setAttribute("ingot.optimizer", operations.getStringAttr(entry.optimizer.text));
    main->finish();
    return succeeded(describeSymbols(*module, recipe, entry)) ? std::move(module) : nullptr;
  }

  // Surroundings
  // ------------------------------------------------------------------------------------------------------------------

  OpBuilder &builder() override { return operations; }

  const Expression *definition(StringRef name) override {
    auto found = definitions.find(name);
    return found == definitions.end() ? nullptr : found->second.get();
  }

  Value hyperparameter(StringRef name) override {
    for (const RecipeNumber &number : recipe.hyperparameters)
      if (number.name.text == name)
        return addHyper(name, number.value);
    return {};
  }

  Value input(StringRef name) override {
    if (Value known = inputs.lookup(name))
      return known;
    for (const RecipeBinding &declared : recipe.inputs)
      if (declared.name.text == name) {
        FailureOr<RankedTensorType> type = parseInputType(declared.text, recipe, context);
        return succeeded(type) ? addInput(name, *type, "input") : Value();
      }
    return {};
  }

  Value addInput(StringRef name, RankedTensorType type, StringRef role) override {
    return inputs[name] = main->addInput(name, withFixedDimensions(type, recipe), role);
  }

  Network *network(StringRef name) override {
    std::optional<size_t> number = find(name);
    return number ? &choose(*number) : nullptr;
  }

  FailureOr<SmallVector<NamedValue>> call(Location where, StringRef name, ArrayRef<Value> arguments) override {
    size_t number = *find(name);
    bool movesStatistics = &choose(number) == &training[number];
    NetworkState here;
    here.value = [&](StringRef tensor) { return values.lookup((name + "." + tensor).str()); };
    here.advance = [&](StringRef tensor, Value next) {
      if (std::string full = (name + "." + tensor).str(); movesStatistics && values.contains(full))
        set(full, next);
    };
    here.generator = [&] { return newGenerator(); };
    return choose(number).call(operations, where, arguments, here);
  }

  /// The number of the draw lies in the upper half of the seed.
  Value newGenerator() override {
    TensorBuilder make(operations, locate(entry.name));
    Value generator = original.lookup("generator");
    if (!draws) { // the second number counts the runs
      Value isCount = make.iota(make.scope().constant(2), 0, operations.getI64Type());
      set("generator", make.add(generator, isCount));
    }
    if (int64_t draw = draws++) {
      auto type = cast<RankedTensorType>(generator.getType());
      auto offset = DenseElementsAttr::get(type, ArrayRef<int64_t>{draw << 32, 0});
      generator = make.add(generator, operations.create<ConstantOp>(make.getLocation(), type, offset));
    }
    return generator;
  }

  AffineExpr dimension(SymbolScope &scope, StringRef name) override { return namedDimension(scope, name, recipe); }

private:
  Location locate(const RecipeText &text) const { return locationOf(text, recipe.file, context); }

  std::optional<size_t> find(StringRef network) const {
    for (auto [number, about] : llvm::enumerate(recipe.networks))
      if (about.name.text == network)
        return number;
    return std::nullopt;
  }

  /// A network as this entry uses it: those that training changes as they train in steps, else as afterwards.
  Network &choose(size_t number) {
    NetworkMode mode = entry.mode == NetworkMode::Default ? recipe.networks[number].mode : entry.mode;
    if (mode == NetworkMode::Default)
      mode = entry.isStep && state->isLive(number) ? NetworkMode::Training : NetworkMode::Evaluation;
    return mode == NetworkMode::Training ? training[number] : evaluation[number];
  }

  void addState() {
    for (const StateTensor &tensor : state->tensors()) {
      Value value = main->addInput(tensor.name, tensor.type, tensor.role);
      if (isFirst && tensor.initial)
        main->setInputAttribute(main->inputCount() - 1, "ingot.initial", tensor.initial);
      values[tensor.name] = original[tensor.name] = value;
    }
  }

  void set(StringRef tensor, Value value) { values[tensor] = value; }

  /// What has changed.
  void returnState() {
    for (const StateTensor &tensor : state->tensors())
      if (Value value = values.lookup(tensor.name); value != original.lookup(tensor.name))
        main->outputs.push_back({tensor.name + ".next", tensor.role.str(), value});
  }

  Value addHyper(StringRef name, double standard) {
    Value &value = hypers[name];
    if (value)
      return value;
    value = main->addInput(name, RankedTensorType::get({}, operations.getF64Type()), "hyper");
    main->setInputAttribute(main->inputCount() - 1, "ingot.default", operations.getF64FloatAttr(standard));
    return value;
  }

  // Expressions
  // ------------------------------------------------------------------------------------------------------------------

  LogicalResult compute() {
    for (const RecipeBinding &binding : entry.definitions)
      if (!(definitions[binding.name.text] = parseExpression(binding.text, recipe.file, context)))
        return failure();
    std::unique_ptr<Expression> lossTree;
    SmallVector<std::unique_ptr<Expression>> trees;
    if (!entry.loss.text.empty()) {
      if (!(lossTree = parseExpression(entry.loss, recipe.file, context)))
        return failure();
      declareInputs(*lossTree);
    }
    for (const RecipeBinding &output : entry.outputs) {
      if (!trees.emplace_back(parseExpression(output.text, recipe.file, context)))
        return failure();
      declareInputs(*trees.back());
    }
    if (lossTree && failed(computeLoss(*lossTree)))
      return failure();
    for (auto [output, tree] : llvm::zip(entry.outputs, trees)) {
      Value value = evaluator.tensor(*tree);
      if (!value)
        return failure();
      main->outputs.push_back({output.name.text, "output", value});
    }
    return entry.isStep ? update() : success();
  }

  /// What is given to a network has its input's type, also where it is used before.
  void declareInputs(const Expression &tree) {
    Network *callee = tree.kind == Expression::Kind::Call ? network(tree.name) : nullptr;
    for (auto [position, operand] : llvm::enumerate(tree.operands)) {
      bool isFree = operand->kind == Expression::Kind::Name && !definition(operand->name) &&
                    !isHyperparameter(operand->name) && !network(operand->name) && !input(operand->name);
      if (callee && isFree && tree.keywords[position].empty() && position < callee->inputCount())
        addInput(operand->name, callee->inputType(position), "input");
      declareInputs(*operand);
    }
    if (tree.kind == Expression::Kind::Name && definition(tree.name) && visited.insert(tree.name).second)
      declareInputs(*definition(tree.name));
  }

  bool isHyperparameter(StringRef name) const {
    return llvm::any_of(recipe.hyperparameters, [&](const RecipeNumber &number) { return number.name.text == name; });
  }

  LogicalResult computeLoss(const Expression &tree) {
    loss = evaluator.tensor(tree);
    if (!loss)
      return failure();
    if (!isOneReal(loss))
      return emitError(tree.where) << "the loss must be one real number, but has shape " << describe(loss.getType())
                                   << "; mean(...) or sum(...) makes one of it";
    main->outputs.push_back({"loss", "loss", loss});
    return success();
  }

  // The update
  // ------------------------------------------------------------------------------------------------------------------

  struct Trained {
    std::string network, tensor;
    std::string name() const { return network + "." + tensor; }
  };

  /// The parameters that the step updates and the loss depends on.
  SmallVector<Trained> chooseTrained() {
    llvm::DenseSet<Value> seen{loss};
    SmallVector<Value> waiting{loss};
    while (!waiting.empty())
      if (Operation *producer = waiting.pop_back_val().getDefiningOp())
        for (Value operand : producer->getOperands())
          if (seen.insert(operand).second)
            waiting.push_back(operand);
    SmallVector<Trained> trained;
    for (const RecipeText &network : entry.updates)
      for (const std::string &tensor : state->parameters(*find(network.text)))
        if (seen.contains(original.lookup(network.text + "." + tensor)))
          trained.push_back({network.text, tensor});
    return trained;
  }

  LogicalResult update() {
    SmallVector<Trained> trained = chooseTrained();
    if (trained.empty())
      return emitError(locate(entry.loss)) << "there is nothing to train: the loss depends on no parameter that the "
                                              "step \""
                                           << entry.name.text << "\" updates";
    SmallVector<Value> parameters;
    for (const Trained &one : trained)
      parameters.push_back(original.lookup(one.name()));
    FailureOr<SmallVector<Value>> gradients = differentiate(operations, loss, parameters);
    if (failed(gradients))
      return failure();
    const Optimizer &optimizer = *findOptimizer(entry.optimizer.text);
    if (failed(addHypers(optimizer)))
      return failure();
    TensorBuilder make(operations, NameLoc::get(operations.getStringAttr("step"), locate(entry.name)));
    if (!entry.clip.text.empty() && failed(clipGradients(make, entry.clip.text, hypers["clip"], *gradients)))
      return failure();
    std::string counter = entry.name.text + ".step";
    Value done = make.add(original.lookup(counter), 1), step = make.cast(done, operations.getF64Type());
    set(counter, done);
    for (auto [one, parameter, gradient] : llvm::zip(trained, parameters, *gradients)) {
      Update change{make, parameter, gradient, {}, hypers, step};
      SmallVector<std::string> names;
      for (StringRef slot : optimizer.slots) {
        names.push_back(state->slotName(entry, one.network, one.tensor, slot));
        change.slots.push_back(original.lookup(names.back()));
      }
      set(one.name(), optimizer.build(change));
      for (auto [name, slot] : llvm::zip(names, change.slots))
        set(name, slot);
    }
    copyAfterStep(make, done);
    return success();
  }

  LogicalResult addHypers(const Optimizer &optimizer) {
    SmallVector<Hyper> wanted(optimizer.hypers);
    if (!entry.clip.text.empty())
      wanted.push_back({"clip", 1});
    for (const RecipeNumber &number : entry.hypers)
      if (llvm::none_of(wanted, [&](const Hyper &hyper) { return hyper.name == number.name.text; }))
        return emitError(locate(number.name)) << "the optimizer " << optimizer.name << " has no hyperparameter \""
                                              << number.name.text << "\"; it has " << listNames(wanted);
    for (const Hyper &hyper : wanted) {
      if (isHyperparameter(hyper.name))
        return emitError(locate(entry.name)) << "\"" << hyper.name << "\" is in [hyperparameters] and the optimizer's "
                                             << "own too; give the former another name";
      double standard = hyper.standard;
      for (const RecipeNumber &number : entry.hypers)
        standard = number.name.text == hyper.name ? number.value : standard;
      addHyper(hyper.name, standard);
    }
    return success();
  }

  static std::string listNames(ArrayRef<Hyper> hypers) {
    std::string text;
    for (const Hyper &hyper : hypers)
      text += (text.empty() ? "" : ", ") + hyper.name.str();
    return text;
  }

  // Copies
  // ------------------------------------------------------------------------------------------------------------------

  /// For each tensor of a copy: the value that it has, and the one that its source has after this step.
  void copy(const RecipeCopy &which, function_ref<Value(Value to, Value from, bool isStatistic)> combine) {
    size_t network = *find(which.to.text);
    for (bool isStatistic : {false, true})
      for (const std::string &tensor : isStatistic ? state->statistics(network) : state->parameters(network)) {
        std::string to = which.to.text + "." + tensor, from = which.from.text + "." + tensor;
        set(to, combine(values.lookup(to), values.lookup(from), isStatistic));
      }
  }

  LogicalResult copyNow() {
    copy(recipe.copies[*entry.copy], [](Value, Value from, bool) { return from; });
    return success();
  }

  void copyAfterStep(TensorBuilder &make, Value done) {
    for (const RecipeCopy &which : recipe.copies) {
      auto isSource = [&](const RecipeText &network) { return network.text == which.from.text; };
      if (llvm::none_of(entry.updates, isSource) || (!which.every && !which.tau))
        continue;
      Value isDue;
      if (which.every)
        isDue = make.equal(make.make<ModOp>(done, make.scalar(double(which.every), done)), make.scalar(0, done));
      copy(which, [&](Value to, Value from, bool isStatistic) {
        if (isDue)
          return make.select(isDue, from, to);
        return isStatistic ? from : make.add(make.mul(to, 1 - *which.tau), make.mul(from, *which.tau));
      });
    }
  }

  // Inputs
  // ------------------------------------------------------------------------------------------------------------------

  LogicalResult checkInputs() {
    llvm::StringSet<> seen;
    for (unsigned i = 0; i < main->inputCount(); ++i)
      if (!seen.insert(main->inputName(i)).second)
        return emitError(locate(entry.name))
               << "\"" << main->inputName(i) << "\" is an input and something else too; give one another name";
    return success();
  }

  const Recipe &recipe;
  const RecipeEntry &entry;
  bool isFirst;
  MLIRContext *context;
  OpBuilder operations;
  Evaluator evaluator;
  SmallVector<Network> training, evaluation;
  std::optional<RecipeState> state;
  std::optional<MainFunction> main;
  llvm::StringMap<std::unique_ptr<Expression>> definitions;
  llvm::StringSet<> visited;
  /// The state's tensors: as they came, and as they are now.
  llvm::StringMap<Value> original, values;
  llvm::StringMap<Value> inputs, hypers;
  int64_t draws = 0;
  Value loss;
};

} // namespace

OwningOpRef<ModuleOp> buildRecipeEntry(const Recipe &recipe, size_t entry, ArrayRef<ImportedNetwork> networks,
                                       MLIRContext *context) {
  return EntryBuilder(recipe, entry, networks, context).run();
}

} // namespace ingot
