// Recurrent layers: gates [T, B, D, G, H] are the steps' inputs already multiplied by the input weights, biases added.
#ifndef INGOT_OPS_RECURRENT_TD
#define INGOT_OPS_RECURRENT_TD

include "dialects/ingot/Ingot.td"

def Ingot_Direction : I32EnumAttr<"Direction", "the order of the steps", [
    I32EnumAttrCase<"Forward", 0, "forward">, I32EnumAttrCase<"Reverse", 1, "reverse">,
    I32EnumAttrCase<"Bidirectional", 2, "bidirectional">]> {
  let cppNamespace = "::ingot";
  let genSpecializedAttr = 0;
}
def Ingot_DirectionAttr : EnumAttr<Ingot_Dialect, Ingot_Direction, "direction">;

// Operations name these as strings.
def Ingot_Activation : I32EnumAttr<"Activation", "the function of a gate", [
    I32EnumAttrCase<"Sigmoid", 0, "sigmoid">, I32EnumAttrCase<"Tanh", 1, "tanh">, I32EnumAttrCase<"Relu", 2, "relu">,
    I32EnumAttrCase<"Affine", 3, "affine">, I32EnumAttrCase<"LeakyRelu", 4, "leaky_relu">,
    I32EnumAttrCase<"ThresholdedRelu", 5, "thresholded_relu">, I32EnumAttrCase<"ScaledTanh", 6, "scaled_tanh">,
    I32EnumAttrCase<"HardSigmoid", 7, "hard_sigmoid">, I32EnumAttrCase<"Elu", 8, "elu">,
    I32EnumAttrCase<"Softsign", 9, "softsign">, I32EnumAttrCase<"Softplus", 10, "softplus">]> {
  let cppNamespace = "::ingot";
  let genSpecializedAttr = 0;
}

// T steps, B sequences, D directions (2 when bidirectional), G gates, H hidden units. The shape rules that all share:
//   (recurrent.1) gates have rank 5 and as many gates as the operation needs; (recurrent.2) there are as many directions as
//   `direction` says; (recurrent.3) H is a constant; (recurrent.4) the other operands' shapes agree with the gates';
//   (recurrent.5) every activation is known, there are as many as the operation needs, each with alpha and beta in
//   `parameters`; (recurrent.6) lengths, if given, are one integer vector.
// A sequence ends after `lengths[b]` steps: later elements of the results are 0 and its states stay. The reverse direction
// starts at each sequence's own end. With `clip` > 0 the argument of each gate's function is limited to [-clip, clip]
// (not that of an LSTM's cell, as in ONNX Runtime).
class Ingot_RecurrentOp<string mnemonic, dag operands, dag options, dag outputs> : Ingot_PureOp<mnemonic, [
    Root, DeclareOpInterfaceMethods<SumsProducts, ["getFactors"]>, DeclareOpInterfaceMethods<Cost>]> {
  let arguments = !con(operands, (ins Variadic<Ingot_Tensor>:$lengths, Ingot_DirectionAttr:$direction,
                                  StrArrayAttr:$activations, DenseF64ArrayAttr:$parameters), options);
  let results = outputs;
  let assemblyFormat = "`(` operands `)` prop-dict attr-dict `:` type(operands)";
}

def Ingot_LstmOp : Ingot_RecurrentOp<"lstm",
    (ins Ingot_Tensor:$gates, Ingot_Tensor:$recurrence, Ingot_Tensor:$initial_h, Ingot_Tensor:$initial_c, Ingot_Tensor:$peepholes),
    (ins DefaultValuedAttr<F64Attr, "0.0">:$clip, DefaultValuedAttr<BoolAttr, "false">:$input_forget),
    (outs Ingot_Tensor:$sequence, Ingot_Tensor:$last_h, Ingot_Tensor:$last_c, Ingot_Tensor:$activated, Ingot_Tensor:$cells)> {
  let summary = "Long short-term memory; gates are input, output, forget, cell";
  let description = [{
    With z = gates[t] + h R for recurrence R [D, H, 4, H], peepholes p [D, 3, H] (zeros: none), functions f, g, k:
    i = f(z_i + p_i c);  f = f(z_f + p_f c);  c' = f c + i g(z_c);  o = f(z_o + p_o c');  h' = o k(c'); with `input_forget` f = 1 - i.
    The sequence [T, B, D, H] holds each h', `last_h`, `last_c` [D, B, H] the states at the end. `activated` [T, B, D, 4, H]
    (i, o, f, g(z_c)) and `cells` [T, B, D, H] are what the gradient needs; a result that nobody uses is not stored.
  }];
}

def Ingot_GruOp : Ingot_RecurrentOp<"gru",
    (ins Ingot_Tensor:$gates, Ingot_Tensor:$recurrence, Ingot_Tensor:$initial_h, Ingot_Tensor:$bias),
    (ins DefaultValuedAttr<F64Attr, "0.0">:$clip, DefaultValuedAttr<BoolAttr, "false">:$linear_before_reset),
    (outs Ingot_Tensor:$sequence, Ingot_Tensor:$last_h, Ingot_Tensor:$activated)> {
  let summary = "Gated recurrent unit; gates are update, reset, hidden";
  let description = [{
    z = f(x_z + h R_z);  r = f(x_r + h R_r);  h' = (1 - z) n + z h  with  n = g(x_h + (r h) R_h + b), or with
    `linear_before_reset`  n = g(x_h + r (h R_h + b)), for the bias b [D, H].
    `activated` [T, B, D, 4, H] holds z, r, n and r h (with `linear_before_reset`: h R_h + b) for the gradient.
  }];
}

def Ingot_RnnOp : Ingot_RecurrentOp<"rnn",
    (ins Ingot_Tensor:$gates, Ingot_Tensor:$recurrence, Ingot_Tensor:$initial_h),
    (ins DefaultValuedAttr<F64Attr, "0.0">:$clip), (outs Ingot_Tensor:$sequence, Ingot_Tensor:$last_h)> {
  let summary = "Plain recurrent layer: h' = f(x + h R)";
}

// Gradients run the steps backwards: from what `activated`, `cells` and `sequence` hold and the gradients of the results
// they make those of the gates and the initial states. The products that sum over all steps are ordinary matmuls.
def Ingot_LstmGradientOp : Ingot_RecurrentOp<"lstm_gradient",
    (ins Ingot_Tensor:$activated, Ingot_Tensor:$recurrence, Ingot_Tensor:$cells, Ingot_Tensor:$initial_c, Ingot_Tensor:$peepholes,
         Ingot_Tensor:$sequence_gradient, Ingot_Tensor:$last_h_gradient, Ingot_Tensor:$last_c_gradient),
    (ins DefaultValuedAttr<BoolAttr, "false">:$input_forget),
    (outs Ingot_Tensor:$gates_gradient, Ingot_Tensor:$initial_h_gradient, Ingot_Tensor:$initial_c_gradient)> {
  let summary = "Gradient of lstm by its gates and initial states";
}

def Ingot_GruGradientOp : Ingot_RecurrentOp<"gru_gradient",
    (ins Ingot_Tensor:$activated, Ingot_Tensor:$recurrence, Ingot_Tensor:$sequence, Ingot_Tensor:$initial_h,
         Ingot_Tensor:$sequence_gradient, Ingot_Tensor:$last_h_gradient),
    (ins DefaultValuedAttr<BoolAttr, "false">:$linear_before_reset),
    (outs Ingot_Tensor:$gates_gradient, Ingot_Tensor:$initial_h_gradient)> {
  let summary = "Gradient of gru by its gates and initial state";
}

def Ingot_RnnGradientOp : Ingot_RecurrentOp<"rnn_gradient",
    (ins Ingot_Tensor:$activated, Ingot_Tensor:$recurrence, Ingot_Tensor:$sequence_gradient, Ingot_Tensor:$last_h_gradient),
    (ins), (outs Ingot_Tensor:$gates_gradient, Ingot_Tensor:$initial_h_gradient)> {
  let summary = "Gradient of rnn by its gates and initial state; `activated` [T, B, D, 1, H] is its sequence";
}

#endif
