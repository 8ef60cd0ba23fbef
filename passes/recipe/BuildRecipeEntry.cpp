//===- BuildRecipeEntry.cpp - An entry of a recipe becomes a program ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Evaluates the entry's expressions into @main, with copies of the networks that they call, and adds what a step does
// besides: gradients and update (StepUpdate.h), copies of weights. What the entry changes in the state is returned as
// `NAME.next`.
//
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Inequality.h"
#include "passes/autodiff/MainFunction.h"
#include "passes/autodiff/StepUpdate.h"
#include "passes/recipe/Evaluator.h"
#include "passes/recipe/InputType.h"
#include "passes/recipe/ProgramSymbols.h"
#include "passes/recipe/RecipeState.h"
#include "passes/recipe/WeightCopies.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot {
namespace {

class EntryBuilder : public Surroundings {
public:
  EntryBuilder(const Recipe &recipe, const RecipeProgram &program, ArrayRef<ImportedNetwork> imported,
               MLIRContext *context)
      : recipe(recipe), program(program), entry(recipe.entries[program.entry]), context(context), operations(context),
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
    plan.emplace(std::move(*planned));
    Location where = locate(entry.name);
    OwningOpRef<ModuleOp> module = ModuleOp::create(where);
    operations.setInsertionPointToEnd(module->getBody());
    auto function = operations.create<func::FuncOp>(where, "main", operations.getFunctionType({}, {}));
    operations.setInsertionPointToEnd(function.addEntryBlock());
    operations.create<func::ReturnOp>(where);
    main.emplace(*module);
    operations = main->builder();
    addState();
    if (entry.copy)
      WeightCopies(recipe, *plan, *state).copyNow(recipe.copies[*entry.copy]);
    else if (failed(compute()))
      return {};
    if (failed(checkInputs()))
      return {};
    state->finish(plan->slots());
    main->setAttribute("ingot.entry", operations.getStringAttr(program.name()));
    if (entry.isStep)
      main->setAttribute("ingot.optimizer", operations.getStringAttr(entry.optimizer.text));
    main->finish();
    if (program.part == StepPart::Update) // what leads to the loss alone; the gradients that other steps add to
      main->prune({"input", "target", "hyper", "gradient"});
    return succeeded(symbols.describe(*module, recipe, entry)) ? std::move(module) : nullptr;
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

  void describeClasses(Value target, std::optional<int64_t> classes, int64_t ignored) override {
    auto argument = dyn_cast<BlockArgument>(target);
    if (!argument)
      return;
    unsigned number = argument.getArgNumber();
    std::pair<int64_t, int64_t> about{classes.value_or(-1), ignored};
    auto known = labels.try_emplace(number, about).first;
    if (known->second == about)
      return main->describeClasses(number, classes, ignored);
    known->second = {-1, -1}; // two losses that do not agree
    main->removeInputAttribute(number, "ingot.classes");
  }

  Value shareOf(Value target) override {
    auto argument = dyn_cast<BlockArgument>(target);
    if (program.part != StepPart::Gradient || !argument)
      return {};
    return addHyper((main->inputName(argument.getArgNumber()) + ".share").str(), 1);
  }

  LogicalResult require(Location where, AffineExpr expr, const SymbolScope &scope) override {
    if (succeeded(symbols.require(expr, scope)))
      return success();
    std::string text = printRelation(expr, {}, [&](AffineExpr sum) { return scope.print(sum); });
    return emitError(where) << "the sizes do not fit together: " << text << " does not hold";
  }

  Network *network(StringRef name) override {
    std::optional<size_t> number = find(name);
    return number ? &choose(*number) : nullptr;
  }

  FailureOr<SmallVector<NamedValue>> call(Location where, StringRef name, ArrayRef<Value> arguments) override {
    size_t number = *find(name);
    bool movesStatistics = &choose(number) == &training[number];
    NetworkState here;
    here.value = [&](StringRef tensor) { return state->value((name + "." + tensor).str()); };
    here.advance = [&](StringRef tensor, Value next) {
      if (std::string full = (name + "." + tensor).str(); movesStatistics && state->value(full))
        state->set(full, next);
    };
    here.generator = [&] { return newGenerator(); };
    here.require = [&](AffineExpr expr, const SymbolScope &scope) { return symbols.require(expr, scope); };
    return choose(number).call(operations, where, arguments, here);
  }

  /// The number of the draw lies in the upper half of the seed.
  Value newGenerator() override {
    TensorBuilder make(operations, locate(entry.name));
    Value generator = state->original("generator");
    if (!draws) { // the second number counts the runs
      Value isCount = make.iota(make.scope().constant(2), 0, operations.getI64Type());
      state->set("generator", make.add(generator, isCount));
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
      mode = entry.isStep && plan->isLive(number) ? NetworkMode::Training : NetworkMode::Evaluation;
    return mode == NetworkMode::Training ? training[number] : evaluation[number];
  }

  void addState() {
    state.emplace(*main);
    for (const StateTensor &tensor : plan->tensors())
      state->add(tensor.name, tensor.type, tensor.role, program.isFirst() ? tensor.initial : ElementsAttr());
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

  /// The parameters that the step updates and the loss depends on.
  SmallVector<TrainedTensor> chooseTrained() {
    llvm::DenseSet<Value> seen{loss};
    SmallVector<Value> waiting{loss};
    while (!waiting.empty())
      if (Operation *producer = waiting.pop_back_val().getDefiningOp())
        for (Value operand : producer->getOperands())
          if (seen.insert(operand).second)
            waiting.push_back(operand);
    SmallVector<TrainedTensor> trained;
    for (const RecipeText &network : entry.updates)
      for (const std::string &tensor : plan->parameters(*find(network.text))) {
        TrainedTensor one{network.text + "." + tensor, {}};
        if (!seen.contains(state->original(one.name)))
          continue;
        for (StringRef slot : findOptimizer(entry.optimizer.text)->slots)
          one.slots.push_back(plan->slotName(entry, network.text, tensor, slot));
        trained.push_back(std::move(one));
      }
    return trained;
  }

  LogicalResult update() {
    SmallVector<TrainedTensor> trained = chooseTrained();
    if (trained.empty())
      return emitError(locate(entry.loss)) << "there is nothing to train: the loss depends on no parameter that the "
                                              "step \""
                                           << entry.name.text << "\" updates";
    if (program.part == StepPart::Update) {
      main->outputs.clear();
      state->reset();
    }
    const Optimizer &optimizer = *findOptimizer(entry.optimizer.text);
    std::string counter = entry.name.text + ".step";
    StepUpdate step(optimizer, entry.clip.text, program.part, counter,
                    [&](StringRef name, double standard) { return addHyper(name, standardOf(name, standard)); });
    if (failed(checkHypers(optimizer, step.hypers())) ||
        failed(step.build(operations, locate(entry.name), loss, trained, *state)))
      return failure();
    if (program.part != StepPart::Gradient) {
      TensorBuilder make(operations, NameLoc::get(operations.getStringAttr("update"), locate(entry.name)));
      WeightCopies(recipe, *plan, *state).copyAfterStep(make, entry.updates, state->value(counter));
    }
    return success();
  }

  /// Those that the recipe gives are the optimizer's, and [hyperparameters] has none of them.
  LogicalResult checkHypers(const Optimizer &optimizer, ArrayRef<Hyper> wanted) {
    for (const RecipeNumber &number : entry.hypers)
      if (llvm::none_of(wanted, [&](const Hyper &hyper) { return hyper.name == number.name.text; }))
        return emitError(locate(number.name)) << "the optimizer " << optimizer.name << " has no hyperparameter \""
                                              << number.name.text << "\"; it has " << listNames(wanted);
    SmallVector<StringRef> names = llvm::map_to_vector(wanted, [](const Hyper &hyper) { return hyper.name; });
    if (recipe.isSplit)
      names.push_back("share");
    for (StringRef name : names)
      if (isHyperparameter(name))
        return emitError(locate(entry.name)) << "\"" << name << "\" is in [hyperparameters] and the optimizer's "
                                             << "own too; give the former another name";
    return success();
  }

  double standardOf(StringRef hyper, double otherwise) const {
    for (const RecipeNumber &number : entry.hypers)
      if (number.name.text == hyper)
        return number.value;
    return otherwise;
  }

  static std::string listNames(ArrayRef<Hyper> hypers) {
    std::string text;
    for (const Hyper &hyper : hypers)
      text += (text.empty() ? "" : ", ") + hyper.name.str();
    return text;
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
  const RecipeProgram &program;
  const RecipeEntry &entry;
  MLIRContext *context;
  OpBuilder operations;
  ProgramSymbols symbols;
  Evaluator evaluator;
  SmallVector<Network> training, evaluation;
  std::optional<RecipeState> plan;
  std::optional<MainFunction> main;
  std::optional<StateTensors> state;
  llvm::StringMap<std::unique_ptr<Expression>> definitions;
  llvm::StringSet<> visited;
  llvm::StringMap<Value> inputs, hypers;
  /// The classes of a target, and the one that counts nothing.
  llvm::DenseMap<unsigned, std::pair<int64_t, int64_t>> labels;
  int64_t draws = 0;
  Value loss;
};

} // namespace

OwningOpRef<ModuleOp> buildRecipeEntry(const Recipe &recipe, const RecipeProgram &program,
                                       ArrayRef<ImportedNetwork> networks, MLIRContext *context) {
  return EntryBuilder(recipe, program, networks, context).run();
}

} // namespace ingot
