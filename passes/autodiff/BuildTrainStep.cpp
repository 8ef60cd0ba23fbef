//===- BuildTrainStep.cpp - A network becomes a step of training ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   @main(inputs) -> outputs   =>   @main(inputs, target, parameters, statistics, slots, hyperparameters, step)
//                                      -> (loss, outputs, parameters.next, statistics.next, slots.next, step.next)
//
// Parameters are the constants that the model file gives a name. What else carries over from step to step follows from
// names too: a constant `X` beside an output `X.next` is a running statistic. All that carries over is the state; what
// lies where in its block is decided here (StateLayout.h), that a successor takes its predecessor's place, later.
//
// The step may come in two parts on one state, so that several batches, or several machines, share an update:
//
//   gradient   @main(inputs, target, share, state) -> (loss, outputs, gradients.next = gradients + share * own,
//   statistics.next) update     @main(hyperparameters, state) -> (parameters.next, slots.next, step.next,
//   gradients.next = 0)
//
//===----------------------------------------------------------------------===//
#include "passes/autodiff/Autodiff.h"
#include "passes/autodiff/Clipping.h"
#include "passes/autodiff/MainFunction.h"
#include "passes/autodiff/StateLayout.h"
#include "passes/autodiff/Trainable.h"
#include "passes/autodiff/losses/Losses.h"
#include "passes/autodiff/optimizers/Optimizers.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace ingot {
namespace {

class TrainStep {
public:
  TrainStep(ModuleOp module, const TrainStepOptions &options)
      : main(module), options(options), builder(module.getContext()),
        lossMake(builder, NameLoc::get(builder.getStringAttr("loss"), module.getLoc())),
        make(builder, NameLoc::get(builder.getStringAttr("update"), module.getLoc())),
        isEvaluation(module->hasAttr("ingot.evaluation")) {}

  LogicalResult run(ModuleOp module) {
    if (!main.isValid())
      return module.emitError("there is no function @main to train");
    if (failed(chooseTrainable(module, options)))
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
    if (isEvaluation)
      return finishEvaluation();
    switch (options.part) {
    case TrainStepOptions::Part::Whole:
      return finishWhole();
    case TrainStepOptions::Part::Gradient:
      return finishGradient();
    case TrainStepOptions::Part::Update:
      return finishUpdate(module);
    }
    llvm_unreachable("a step has no other parts");
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
    loss = chosen->build(lossMake, predictions, target, shape);
    if (!loss)
      return failure();
    main.outputs.insert(main.outputs.begin(), {"loss", "loss", loss});
    return success();
  }

  Value addTarget(const Loss &chosen, Value prediction) {
    Value target = main.addInput("target", chosen.targetType(prediction), "target");
    if (chosen.target != TargetKind::Classes)
      return target;
    SmallVector<AffineExpr> dims = make.dims(prediction);
    if (auto classes = constantValue(dims[dims.size() > 1 ? 1 : 0]))
      main.setInputAttribute(main.inputCount() - 1, "ingot.classes",
                             builder.getDenseI64ArrayAttr({*classes, options.ignoreIndex}));
    return target;
  }

  // What is trained

  /// The library's first program does; the others work on the same state.
  bool initializesState() const { return !isEvaluation && options.part != TrainStepOptions::Part::Update; }

  /// A new input in the place of a constant.
  Value replaceByInput(ConstantOp op, StringRef role) {
    std::string name = nameOfParameter(op).str();
    Value input = main.addInput(name, op.getType(), role);
    if (initializesState())
      main.setInputAttribute(main.inputCount() - 1, "ingot.initial", op.getValue());
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
      names.push_back(name.str());
      parameters.push_back(replaceByInput(op, "parameter"));
      op = nullptr;
    }
    if (!parameters.empty())
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
    for (ConstantOp op : named)
      if (std::optional<unsigned> next = op ? main.findOutput((nameOfParameter(op) + ".next").str()) : std::nullopt) {
        main.outputs[*next].role = "statistic";
        replaceByInput(op, "statistic");
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
    Value input = main.addInput("generator", generators.front().getType(), "generator");
    if (initializesState())
      main.setInputAttribute(main.inputCount() - 1, "ingot.initial", generators.front().getValue());
    for (ConstantOp op : generators) {
      op.getOutput().replaceAllUsesWith(input);
      op.erase();
    }
    Value isCount = make.iota(make.scope().constant(2), 0, builder.getI64Type()); // [0, 1]
    main.outputs.push_back({"generator.next", "generator", make.add(input, isCount)});
  }

  // The update

  Value addHyper(StringRef name, double standard) {
    Value value = main.addInput(name, RankedTensorType::get({}, builder.getF64Type()), "hyper");
    main.setInputAttribute(main.inputCount() - 1, "ingot.default", builder.getF64FloatAttr(standard));
    return value;
  }

  /// The optimizer's memory, and between the parts of a step the gradients.
  void addSlots() {
    for (auto [parameter, name] : llvm::zip(parameters, names)) {
      slots.emplace_back();
      for (StringRef slot : optimizer->slots)
        slots.back().push_back(main.addInput((name + "." + slot).str(), parameter.getType(), "slot"));
    }
    if (options.isSplit)
      for (auto [parameter, name] : llvm::zip(parameters, names))
        sums.push_back(main.addInput(name + ".gradient", parameter.getType(), "gradient"));
  }

  /// The number of steps done.
  Value addStepNumber() { return main.addInput("step", RankedTensorType::get({}, builder.getI64Type()), "step"); }

  LogicalResult finish(StringRef entry) {
    layOutState(main, optimizer->slots);
    main.setAttribute("ingot.optimizer", builder.getStringAttr(optimizer->name));
    main.setAttribute("ingot.entry", builder.getStringAttr(entry));
    main.finish();
    return success();
  }

  LogicalResult finishWhole() {
    FailureOr<SmallVector<Value>> gradients = differentiate(builder, loss, parameters);
    if (failed(gradients))
      return failure();
    addSlots();
    addHypers();
    if (failed(checkNames()) || failed(clip(*gradients)))
      return failure();
    update(*gradients);
    if (options.gradients)
      for (auto [name, gradient] : llvm::zip(names, *gradients))
        main.outputs.push_back({name + ".gradient", "gradient", gradient});
    return finish("train_step");
  }

  /// What the network computes is left out: only its parameters are of interest.
  LogicalResult finishUpdate(ModuleOp module) {
    main.outputs.clear();
    addSlots();
    addHypers();
    SmallVector<Value> gradients(sums);
    if (failed(checkNames()) || failed(clip(gradients)))
      return failure();
    update(gradients);
    for (auto [name, sum] : llvm::zip(names, sums))
      main.outputs.push_back({name + ".gradient.next", "gradient", make.filled(0, sum)});
    if (failed(finish("update_step")))
      return failure();
    main.prune({"input", "target"});
    for (StringRef symbols : {"ingot.symbols", "ingot.symbol_bounds", "ingot.requires"})
      module->removeAttr(symbols); // a state has constant shapes
    return success();
  }

  LogicalResult finishGradient() {
    FailureOr<SmallVector<Value>> gradients = differentiate(builder, loss, parameters);
    if (failed(gradients))
      return failure();
    addSlots();
    Value share = addHyper("share", 1);
    addStepNumber();
    if (failed(checkNames()))
      return failure();
    for (auto [name, sum, own] : llvm::zip(names, sums, *gradients))
      main.outputs.push_back({name + ".gradient.next", "gradient",
                              make.add(sum, make.mul(own, make.cast(share, getElementTypeOrSelf(own))))});
    return finish("gradient_step");
  }

  /// @main(inputs, target, parameters, statistics, slots, step) -> (loss, outputs). It takes all of the step's state,
  /// so that the block is the same, and changes nothing.
  LogicalResult finishEvaluation() {
    llvm::erase_if(main.outputs, [](auto &output) { return output.role == "statistic" || output.role == "generator"; });
    addSlots();
    addStepNumber();
    if (failed(checkNames()))
      return failure();
    return finish("evaluate");
  }

  void addHypers() {
    for (const Hyper &hyper : optimizer->hypers)
      hypers[hyper.name] = addHyper(hyper.name, hyper.standard);
    if (!options.clip.empty())
      hypers["clip"] = addHyper("clip", 1);
    stepsDone = make.add(addStepNumber(), 1);
    step = make.cast(stepsDone, builder.getF64Type());
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

  LogicalResult clip(SmallVectorImpl<Value> &gradients) {
    return options.clip.empty() ? success() : clipGradients(make, options.clip, hypers["clip"], gradients);
  }

  void update(ArrayRef<Value> gradients) {
    SmallVector<MainFunction::Output> states;
    for (auto [number, parameter] : llvm::enumerate(parameters)) {
      Update one{make, parameter, gradients[number], slots[number], hypers, step};
      main.outputs.push_back({names[number] + ".next", "parameter", optimizer->build(one)});
      for (auto [slot, value] : llvm::zip(optimizer->slots, one.slots))
        states.push_back({names[number] + "." + slot.str() + ".next", "slot", value});
    }
    main.outputs.append(states);
    main.outputs.push_back({"step.next", "step", stepsDone});
  }

  MainFunction main;
  const TrainStepOptions &options;
  OpBuilder builder;
  TensorBuilder lossMake, make;
  /// The network was imported as it behaves after training: what belongs to it is the evaluation, no step.
  bool isEvaluation;
  const Optimizer *optimizer = nullptr;
  /// `stepsDone` counts this one; `step` is the same as float64.
  Value loss, stepsDone, step;
  /// An operation on the way to the loss that gives no real numbers.
  Operation *wholeNumbers = nullptr;
  /// The constants that the file names; null once they are inputs.
  SmallVector<ConstantOp> named;
  SmallVector<std::string> names;
  SmallVector<Value> parameters;
  SmallVector<SmallVector<Value>> slots;
  /// The gradients in the state, when it has them.
  SmallVector<Value> sums;
  llvm::StringMap<Value> hypers;
};

} // namespace

LogicalResult buildTrainStep(ModuleOp module, const TrainStepOptions &options) {
  return TrainStep(module, options).run(module);
}

} // namespace ingot
