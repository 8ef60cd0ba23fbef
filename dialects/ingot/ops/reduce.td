#ifndef INGOT_OPS_REDUCE_TD
#define INGOT_OPS_REDUCE_TD

include "dialects/ingot/Ingot.td"

def Ingot_ReduceKind : I32EnumAttr<"ReduceKind", "how the elements combine", [
    I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Mean", 1, "mean">, I32EnumAttrCase<"Max", 2, "max">,
    I32EnumAttrCase<"Min", 3, "min">, I32EnumAttrCase<"Product", 4, "product">]> {
  let cppNamespace = "::ingot";
  let genSpecializedAttr = 0;
}
def Ingot_ReduceKindAttr : EnumAttr<Ingot_Dialect, Ingot_ReduceKind, "reduce_kind">;

def Ingot_ReduceOp : Ingot_PureOp<"reduce", [Root]> {
  let summary = "Combines the elements along some axes; those axes stay, with size 1";
  let arguments = (ins Ingot_Tensor:$input, Ingot_ReduceKindAttr:$kind, DenseI64ArrayAttr:$axes);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$kind $input $axes attr-dict `:` type($input)";
}

def Ingot_ArgReduceOp : Ingot_PureOp<"arg_reduce", [Root]> {
  let summary = "Index (i64) of the greatest (kind max) or least (kind min) element along an axis, which stays with size 1";
  let description = "Of equal elements the first counts, or with `last` the last.";
  let arguments = (ins Ingot_Tensor:$input, Ingot_ReduceKindAttr:$kind, I64Attr:$axis, DefaultValuedAttr<BoolAttr, "false">:$last);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$kind $input $axis prop-dict attr-dict `:` type($input)";
}

def Ingot_CumulateOp : Ingot_PureOp<"cumulate", [Root]> {
  let summary = "Running sum or product along an axis";
  let arguments = (ins Ingot_Tensor:$input, Ingot_ReduceKindAttr:$kind, I64Attr:$axis,
                   DefaultValuedAttr<BoolAttr, "false">:$exclusive, DefaultValuedAttr<BoolAttr, "false">:$reverse);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$kind $input $axis prop-dict attr-dict `:` type($input)";
}

#endif
