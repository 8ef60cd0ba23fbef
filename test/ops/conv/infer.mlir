// RUN: ingot-opt %s | FileCheck %s

// CHECK-LABEL: @strided_and_padded
func.func @strided_and_padded(%x: tensor<1x9x11x3xf32>, %f: tensor<3x3x3x16xf32>) -> tensor<1x5x6x16xf32> {
  %0 = ingot.conv %x, %f <{strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, low = array<i64: 1, 1>,
                          high = array<i64: 1, 1>}> : tensor<1x9x11x3xf32>, tensor<3x3x3x16xf32>
  return %0 : tensor<1x5x6x16xf32>
}

// CHECK-LABEL: @grouped_over_a_free_height
func.func @grouped_over_a_free_height(%x: tensor<1x?x8x8xf32, #ingot.shape<[1, h, 8, 8]>>, %f: tensor<1x1x2x12xf32>)
    -> tensor<1x?x8x12xf32, #ingot.shape<[1, h, 8, 12]>> {
  %0 = ingot.conv %x, %f <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, low = array<i64: 0, 0>,
                          high = array<i64: 0, 0>, groups = 4}> : tensor<1x?x8x8xf32, #ingot.shape<[1, h, 8, 8]>>, tensor<1x1x2x12xf32>
  return %0 : tensor<1x?x8x12xf32, #ingot.shape<[1, h, 8, 12]>>
}

// CHECK-LABEL: @transposed_doubles
func.func @transposed_doubles(%x: tensor<1x4x4x8xf32>, %f: tensor<4x4x16x8xf32>) -> tensor<1x8x8x16xf32> {
  %0 = ingot.conv_transpose %x, %f <{strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, low = array<i64: 1, 1>,
                                    high = array<i64: 1, 1>, output_padding = array<i64: 0, 0>}>
      : tensor<1x4x4x8xf32>, tensor<4x4x16x8xf32>
  return %0 : tensor<1x8x8x16xf32>
}

// CHECK-LABEL: @filter_gradient_over_a_free_batch
func.func @filter_gradient_over_a_free_batch(%x: tensor<?x9x11x4xf32, #ingot.shape<[n, 9, 11, 4]>>, %g: tensor<?x5x6x16xf32, #ingot.shape<[n, 5, 6, 16]>>)
    -> tensor<3x3x2x16xf32> {
  %0 = ingot.conv_filter_gradient %x, %g <{window = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
                                          low = array<i64: 1, 1>, high = array<i64: 1, 1>, groups = 2}>
      : tensor<?x9x11x4xf32, #ingot.shape<[n, 9, 11, 4]>>, tensor<?x5x6x16xf32, #ingot.shape<[n, 5, 6, 16]>>
  return %0 : tensor<3x3x2x16xf32>
}

// The end of the input that a stride leaves out needs no gradient, nor does output padding of a transposed convolution.
// CHECK-LABEL: @filter_gradient_of_fewer_pixels
func.func @filter_gradient_of_fewer_pixels(%x: tensor<1x12x3xf32>, %g: tensor<1x4x5xf32>) -> tensor<3x3x5xf32> {
  %0 = ingot.conv_filter_gradient %x, %g <{window = array<i64: 3>, strides = array<i64: 2>, dilations = array<i64: 1>,
                                          low = array<i64: 0>, high = array<i64: 0>}> : tensor<1x12x3xf32>, tensor<1x4x5xf32>
  return %0 : tensor<3x3x5xf32>
}
