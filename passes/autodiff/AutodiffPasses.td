// The passes of autodiff/.
#ifndef INGOT_AUTODIFF_PASSES_TD
#define INGOT_AUTODIFF_PASSES_TD

include "mlir/Pass/PassBase.td"

def AppendGradientsPass : Pass<"ingot-append-gradients", "::mlir::ModuleOp"> {
  let summary = "Let @main return the gradients of an output by its inputs as well";
  let description = [{
    Before: `@main(%x) -> (%y)`. After: `@main(%x) -> (%y, %dx)`, where %dx is the gradient of the sum of %y, or with
    `cotangent` `@main(%x, %dy) -> (%y, %dx)`, the vector-Jacobian product. Gradients are named `x.gradient`. `at` names
    other outputs, inner values of the network, by which to differentiate too. With `tangents`
    `@main(%x, %tx) -> (%y, %dx, %ty, %tdx)`: how the results change when %x moves along %tx.
  }];
  let options = [
    Option<"output", "output", "std::string", "", "Name of the output to differentiate; the first when empty">,
    Option<"cotangent", "cotangent", "bool", "false", "Take the gradient that arrives at the output as one more input">,
    ListOption<"inputs", "inputs", "std::string", "Names of the inputs to differentiate by; all of a real type when empty">,
    ListOption<"at", "at", "std::string", "Names of outputs to differentiate by too">,
    Option<"gradients", "gradients", "bool", "true", "Return gradients, named NAME.gradient">,
    Option<"tangents", "tangents", "bool", "false", "Take directions NAME.tangent, return directional derivatives">];
}

def ExposeAttentionPass : Pass<"ingot-expose-attention", "::mlir::ModuleOp"> {
  let summary = "Let @main return the weights of every attention";
  let description = [{
    Before: `@main(%x) -> (%y)`. After: `@main(%x) -> (%y, %weights...)`, named `attention.0`, `attention.1`, ... in program order,
    each [..., queries, keys]. An attention is `ingot.attention`, or a softmax of products of which products are made.
  }];
}

def BuildTrainStepPass : Pass<"ingot-build-train-step", "::mlir::ModuleOp"> {
  let summary = "Turn a network into a function that does one step of training";
  let description = [{
    Before: `@main(inputs) -> outputs`, with parameters as constants. After:
    `@main(inputs, target, parameters, statistics, slots, step, hyperparameters) -> (loss, outputs, statistics.next,
    parameters.next, slots.next, step.next)`. Arguments are named by `ingot.name`, and by `ingot.role` (input, target,
    parameter, statistic, slot, hyper, step) told apart; `ingot.default` is a hyperparameter's standard value,
    `ingot.initial` what a parameter or statistic starts from. What has a successor is state: `ingot.state` is its offset
    in the state block, and its successor's. `step` counts the steps done. A parameter is a named constant of a real type through which the
    loss depends on the model file.

    With `part`, the state also has a tensor NAME.gradient for each parameter: `part=gradient` adds to it, `share` times its
    own gradient, `part=update` applies and clears it.
  }];
  let options = [
    Option<"loss", "loss", "std::string", "\"cross_entropy\"", "A loss by name, or output:NAME when the network computes it">,
    Option<"optimizer", "optimizer", "std::string", "\"sgd\"", "An optimizer by name">,
    Option<"freeze", "freeze", "std::string", "", "Regular expression: parameters whose names match do not change">,
    Option<"clip", "clip", "std::string", "", "norm or value: limit gradients by the hyperparameter clip">,
    Option<"labelSmoothing", "label-smoothing", "double", "0", "For cross_entropy">,
    Option<"ignoreIndex", "ignore-index", "int64_t", "-100", "For cross_entropy and nll: a class that counts nothing">,
    Option<"threshold", "threshold", "double", "1", "For smooth_l1 and huber: where the square ends">,
    Option<"margin", "margin", "double", "1", "For hinge and triplet">,
    Option<"gradients", "gradients", "bool", "false", "Return the gradients too, named NAME.gradient">,
    Option<"part", "part", "std::string", "", "gradient or update: only this part of the step">];
}

#endif
