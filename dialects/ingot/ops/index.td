// Elements chosen by other tensors.
#ifndef INGOT_OPS_INDEX_TD
#define INGOT_OPS_INDEX_TD

include "dialects/ingot/Ingot.td"

def Ingot_GatherOp : Ingot_PureOp<"gather", [View]> {
  let summary = "output[a..., i..., b...] = input[a..., indices[i...], b...] at an axis; negative indices count from the end";
  let arguments = (ins Ingot_Tensor:$input, Ingot_Tensor:$indices, I64Attr:$axis);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input `,` $indices $axis attr-dict `:` type($input) `,` type($indices)";
}

def Ingot_GatherElementsOp : Ingot_PureOp<"gather_elements", [View]> {
  let summary = "output[i] = input[i with i_axis replaced by indices[i]]";
  let arguments = (ins Ingot_Tensor:$input, Ingot_Tensor:$indices, I64Attr:$axis);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input `,` $indices $axis attr-dict `:` type($input) `,` type($indices)";
}

def Ingot_GatherNdOp : Ingot_PureOp<"gather_nd", [View]> {
  let summary = "Slices of the input at index tuples, which lie along the last axis of the indices";
  let arguments = (ins Ingot_Tensor:$input, Ingot_Tensor:$indices, DefaultValuedAttr<I64Attr, "0">:$batch_axes);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input `,` $indices prop-dict attr-dict `:` type($input) `,` type($indices)";
}

def Ingot_ScatterKind : I32EnumAttr<"ScatterKind", "what an update does to the element it meets", [
    I32EnumAttrCase<"Replace", 0, "replace">, I32EnumAttrCase<"Add", 1, "add">, I32EnumAttrCase<"Multiply", 2, "multiply">,
    I32EnumAttrCase<"Max", 3, "max">, I32EnumAttrCase<"Min", 4, "min">]> {
  let cppNamespace = "::ingot";
  let genSpecializedAttr = 0;
}
def Ingot_ScatterKindAttr : EnumAttr<Ingot_Dialect, Ingot_ScatterKind, "scatter_kind">;

def Ingot_ScatterElementsOp : Ingot_PureOp<"scatter_elements", [Root]> {
  let summary = "The input with update[i] put at i with i_axis replaced by indices[i], in row-major order of i";
  let arguments = (ins Ingot_Tensor:$input, Ingot_Tensor:$indices, Ingot_Tensor:$updates, I64Attr:$axis,
                   DefaultValuedAttr<Ingot_ScatterKindAttr, "ScatterKind::Replace">:$kind);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input `,` $indices `,` $updates $axis prop-dict attr-dict `:` type($input) `,` type($indices) `,` type($updates)";
}

def Ingot_ScatterNdOp : Ingot_PureOp<"scatter_nd", [Root]> {
  let summary = "The input with slices of the updates put at index tuples, in row-major order";
  let arguments = (ins Ingot_Tensor:$input, Ingot_Tensor:$indices, Ingot_Tensor:$updates,
                   DefaultValuedAttr<Ingot_ScatterKindAttr, "ScatterKind::Replace">:$kind);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input `,` $indices `,` $updates prop-dict attr-dict `:` type($input) `,` type($indices) `,` type($updates)";
}

def Ingot_TopKOp : Ingot_Op<"top_k", [Pure, Root]> {
  let summary = "The k greatest (or least) elements along an axis and their indices (i64); k is the result's extent there";
  let description = "Of equal elements the one with the lower index comes first. The results are always sorted.";
  let arguments = (ins Ingot_Tensor:$input, I64Attr:$axis, DefaultValuedAttr<BoolAttr, "true">:$largest);
  let results = (outs Ingot_Tensor:$values, Ingot_Tensor:$indices);
  let assemblyFormat = "$input $axis attr-dict `:` type($input) `->` type($values) `,` type($indices)";
  let hasVerifier = 1;
}

#endif
