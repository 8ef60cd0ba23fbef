// Convolutions are channels-last: input [batch, spatial..., channels], output likewise.
#ifndef INGOT_OPS_CONV_TD
#define INGOT_OPS_CONV_TD

include "dialects/ingot/Ingot.td"

def Ingot_ConvOp : Ingot_PureOp<"conv", [Root, SumsProducts, DeclareOpInterfaceMethods<Cost>]> {
  let summary = "Convolution: input [N, spatial..., C], filter [window..., C / groups, F], output [N, spatial..., F]";
  let description = [{
    output[n, y, f] = sum over window position w and channel c of input[n, y * stride + w * dilation - low, g(f) * C/groups + c] * filter[w, c, f]
    (conv.1) ranks agree and there is at least one spatial axis; (conv.2) the input has groups * filter channels;
    (conv.3) the number of filters is a multiple of groups; (conv.4) the padded input is not smaller than the window.
  }];
  let arguments = (ins Ingot_Tensor:$input, Ingot_Tensor:$filter, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                   DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input `,` $filter prop-dict attr-dict `:` type($input) `,` type($filter)";
}

def Ingot_ConvTransposeOp : Ingot_PureOp<"conv_transpose", [Root, SumsProducts, DeclareOpInterfaceMethods<Cost>]> {
  let summary = "Gradient of a convolution by its input: input [N, spatial..., C], filter [window..., F / groups, C]";
  let description = [{
    Each input element adds filter * element to the output at y = x * stride + w * dilation - low; the output's spatial extent is
    (in - 1) * stride + (window - 1) * dilation + 1 + output_padding - low - high.
    The filter's last axis runs over the input channels, grouped as in `conv` seen from its output.
  }];
  let arguments = (ins Ingot_Tensor:$input, Ingot_Tensor:$filter, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                   DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, DenseI64ArrayAttr:$output_padding,
                   DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input `,` $filter prop-dict attr-dict `:` type($input) `,` type($filter)";
}

def Ingot_ConvFilterGradientOp : Ingot_PureOp<"conv_filter_gradient", [Root, SumsProducts, DeclareOpInterfaceMethods<Cost>]> {
  let summary = "Gradient of a convolution by its filter: input [N, spatial..., C], gradient [N, spatial..., F]";
  let description = [{
    output[w, c, f] = sum over image n and pixel y of input[n, y * stride + w * dilation - low, g(f) * C/groups + c] * gradient[n, y, f],
    in the shape [window..., C / groups, F] of the convolution's filter. It is linear in both operands.
    (conv_filter_gradient.1) ranks agree and there is at least one spatial axis; (conv_filter_gradient.2) both operands
    have as many images; (conv_filter_gradient.3) channels of both are multiples of groups; (conv_filter_gradient.4) the
    gradient has no more pixels than the convolution has results.
  }];
  let arguments = (ins Ingot_Tensor:$input, Ingot_Tensor:$gradient, DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides,
                   DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                   DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input `,` $gradient prop-dict attr-dict `:` type($input) `,` type($gradient)";
}

#endif
