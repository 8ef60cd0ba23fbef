// The same elements at other places. All but concat and append are views: they cost no pass over memory inside a kernel.
#ifndef INGOT_OPS_LAYOUT_TD
#define INGOT_OPS_LAYOUT_TD

include "dialects/ingot/Ingot.td"

def Ingot_ReshapeOp : Ingot_Op<"reshape", [Pure, View]> {
  let summary = "The same elements in row-major order under another shape";
  let arguments = (ins Ingot_Tensor:$input);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let hasVerifier = 1;
}

def Ingot_TransposeOp : Ingot_PureOp<"transpose", [View]> {
  let summary = "output[i] = input[j] with i_k = j_permutation[k]";
  let arguments = (ins Ingot_Tensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input $permutation attr-dict `:` type($input)";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Ingot_BroadcastOp : Ingot_Op<"broadcast", [Pure, View]> {
  let summary = "Repeats dimensions of size 1, and adds leading ones, as NumPy does";
  let arguments = (ins Ingot_Tensor:$input);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Ingot_SliceOp : Ingot_Op<"slice", [Pure, View]> {
  let summary = "output[i] = input[start + i * step], axis by axis; steps may be negative";
  let description = "`start` has one expression per axis over the symbols; the extents are the result type's.";
  let arguments = (ins Ingot_Tensor:$input, Ingot_ShapeAttr:$start, DenseI64ArrayAttr:$step);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input $start $step attr-dict `:` type($input) `->` type($output)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Ingot_ConcatOp : Ingot_PureOp<"concat", [View]> {
  let summary = "The inputs one after the other along an axis";
  let arguments = (ins Variadic<Ingot_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$inputs $axis attr-dict `:` type($inputs)";
  let hasFolder = 1;
}

def Ingot_AppendOp : Ingot_PureOp<"append", [Root]> {
  let summary = "The cache with the rows in place of those from `start` on, along an axis";
  let description = [{
    `start` is one expression over the symbols. The rows beyond the last one keep what they are. The result takes the cache's
    memory, so that only the rows are written: the cache is an argument of @main with `ingot.role = "cache"`, and the
    result is returned in its place (see KeepCaches.h).
  }];
  let arguments = (ins Ingot_Tensor:$cache, Ingot_Tensor:$rows, Ingot_ShapeAttr:$start, I64Attr:$axis);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$cache `,` $rows $start $axis attr-dict `:` type($cache) `,` type($rows)";
}

def Ingot_PadMode : I32EnumAttr<"PadMode", "what lies beyond the edge", [
    I32EnumAttrCase<"Constant", 0, "constant">, I32EnumAttrCase<"Edge", 1, "edge">,
    I32EnumAttrCase<"Reflect", 2, "reflect">, I32EnumAttrCase<"Wrap", 3, "wrap">]> {
  let cppNamespace = "::ingot";
  let genSpecializedAttr = 0;
}
def Ingot_PadModeAttr : EnumAttr<Ingot_Dialect, Ingot_PadMode, "pad_mode">;

def Ingot_PadOp : Ingot_PureOp<"pad", [View]> {
  let summary = "Adds elements before and after each axis; negative amounts crop";
  let arguments = (ins Ingot_Tensor:$input, Ingot_Tensor:$value, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                   DefaultValuedAttr<Ingot_PadModeAttr, "PadMode::Constant">:$mode);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input `,` $value $low $high prop-dict attr-dict `:` type($input) `,` type($value)";
}

#endif
