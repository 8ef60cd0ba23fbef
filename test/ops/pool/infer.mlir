// RUN: ingot-opt %s | FileCheck %s

// CHECK-LABEL: @halves
func.func @halves(%x: tensor<1x8x6x4xf32>) -> tensor<1x4x3x4xf32> {
  %0 = ingot.max_pool %x <{window = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
                          low = array<i64: 0, 0>, high = array<i64: 0, 0>}> : tensor<1x8x6x4xf32>
  return %0 : tensor<1x4x3x4xf32>
}

// CHECK-LABEL: @ceil_mode_counts_the_last_window
func.func @ceil_mode_counts_the_last_window(%x: tensor<1x10x10x4xf32>) -> tensor<1x5x5x4xf32> {
  %0 = ingot.avg_pool %x <{window = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
                          low = array<i64: 0, 0>, high = array<i64: 0, 0>, ceil_mode = true}> : tensor<1x10x10x4xf32>
  return %0 : tensor<1x5x5x4xf32>
}

// A last window that would start in the high padding does not count, whatever the size.
// CHECK-LABEL: @ceil_mode_leaves_out_windows_of_padding
// CHECK: #ingot.shape<[1, H floordiv 2 + 1, 5, 4]>
func.func @ceil_mode_leaves_out_windows_of_padding(%x: tensor<1x?x9x4xf32, #ingot.shape<[1, H, 9, 4]>>)
    -> tensor<1x?x5x4xf32, #ingot.shape<[1, H floordiv 2 + 1, 5, 4]>> {
  %0 = ingot.max_pool %x <{window = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
                          low = array<i64: 1, 1>, high = array<i64: 1, 1>, ceil_mode = true}> : tensor<1x?x9x4xf32, #ingot.shape<[1, H, 9, 4]>>
  return %0 : tensor<1x?x5x4xf32, #ingot.shape<[1, H floordiv 2 + 1, 5, 4]>>
}

// A window of 2 over 6 rows in steps of 3: the third would begin behind the last row.
// CHECK-LABEL: @ceil_mode_of_an_open_size
func.func @ceil_mode_of_an_open_size(%x: tensor<1x?x4xf32, #ingot.shape<[1, m, 4]>>)
    -> tensor<1x?x4xf32, #ingot.shape<[1, (m + -1) floordiv 3 + 1, 4]>> {
  %0 = ingot.max_pool %x <{window = array<i64: 2>, strides = array<i64: 3>, dilations = array<i64: 1>, low = array<i64: 0>,
                          high = array<i64: 0>, ceil_mode = true}> : tensor<1x?x4xf32, #ingot.shape<[1, m, 4]>>
  return %0 : tensor<1x?x4xf32, #ingot.shape<[1, (m + -1) floordiv 3 + 1, 4]>>
}
