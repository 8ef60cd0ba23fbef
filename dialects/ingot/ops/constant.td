// Tensors that are known when the model is compiled, or follow from the dimensions alone.
#ifndef INGOT_OPS_CONSTANT_TD
#define INGOT_OPS_CONSTANT_TD

include "dialects/ingot/Ingot.td"

def Ingot_ConstantOp : Ingot_PureOp<"constant", [ConstantLike]> {
  let summary = "A tensor of the model file, or one computed from such tensors";
  let description = "Large values are resources: mapped from the file, not copied.";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Ingot_DimensionsOp : Ingot_Op<"dimensions", [Pure, View]> {
  let summary = "An i64 tensor of rank 1 or 0 whose elements are expressions over the symbols";
  let description = "What remains of a Shape operator when its value is needed as data. Rank 0 when `scalar`.";
  let arguments = (ins Ingot_ShapeAttr:$values, UnitAttr:$scalar);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$values attr-dict `:` type($output)";
}

def Ingot_IotaOp : Ingot_Op<"iota", [Pure, View]> {
  let summary = "The index along one axis, as numbers of the result's element type";
  let arguments = (ins I64Attr:$axis);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$axis attr-dict `:` type($output)";
}

#endif
