//===- AppendGradients.cpp - Derivatives by inputs as outputs -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   @main(%x) -> (%y)   =>   @main(%x) -> (%y, %dx)              the gradient of the sum of %y, or
//                            @main(%x, %dy) -> (%y, %dx)         for a given gradient that arrives at %y
//   @main(%x) -> (%y, %h)  =>  @main(%x) -> (%y, %h, %dx, %dh)     where %h is an inner value of the network
//   @main(%x) -> (%y)   =>   @main(%x, %tx) -> (%y, %ty)         how %y changes when %x moves along %tx, or
//                            @main(%x, %tx) -> (%y, %dx, %ty, %tdx)      both, with the Hessian times %tx
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

/// The output to differentiate, by its number.
FailureOr<unsigned> chooseOutput(MainFunction &main, const AppendGradientsOptions &options) {
  std::optional<unsigned> number = options.output.empty() ? 0u : main.findOutput(options.output);
  if (!number)
    return emitError(main.getLoc()) << "there is no output \"" << options.output << "\" to differentiate";
  const MainFunction::Output &output = main.outputs[*number];
  if (isReal(output.value))
    return *number;
  return emitError(main.getLoc()) << "output \"" << output.name
                                  << "\" has no gradient: its elements are not real numbers";
}

/// Adds <name>.gradient for each of the values; returns them.
FailureOr<SmallVector<Value>> addGradients(MainFunction &main, ArrayRef<std::string> names, ArrayRef<Value> wrt,
                                           const AppendGradientsOptions &options) {
  FailureOr<unsigned> number = chooseOutput(main, options);
  if (failed(number))
    return failure();
  MainFunction::Output output = main.outputs[*number];
  OpBuilder builder = main.builder();
  FailureOr<SmallVector<Value>> gradients =
      options.cotangent ? differentiate(builder, output.value,
                                        main.addInput(output.name + ".gradient", output.value.getType(), ""), wrt)
                        : differentiate(builder, output.value, wrt);
  if (failed(gradients))
    return failure();
  for (auto [name, gradient] : llvm::zip(names, *gradients))
    main.outputs.push_back({name + ".gradient", "gradient", gradient});
  return gradients;
}

/// Adds <output>.tangent for each of the first outputs that is real, and for each of the inputs' gradients, for an
/// input <input>.tangent beside each of the inputs.
LogicalResult addTangents(MainFunction &main, size_t outputCount, ArrayRef<std::string> inputs, ArrayRef<Value> wrt,
                          ArrayRef<Value> gradients) {
  SmallVector<Value> directions, outputs;
  SmallVector<std::string> names;
  for (auto [input, value] : llvm::zip(inputs, wrt))
    directions.push_back(main.addInput(input + ".tangent", value.getType(), ""));
  for (const MainFunction::Output &output : ArrayRef(main.outputs).take_front(outputCount))
    if (isReal(output.value)) {
      outputs.push_back(output.value);
      names.push_back(output.name);
    }
  OpBuilder builder = main.builder();
  FailureOr<SmallVector<Value>> tangents = jacobianVectorProduct(builder, outputs, wrt, directions);
  FailureOr<SmallVector<Value>> curvatures =
      failed(tangents) ? tangents : hessianVectorProduct(builder, gradients, wrt, directions);
  if (failed(curvatures))
    return failure();
  if (!gradients.empty()) {
    for (const std::string &input : inputs)
      names.push_back(input + ".gradient");
    tangents->append(*curvatures);
  }
  for (auto [name, tangent] : llvm::zip(names, *tangents))
    main.outputs.push_back({name + ".tangent", "tangent", tangent});
  return success();
}

} // namespace

LogicalResult appendGradients(ModuleOp module, const AppendGradientsOptions &options) {
  MainFunction main(module);
  if (!main.isValid() || main.outputs.empty())
    return module.emitError("there is no function @main with outputs to differentiate");
  FailureOr<SmallVector<unsigned>> inputs = chooseInputs(main, options);
  if (failed(inputs))
    return failure();
  SmallVector<Value> wrt, gradients;
  SmallVector<std::string> names;
  for (unsigned input : *inputs) {
    wrt.push_back(main.input(input));
    names.push_back(main.inputName(input).str());
  }
  if (failed(addInnerValues(main, options, wrt, names)))
    return failure();
  size_t outputs = main.outputs.size(), count = inputs->size();
  if (options.gradients) {
    FailureOr<SmallVector<Value>> added = addGradients(main, names, wrt, options);
    if (failed(added))
      return failure();
    gradients.append(added->begin(), added->begin() + count); // inner values have no directions
  }
  if (options.tangents &&
      failed(addTangents(main, outputs, ArrayRef(names).take_front(count), ArrayRef(wrt).take_front(count), gradients)))
    return failure();
  main.finish();
  return success();
}

} // namespace ingot
