//===- AppendGradients.cpp - Input gradients as outputs -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   @main(%x) -> (%y)   =>   @main(%x) -> (%y, %dx)              the gradient of the sum of %y, or
//                            @main(%x, %dy) -> (%y, %dx)         for a given gradient that arrives at %y
//   @main(%x) -> (%y, %h)  =>  @main(%x) -> (%y, %h, %dx, %dh)     where %h is an inner value of the network
//
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "passes/autodiff/Autodiff.h"
#include "passes/autodiff/MainFunction.h"

using namespace mlir;

namespace ingot {
namespace {

bool isReal(Value value) { return isa<FloatType>(getElementTypeOrSelf(value)); }

/// The inputs to differentiate by: those named, or all real ones.
FailureOr<SmallVector<unsigned>> chooseInputs(MainFunction &main, const AppendGradientsOptions &options) {
  SmallVector<unsigned> chosen;
  for (const std::string &name : options.inputs) {
    std::optional<unsigned> number = main.findInput(name);
    if (!number)
      return emitError(main.getLoc()) << "there is no input \"" << name << "\" to differentiate by";
    if (!isReal(main.input(*number)))
      return emitError(main.getLoc()) << "input \"" << name << "\" has no gradient: its elements are not real numbers";
    chosen.push_back(*number);
  }
  for (unsigned i = 0; options.inputs.empty() && i < main.inputCount(); ++i)
    if (isReal(main.input(i)))
      chosen.push_back(i);
  return chosen;
}

/// The outputs other than inputs by which to differentiate.
LogicalResult addInnerValues(MainFunction &main, const AppendGradientsOptions &options, SmallVectorImpl<Value> &values,
                             SmallVectorImpl<std::string> &names) {
  for (const std::string &name : options.at) {
    std::optional<unsigned> number = main.findOutput(name);
    if (!number)
      return emitError(main.getLoc()) << "there is no output \"" << name << "\" to differentiate by";
    Value value = main.outputs[*number].value;
    if (!isReal(value))
      return emitError(main.getLoc()) << "\"" << name << "\" has no gradient: its elements are not real numbers";
    if (llvm::is_contained(names, name))
      continue;
    values.push_back(value);
    names.push_back(name);
  }
  return success();
}

} // namespace

LogicalResult appendGradients(ModuleOp module, const AppendGradientsOptions &options) {
  MainFunction main(module);
  if (!main.isValid() || main.outputs.empty())
    return module.emitError("there is no function @main with outputs to differentiate");
  std::optional<unsigned> number = options.output.empty() ? 0u : main.findOutput(options.output);
  if (!number)
    return emitError(main.getLoc()) << "there is no output \"" << options.output << "\" to differentiate";
  MainFunction::Output output = main.outputs[*number];
  FailureOr<SmallVector<unsigned>> inputs = chooseInputs(main, options);
  if (failed(inputs))
    return failure();
  if (!isReal(output.value))
    return emitError(main.getLoc()) << "output \"" << output.name
                                    << "\" has no gradient: its elements are not real numbers";
  SmallVector<Value> wrt;
  SmallVector<std::string> names;
  for (unsigned input : *inputs) {
    wrt.push_back(main.input(input));
    names.push_back(main.inputName(input).str());
  }
  if (failed(addInnerValues(main, options, wrt, names)))
    return failure();
  OpBuilder builder = main.builder();
  FailureOr<SmallVector<Value>> gradients;
  if (options.cotangent)
    gradients =
        differentiate(builder, output.value, main.addInput(output.name + ".gradient", output.value.getType(), ""), wrt);
  else
    gradients = differentiate(builder, output.value, wrt);
  if (failed(gradients))
    return failure();
  for (auto [name, gradient] : llvm::zip(names, *gradients))
    main.outputs.push_back({name + ".gradient", "gradient", gradient});
  main.finish();
  return success();
}

} // namespace ingot
