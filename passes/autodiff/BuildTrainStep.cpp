//===- BuildTrainStep.cpp - A network becomes a step of training ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   @main(inputs) -> outputs   =>   @main(inputs, target, parameters, statistics, slots, step, hyperparameters)
//                                      -> (loss, outputs, statistics.next, parameters.next, slots.next, step.next)
//
// Parameters are the constants that the model file gives a name. What else carries over from step to step follows from
// names too: a constant `X` beside an output `X.next` is a running statistic. What a step does with its loss, whole or
// in two parts, is the same as in a recipe (StepUpdate.h).
//
//===----------------------------------------------------------------------===//
#include "passes/autodiff/Autodiff.h"
#include "passes/autodiff/MainFunction.h"
#include "passes/autodiff/StepUpdate.h"
#include "passes/autodiff/Trainable.h"
#include "passes/autodiff/losses/Losses.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace ingot {
namespace {

class TrainStep {
public:
  TrainStep(ModuleOp module, const TrainStepOptions &options)
      : main(module), state(main), options(options), builder(module.getContext()),
        make(builder, NameLoc::get(builder.getStringAttr("loss"), module.getLoc())), location(module.getLoc()),
        isEvaluation(module->hasAttr("ingot.evaluation")) {}

  LogicalResult run(ModuleOp module) {
    if (!main.isValid())
      return module.emitError("there is no function @main to train");
    if (failed(chooseTrainable(module, {{"--freeze", options.freeze, main.getLoc()},
                                        {"--train-only", options.trainOnly, main.getLoc()},
                                        {"--lora", options.lora, main.getLoc()},
                                        options.loraRank,
                                        options.loraAlpha})))
      return failure();
    builder = main.builder();
    for (auto op : main.body().getOps<ConstantOp>()) // before a loss adds its own
      if (!nameOfParameter(op).empty())
        named.push_back(op);
    for (unsigned i = 0; i < main.inputCount(); ++i)
      main.setInputAttribute(i, "ingot.role", builder.getStringAttr("input"));
    optimizer = findOptimizer(options.optimizer);
    if (!optimizer)
      return emitError(main.getLoc()) << "there is no optimizer \"" << options.optimizer << "\"";
    if (failed(buildLoss()) || failed(chooseParameters()))
      return failure();
    exposeStatistics();
    exposeGenerator();
    addSlots();
    if (failed(checkNames())) // before anybody looks for a tensor by its name
      return failure();
    if (isEvaluation) {
      state.reset(); // what a step would change
      return finish("evaluate");
    }
    if (failed(update()))
      return failure();
    if (options.part != StepPart::Update)
      return finish(options.part == StepPart::Whole ? "train_step" : "gradient_step");
    if (failed(finish("update_step")))
      return failure();
    main.prune({"input", "target"});
    for (StringRef symbols : {"ingot.symbols", "ingot.symbol_bounds", "ingot.requires"})
      module->removeAttr(symbols); // a state has constant shapes
    return success();
  }

private:
  // The loss

  LogicalResult buildLoss() {
    StringRef name = options.loss;
    if (name.consume_front("output:")) {
      std::optional<unsigned> number = main.findOutput(name);
      if (!number)
        return emitError(main.getLoc()) << "there is no output \"" << name << "\" to minimise";
      loss = main.outputs[*number].value;
      std::rotate(main.outputs.begin(), main.outputs.begin() + *number, main.outputs.begin() + *number + 1);
    } else if (failed(buildNamedLoss(name))) {
      return failure();
    }
    main.outputs.front().role = "loss";
    for (MainFunction::Output &output : llvm::drop_begin(main.outputs))
      output.role = "output";
    if (!isOneReal(loss))
      return emitError(main.getLoc()) << "the loss must be one real number, but has shape " << describe(loss.getType());
    return success();
  }

  LogicalResult buildNamedLoss(StringRef name) {
    const Loss *chosen = findLoss(name);
    if (!chosen)
      return emitError(main.getLoc()) << "there is no loss \"" << name << "\"";
    if (main.outputs.size() < chosen->predictions)
      return emitError(main.getLoc()) << "the loss " << name << " needs " << chosen->predictions
                                      << " outputs, but there are " << main.outputs.size();
    SmallVector<Value> predictions;
    for (const MainFunction::Output &output : ArrayRef(main.outputs).take_front(chosen->predictions))
      predictions.push_back(output.value);
    if (!isa<FloatType>(getElementTypeOrSelf(predictions[0])) ||
        (chosen->target == TargetKind::Classes && make.dims(predictions[0]).empty()))
      return emitError(main.getLoc()) << "the loss " << name << " does not fit output \"" << main.outputs[0].name
                                      << "\" of shape " << describe(predictions[0].getType());
    Value target;
    if (chosen->target != TargetKind::None)
      target = addTarget(*chosen, predictions[0]);
    LossOptions shape{options.labelSmoothing, options.ignoreIndex, options.threshold, options.margin};
    loss = chosen->build(make, predictions, target, shape);
    if (!loss)
      return failure();
    main.outputs.insert(main.outputs.begin(), {"loss", "loss", loss});
    return success();
  }

  Value addTarget(const Loss &chosen, Value prediction) {
    Value target = main.addInput("target", chosen.targetType(prediction), "target");
    if (chosen.target == TargetKind::Classes)
      main.describeClasses(main.inputCount() - 1, numberOfClasses(make, prediction), options.ignoreIndex);
    return target;
  }

  // What is trained

  /// The library's first program does; the others work on the same state.
  bool initializesState() const { return !isEvaluation && options.part != StepPart::Update; }

  /// A tensor of the state in the place of a constant.
  Value replaceByState(ConstantOp op, StringRef name, StringRef role) {
    Value input = state.add(name, op.getType(), role, initializesState() ? op.getValue() : ElementsAttr());
    op.getOutput().replaceAllUsesWith(input);
    for (MainFunction::Output &output : main.outputs)
      if (output.value == op.getOutput())
        output.value = input;
    op.erase();
    return input;
  }

  LogicalResult chooseParameters() {
    llvm::DenseSet<Operation *> needed = neededByLoss();
    for (ConstantOp &op : named) {
      StringRef name = nameOfParameter(op);
      if (!needed.contains(op) || !isa<FloatType>(op.getType().getElementType()) ||
          main.findOutput((name + ".next").str()) || op->hasAttr("ingot.frozen"))
        continue;
      trained.push_back({name.str(), {}});
      replaceByState(op, trained.back().name, "parameter");
      op = nullptr;
    }
    if (!trained.empty())
      return success();
    InFlightDiagnostic error = emitError(main.getLoc())
                               << "there is nothing to train: the loss depends on no parameter"
                               << (options.freeze.empty() && options.trainOnly.empty() ? "" : " that is not frozen")
                               << (wholeNumbers ? ", or only through numbers without a gradient" : "");
    if (wholeNumbers)
      error.attachNote(wholeNumbers->getLoc()) << "its result is not real, so that no gradient passes";
    return error;
  }

  /// What the loss depends on through real numbers alone: gradients take no other way.
  llvm::DenseSet<Operation *> neededByLoss() {
    llvm::DenseSet<Operation *> needed;
    SmallVector<Operation *> open;
    if (Operation *producer = loss.getDefiningOp())
      open.push_back(producer);
    while (!open.empty()) {
      Operation *op = open.pop_back_val();
      if (!needed.insert(op).second)
        continue;
      for (Value operand : op->getOperands()) {
        Operation *producer = operand.getDefiningOp();
        bool isReal = isa<FloatType>(getElementTypeOrSelf(operand));
        if (producer && isReal)
          open.push_back(producer);
        else if (producer && isa<FusedLoc>(producer->getLoc())) // of the model, not of the loss
          wholeNumbers = producer;
      }
    }
    return needed;
  }

  void exposeStatistics() {
    for (ConstantOp op : named) {
      std::string name = op ? nameOfParameter(op).str() : "";
      std::optional<unsigned> next = op ? main.findOutput(name + ".next") : std::nullopt;
      if (!next)
        continue;
      replaceByState(op, name, "statistic");
      state.set(name, main.outputs[*next].value);
      main.outputs.erase(main.outputs.begin() + *next);
    }
  }

  /// All random numbers come from one generator, whose second number counts the steps.
  void exposeGenerator() {
    SmallVector<ConstantOp> generators;
    for (auto op : main.body().getOps<ConstantOp>())
      if (op->hasAttr("ingot.generator"))
        generators.push_back(op);
    if (generators.empty())
      return;
    ConstantOp first = generators.front();
    Value input = replaceByState(first, "generator", "generator");
    for (ConstantOp op : ArrayRef(generators).drop_front()) {
      op.getOutput().replaceAllUsesWith(input);
      op.erase();
    }
    Value isCount = make.iota(make.scope().constant(2), 0, builder.getI64Type()); // [0, 1]
    state.set("generator", make.add(input, isCount));
  }

  // The update

  /// The optimizer's memory, between the parts of a step the gradients, and the number of steps done.
  void addSlots() {
    auto typeOf = [&](const TrainedTensor &one) { return state.original(one.name).getType(); };
    for (TrainedTensor &one : trained)
      for (StringRef slot : optimizer->slots) {
        one.slots.push_back(one.name + "." + slot.str());
        state.add(one.slots.back(), typeOf(one), "slot");
      }
    if (options.isSplit)
      for (const TrainedTensor &one : trained)
        state.add(one.gradientName(), typeOf(one), "gradient");
    state.add("step", RankedTensorType::get({}, builder.getI64Type()), "step");
  }

  Value addHyper(StringRef name, double standard) {
    Value value = main.addInput(name, RankedTensorType::get({}, builder.getF64Type()), "hyper");
    main.setInputAttribute(main.inputCount() - 1, "ingot.default", builder.getF64FloatAttr(standard));
    return value;
  }

  LogicalResult update() {
    if (options.part == StepPart::Update) { // what the network computes is left out: its parameters are of interest
      main.outputs.clear();
      state.reset();
    }
    StepUpdate step(*optimizer, options.clip, options.part, "step",
                    [&](StringRef name, double standard) { return addHyper(name, standard); });
    FailureOr<SmallVector<Value>> gradients = step.build(builder, location, loss, trained, state);
    if (succeeded(gradients) && options.gradients)
      for (auto [one, gradient] : llvm::zip(trained, *gradients))
        returned.push_back({one.gradientName(), "gradient", gradient});
    return gradients;
  }

  /// The inputs are told apart by their names, the network's own and those that training adds.
  LogicalResult checkNames() {
    llvm::StringSet<> seen;
    for (unsigned i = 0; i < main.inputCount(); ++i)
      if (!seen.insert(main.inputName(i)).second)
        return emitError(main.getLoc()) << "the network and its training have both a tensor \"" << main.inputName(i)
                                        << "\"; give the network's another name";
    return success();
  }

  LogicalResult finish(StringRef entry) {
    if (failed(checkNames()))
      return failure();
    state.finish(optimizer->slots);
    main.outputs.append(returned);
    main.setAttribute("ingot.optimizer", builder.getStringAttr(optimizer->name));
    main.setAttribute("ingot.entry", builder.getStringAttr(entry));
    main.finish();
    return success();
  }

  MainFunction main;
  StateTensors state;
  const TrainStepOptions &options;
  OpBuilder builder;
  TensorBuilder make;
  Location location;
  /// The network was imported as it behaves after training: what belongs to it is the evaluation, no step.
  bool isEvaluation;
  const Optimizer *optimizer = nullptr;
  Value loss;
  /// An operation on the way to the loss that gives no real numbers.
  Operation *wholeNumbers = nullptr;
  /// The constants that the file names; null once they are inputs.
  SmallVector<ConstantOp> named;
  SmallVector<TrainedTensor> trained;
  /// Gradients, where they are wanted.
  SmallVector<MainFunction::Output> returned;
};

} // namespace

LogicalResult buildTrainStep(ModuleOp module, const TrainStepOptions &options) {
  return TrainStep(module, options).run(module);
}

} // namespace ingot
