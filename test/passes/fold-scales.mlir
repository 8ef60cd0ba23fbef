// RUN: ingot-opt --ingot-fold-scales %s | FileCheck %s

// CHECK-LABEL: @batch_norm_after_conv
// CHECK-DAG: %[[F:.*]] = ingot.mul %{{.*}}, %{{.*}} : tensor<3x3x4x8xf32>, tensor<8xf32>
// CHECK-DAG: %[[B:.*]] = ingot.mul %{{.*}}, %{{.*}} : tensor<8xf32>, tensor<8xf32>
// CHECK-DAG: %[[Y:.*]] = ingot.conv %arg0, %[[F]]
// CHECK: ingot.add %[[Y]], %[[B]]
func.func @batch_norm_after_conv(%x: tensor<1x8x8x4xf32>) -> tensor<1x6x6x8xf32> {
  %f = ingot.constant dense_resource<f> : tensor<3x3x4x8xf32>
  %b = ingot.constant dense_resource<b> : tensor<8xf32>
  %s = ingot.constant dense_resource<s> : tensor<8xf32>
  %0 = ingot.conv %x, %f <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, low = array<i64: 0, 0>, high = array<i64: 0, 0>}> : tensor<1x8x8x4xf32>, tensor<3x3x4x8xf32>
  %1 = ingot.add %0, %b : tensor<1x6x6x8xf32>, tensor<8xf32>
  %2 = ingot.mul %1, %s : tensor<1x6x6x8xf32>, tensor<8xf32>
  return %2 : tensor<1x6x6x8xf32>
}

// A transposed convolution's filter has its output channels on the axis before the last.
// CHECK-LABEL: @batch_norm_after_conv_transpose
// CHECK: ingot.mul %{{.*}}, %{{.*}} : tensor<2x2x8x4xf32>, tensor<8x1xf32>
func.func @batch_norm_after_conv_transpose(%x: tensor<1x8x8x4xf32>) -> tensor<1x16x16x8xf32> {
  %f = ingot.constant dense_resource<f> : tensor<2x2x8x4xf32>
  %s = ingot.constant dense_resource<s> : tensor<8xf32>
  %0 = ingot.conv_transpose %x, %f <{strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, low = array<i64: 0, 0>, high = array<i64: 0, 0>, output_padding = array<i64: 0, 0>}> : tensor<1x8x8x4xf32>, tensor<2x2x8x4xf32>
  %1 = ingot.mul %0, %s : tensor<1x16x16x8xf32>, tensor<8xf32>
  return %1 : tensor<1x16x16x8xf32>
}

// CHECK-LABEL: @factor_before_matmul
// CHECK: %[[W:.*]] = ingot.mul %{{.*}}, %{{.*}} : tensor<8x3xf32>, tensor<8x1xf32>
// CHECK: ingot.matmul %arg0, %[[W]]
func.func @factor_before_matmul(%x: tensor<4x8xf32>) -> tensor<4x3xf32> {
  %w = ingot.constant dense_resource<w> : tensor<8x3xf32>
  %s = ingot.constant dense_resource<s> : tensor<8xf32>
  %0 = ingot.mul %x, %s : tensor<4x8xf32>, tensor<8xf32>
  %1 = ingot.matmul %0, %w : tensor<4x8xf32>, tensor<8x3xf32>
  return %1 : tensor<4x3xf32>
}

// CHECK-LABEL: @keeps_factors_of_shared_results
// CHECK: %[[Y:.*]] = ingot.matmul
// CHECK: ingot.mul %[[Y]]
func.func @keeps_factors_of_shared_results(%x: tensor<4x8xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  %w = ingot.constant dense_resource<w> : tensor<8x3xf32>
  %s = ingot.constant dense_resource<s> : tensor<3xf32>
  %0 = ingot.matmul %x, %w : tensor<4x8xf32>, tensor<8x3xf32>
  %1 = ingot.mul %0, %s : tensor<4x3xf32>, tensor<3xf32>
  return %0, %1 : tensor<4x3xf32>, tensor<4x3xf32>
}

// CHECK-LABEL: @keeps_factors_along_rows
// CHECK: ingot.mul %{{.*}} : tensor<4x3xf32>, tensor<4x1xf32>
func.func @keeps_factors_along_rows(%x: tensor<4x8xf32>) -> tensor<4x3xf32> {
  %w = ingot.constant dense_resource<w> : tensor<8x3xf32>
  %s = ingot.constant dense_resource<s> : tensor<4x1xf32>
  %0 = ingot.matmul %x, %w : tensor<4x8xf32>, tensor<8x3xf32>
  %1 = ingot.mul %0, %s : tensor<4x3xf32>, tensor<4x1xf32>
  return %1 : tensor<4x3xf32>
}

// The factor of a head's query becomes one of the scores.
// CHECK-LABEL: @one_number_after_matmul
// CHECK: %[[Q:.*]] = ingot.transpose %arg0
// CHECK: %[[S:.*]] = ingot.matmul %[[Q]], %arg1
// CHECK: ingot.mul %[[S]], %{{.*}} : tensor<2x4x4xf32>, tensor<f32>
func.func @one_number_after_matmul(%q: tensor<4x2x8xf32>, %k: tensor<2x8x4xf32>) -> tensor<2x4x4xf32> {
  %s = ingot.constant dense<0.125> : tensor<f32>
  %0 = ingot.mul %q, %s : tensor<4x2x8xf32>, tensor<f32>
  %1 = ingot.transpose %0 [1, 0, 2] : tensor<4x2x8xf32>
  %2 = ingot.matmul %1, %k : tensor<2x4x8xf32>, tensor<2x8x4xf32>
  return %2 : tensor<2x4x4xf32>
}

// Matrices in 16 bits can stay what they are.
// CHECK-LABEL: @keeps_matrices_of_halves
// CHECK: %[[M:.*]] = ingot.matmul %{{.*}}, %{{.*}}
// CHECK: ingot.mul %[[M]], %{{.*}} : tensor<4x3xf32>, tensor<f32>
func.func @keeps_matrices_of_halves(%x: tensor<4x8xf32>) -> tensor<4x3xf32> {
  %w = ingot.constant dense_resource<w> : tensor<3x8xf16>
  %s = ingot.constant dense<0.1> : tensor<f32>
  %0 = ingot.cast %w to f32 : tensor<3x8xf16>
  %1 = ingot.transpose %0 [1, 0] : tensor<3x8xf32>
  %2 = ingot.matmul %x, %1 : tensor<4x8xf32>, tensor<8x3xf32>
  %3 = ingot.mul %2, %s : tensor<4x3xf32>, tensor<f32>
  return %3 : tensor<4x3xf32>
}
