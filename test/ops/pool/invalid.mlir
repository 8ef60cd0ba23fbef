// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @window_too_large(%x: tensor<1x2x2x4xf32>) {
  // expected-error@below {{window is larger than the padded input 1x2x2x4}}
  %0 = ingot.max_pool %x <{window = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
                          low = array<i64: 0, 0>, high = array<i64: 0, 0>}> : tensor<1x2x2x4xf32>
  return
}

// -----

func.func @window_of_another_rank(%x: tensor<1x8x4xf32>) {
  // expected-error@below {{window of rank 2 does not fit input 1x8x4}}
  %0 = ingot.max_pool %x <{window = array<i64: 2, 2>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
                          low = array<i64: 0, 0>, high = array<i64: 0, 0>}> : tensor<1x8x4xf32>
  return
}

// -----

func.func @interpolated_integers(%x: tensor<1x8x4xi32>) {
  // expected-error@below {{interpolates floating-point elements only}}
  %0 = ingot.resize %x {mode = #ingot<resize_mode linear>, scales = array<f64: 1.0, 2.0, 1.0>} : tensor<1x8x4xi32> -> tensor<1x16x4xi32>
  return
}
