// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @conv_1_ranks_differ(%x: tensor<1x9x3xf32>, %f: tensor<3x3x3x16xf32>) {
  // expected-error@below {{ranks do not agree: input 1x9x3, filter 3x3x3x16}}
  %0 = ingot.conv %x, %f <{strides = array<i64: 1>, dilations = array<i64: 1>, low = array<i64: 0>, high = array<i64: 0>}>
      : tensor<1x9x3xf32>, tensor<3x3x3x16xf32>
  return
}

// -----

func.func @conv_2_channels_differ(%x: tensor<1x9x9x4xf32>, %f: tensor<3x3x3x16xf32>) {
  // expected-error@below {{input has 4 channels, but filter 3x3x3x16 in 1 group(s) needs 3}}
  %0 = ingot.conv %x, %f <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, low = array<i64: 0, 0>,
                          high = array<i64: 0, 0>}> : tensor<1x9x9x4xf32>, tensor<3x3x3x16xf32>
  return
}

// -----

func.func @conv_3_filters_do_not_divide(%x: tensor<1x9x9x9xf32>, %f: tensor<3x3x3x16xf32>) {
  // expected-error@below {{16 filters are no multiple of 3 groups}}
  %0 = ingot.conv %x, %f <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, low = array<i64: 0, 0>,
                          high = array<i64: 0, 0>, groups = 3}> : tensor<1x9x9x9xf32>, tensor<3x3x3x16xf32>
  return
}

// -----

func.func @conv_4_window_too_large(%x: tensor<1x2x9x3xf32>, %f: tensor<3x3x3x16xf32>) {
  // expected-error@below {{window is larger than the padded input: input 1x2x9x3, filter 3x3x3x16}}
  %0 = ingot.conv %x, %f <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, low = array<i64: 0, 0>,
                          high = array<i64: 0, 0>}> : tensor<1x2x9x3xf32>, tensor<3x3x3x16xf32>
  return
}

// -----

func.func @conv_filter_gradient_1_ranks_differ(%x: tensor<1x9x9x3xf32>, %g: tensor<1x7x7x16xf32>) {
  // expected-error@below {{ranks do not agree: input 1x9x9x3, gradient 1x7x7x16, window of 1 axes}}
  %0 = ingot.conv_filter_gradient %x, %g <{window = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>,
                                          low = array<i64: 0>, high = array<i64: 0>}> : tensor<1x9x9x3xf32>, tensor<1x7x7x16xf32>
  return
}

// -----

func.func @conv_filter_gradient_2_images_differ(%x: tensor<2x9x3xf32>, %g: tensor<3x7x16xf32>) {
  // expected-error@below {{numbers of images differ: input 2x9x3, gradient 3x7x16}}
  %0 = ingot.conv_filter_gradient %x, %g <{window = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>,
                                          low = array<i64: 0>, high = array<i64: 0>}> : tensor<2x9x3xf32>, tensor<3x7x16xf32>
  return
}

// -----

func.func @conv_filter_gradient_3_groups_do_not_divide(%x: tensor<2x9x3xf32>, %g: tensor<2x7x16xf32>) {
  // expected-error@below {{channels are no multiple of 3 groups: input 2x9x3, gradient 2x7x16}}
  %0 = ingot.conv_filter_gradient %x, %g <{window = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>,
                                          low = array<i64: 0>, high = array<i64: 0>, groups = 3}> : tensor<2x9x3xf32>, tensor<2x7x16xf32>
  return
}

// -----

func.func @conv_filter_gradient_4_more_pixels_than_results(%x: tensor<2x9x3xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@below {{gradient 2x8x16 has more pixels than a convolution of 2x9x3}}
  %0 = ingot.conv_filter_gradient %x, %g <{window = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>,
                                          low = array<i64: 0>, high = array<i64: 0>}> : tensor<2x9x3xf32>, tensor<2x8x16xf32>
  return
}
