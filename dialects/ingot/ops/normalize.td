#ifndef INGOT_OPS_NORMALIZE_TD
#define INGOT_OPS_NORMALIZE_TD

include "dialects/ingot/Ingot.td"

def Ingot_NormalizeOp : Ingot_PureOp<"normalize", [Root, DeclareOpInterfaceMethods<Cost>]> {
  let summary = "(x - mean) / sqrt(variance + epsilon) over the axes; without `center`: x / sqrt(mean of x^2 + epsilon)";
  let description = [{
    Layer, group, instance and RMS normalisation without their scale and bias, which follow as mul and add.
    Mean and variance are taken over all of `axes` together (population variance).
  }];
  let arguments = (ins Ingot_Tensor:$input, DenseI64ArrayAttr:$axes, F64Attr:$epsilon, DefaultValuedAttr<BoolAttr, "true">:$center);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input $axes prop-dict attr-dict `:` type($input)";
}

#endif
