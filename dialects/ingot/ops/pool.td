// Windows over channels-last maps: pooling, and resampling.
#ifndef INGOT_OPS_POOL_TD
#define INGOT_OPS_POOL_TD

include "dialects/ingot/Ingot.td"

class Ingot_Pool<string mnemonic, string text, dag extra> : Ingot_PureOp<mnemonic, [Root, DeclareOpInterfaceMethods<Cost>]> {
  let summary = text;
  let description = "With `ceil_mode` a last window that sticks out counts when it starts inside the input or its low padding.";
  let arguments = !con((ins Ingot_Tensor:$input, DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides,
                        DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                        DefaultValuedAttr<BoolAttr, "false">:$ceil_mode), extra);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input prop-dict attr-dict `:` type($input)";
}
def Ingot_MaxPoolOp : Ingot_Pool<"max_pool", "Maximum of each window of [N, spatial..., C]; padding never wins", (ins)>;
def Ingot_AvgPoolOp : Ingot_Pool<"avg_pool", "Mean of each window of [N, spatial..., C]",
    (ins DefaultValuedAttr<BoolAttr, "false">:$count_include_pad)>;

def Ingot_ResizeMode : I32EnumAttr<"ResizeMode", "how samples between elements are made", [
    I32EnumAttrCase<"Nearest", 0, "nearest">, I32EnumAttrCase<"Linear", 1, "linear">, I32EnumAttrCase<"Cubic", 2, "cubic">]> {
  let cppNamespace = "::ingot";
  let genSpecializedAttr = 0;
}
def Ingot_ResizeModeAttr : EnumAttr<Ingot_Dialect, Ingot_ResizeMode, "resize_mode">;
def Ingot_CoordinateMode : I32EnumAttr<"CoordinateMode", "input coordinate of output element i", [
    I32EnumAttrCase<"HalfPixel", 0, "half_pixel">, I32EnumAttrCase<"Asymmetric", 1, "asymmetric">,
    I32EnumAttrCase<"AlignCorners", 2, "align_corners">, I32EnumAttrCase<"PytorchHalfPixel", 3, "pytorch_half_pixel">,
    I32EnumAttrCase<"HalfPixelSymmetric", 4, "half_pixel_symmetric">]> {
  let cppNamespace = "::ingot";
  let genSpecializedAttr = 0;
}
def Ingot_CoordinateModeAttr : EnumAttr<Ingot_Dialect, Ingot_CoordinateMode, "coordinate_mode">;
def Ingot_RoundingMode : I32EnumAttr<"RoundingMode", "which element is nearest", [
    I32EnumAttrCase<"RoundPreferFloor", 0, "round_prefer_floor">, I32EnumAttrCase<"RoundPreferCeil", 1, "round_prefer_ceil">,
    I32EnumAttrCase<"Floor", 2, "floor">, I32EnumAttrCase<"Ceil", 3, "ceil">]> {
  let cppNamespace = "::ingot";
  let genSpecializedAttr = 0;
}
def Ingot_RoundingModeAttr : EnumAttr<Ingot_Dialect, Ingot_RoundingMode, "rounding_mode">;

def Ingot_ResizeOp : Ingot_Op<"resize", [Pure, Root]> {
  let summary = "Samples the input on another grid (any axes; axes of equal size are copied)";
  let description = "`scales` has one factor per axis: output size / input size as the model states it; 0 is the ratio of the two sizes, whatever they are.";
  let arguments = (ins Ingot_Tensor:$input, DenseF64ArrayAttr:$scales, Ingot_ResizeModeAttr:$mode,
                   DefaultValuedAttr<Ingot_CoordinateModeAttr, "CoordinateMode::HalfPixel">:$coordinates,
                   DefaultValuedAttr<Ingot_RoundingModeAttr, "RoundingMode::RoundPreferFloor">:$rounding,
                   DefaultValuedAttr<F64Attr, "-0.75">:$cubic_coefficient, DefaultValuedAttr<BoolAttr, "false">:$exclude_outside);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

#endif
