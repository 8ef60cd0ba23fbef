#ifndef INGOT_OPS_SOFTMAX_TD
#define INGOT_OPS_SOFTMAX_TD

include "dialects/ingot/Ingot.td"

def Ingot_SoftmaxOp : Ingot_PureOp<"softmax", [Root, DeclareOpInterfaceMethods<Cost>]> {
  let summary = "e^x / sum of e^x along an axis; with `logarithm` its logarithm";
  let arguments = (ins Ingot_Tensor:$input, I64Attr:$axis, DefaultValuedAttr<BoolAttr, "false">:$logarithm);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input $axis prop-dict attr-dict `:` type($input)";
}

#endif
