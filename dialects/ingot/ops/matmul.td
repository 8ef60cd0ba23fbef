#ifndef INGOT_OPS_MATMUL_TD
#define INGOT_OPS_MATMUL_TD

include "dialects/ingot/Ingot.td"

def Ingot_MatmulOp : Ingot_PureOp<"matmul", [Root, SumsProducts, DeclareOpInterfaceMethods<Cost>]> {
  let summary = "Matrix product over the last two axes, the leading ones broadcast";
  let description = [{
    output[..., m, n] = sum over k of lhs[..., m, k] * rhs[..., k, n]
    (matmul.1) both operands have rank >= 2 and one element type; (matmul.2) the inner dimensions agree;
    (matmul.3) the leading dimensions broadcast.
  }];
  let arguments = (ins Ingot_Tensor:$lhs, Ingot_Tensor:$rhs);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs)";
}

#endif
