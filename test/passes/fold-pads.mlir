// RUN: ingot-opt --ingot-fold-pads %s | FileCheck %s

// CHECK-LABEL: @zeros_around_the_map
// CHECK-NOT: ingot.pad
// CHECK: ingot.conv %arg0, %arg1 {{.*}}high = array<i64: 2, 1>{{.*}}low = array<i64: 1, 1>
func.func @zeros_around_the_map(%x: tensor<1x8x8x4xf32>, %f: tensor<3x3x4x8xf32>) -> tensor<1x9x8x8xf32> {
  %zero = ingot.constant dense<0.0> : tensor<f32>
  %0 = ingot.pad %x, %zero [0, 1, 0, 0] [0, 1, 1, 0] : tensor<1x8x8x4xf32>, tensor<f32>
  %1 = ingot.conv %0, %f <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, low = array<i64: 0, 1>, high = array<i64: 1, 0>}> : tensor<1x10x9x4xf32>, tensor<3x3x4x8xf32>
  return %1 : tensor<1x9x8x8xf32>
}

// CHECK-LABEL: @keeps_padding_with_ones
// CHECK: ingot.pad
func.func @keeps_padding_with_ones(%x: tensor<1x8x8x4xf32>, %f: tensor<3x3x4x8xf32>) -> tensor<1x8x8x8xf32> {
  %one = ingot.constant dense<1.0> : tensor<f32>
  %0 = ingot.pad %x, %one [0, 1, 1, 0] [0, 1, 1, 0] : tensor<1x8x8x4xf32>, tensor<f32>
  %1 = ingot.conv %0, %f <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, low = array<i64: 0, 0>, high = array<i64: 0, 0>}> : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>
  return %1 : tensor<1x8x8x8xf32>
}

// CHECK-LABEL: @keeps_padding_of_channels
// CHECK: ingot.pad
func.func @keeps_padding_of_channels(%x: tensor<1x8x8x3xf32>, %f: tensor<3x3x4x8xf32>) -> tensor<1x6x6x8xf32> {
  %zero = ingot.constant dense<0.0> : tensor<f32>
  %0 = ingot.pad %x, %zero [0, 0, 0, 0] [0, 0, 0, 1] : tensor<1x8x8x3xf32>, tensor<f32>
  %1 = ingot.conv %0, %f <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, low = array<i64: 0, 0>, high = array<i64: 0, 0>}> : tensor<1x8x8x4xf32>, tensor<3x3x4x8xf32>
  return %1 : tensor<1x6x6x8xf32>
}
