#ifndef INGOT_OPS_ATTENTION_TD
#define INGOT_OPS_ATTENTION_TD

include "dialects/ingot/Ingot.td"

def Ingot_AttentionOp : Ingot_PureOp<"attention", [
    Root, DeclareOpInterfaceMethods<SumsProducts, ["getFactors"]>, DeclareOpInterfaceMethods<Cost>]> {
  let summary = "Scaled dot-product attention: softmax over the keys of scale * queries keys^T, times the values";
  let description = [{
    score[..., i, j] = scale * sum over d of queries[..., i, d] * keys[..., j, d]
    output[..., i, e] = sum over j of softmax over j of score[..., i, j] * values[..., j, e]

    A mask has the scores' shape with the last two axes exchanged, [..., j, i], or broadcasts to it: floats are added to
    the scores; where booleans are false the score is `fill`. With `causal`, one expression c, query i sees the keys
    j <= i + c alone. Where no key is left (all scores are minus infinity) the output is zero. Leading axes broadcast, so heads that
    share keys and values need no copies of them.
    (attention.1) queries, keys and values have rank >= 2 and one element type; (attention.2) queries and keys are equally
    wide; (attention.3) there are as many keys as values; (attention.4) the leading dimensions broadcast; (attention.5) the
    mask is boolean or of the queries' type and broadcasts to the scores, keys first; (attention.6) causal is one number.
    Example: `%y = ingot.attention %q, %k, %v <{scale = 0.125 : f64}> : tensor<2x5x64xf32>, tensor<2x7x64xf32>, tensor<2x7x32xf32>`
  }];
  let arguments = (ins Ingot_Tensor:$queries, Ingot_Tensor:$keys, Ingot_Tensor:$values, Optional<Ingot_Tensor>:$mask,
                   DefaultValuedAttr<F64Attr, "1.0">:$scale,
                   DefaultValuedAttr<F64Attr, "-std::numeric_limits<double>::infinity()">:$fill,
                   OptionalAttr<Ingot_ShapeAttr>:$causal);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = [{
    $queries `,` $keys `,` $values (`mask` $mask^)? prop-dict attr-dict `:` type($queries) `,` type($keys) `,` type($values)
    (`,` type($mask)^)?
  }];
}

#endif
