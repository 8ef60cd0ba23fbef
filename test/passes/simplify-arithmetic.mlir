// RUN: ingot-opt --ingot-simplify-arithmetic %s | FileCheck %s

// CHECK-LABEL: @multiplies_instead_of_dividing
// CHECK: %[[C:.*]] = ingot.constant dense<2.500000e-01>
// CHECK: ingot.mul %arg0, %[[C]]
func.func @multiplies_instead_of_dividing(%x: tensor<4xf32>) -> tensor<4xf32> {
  %four = ingot.constant dense<4.0> : tensor<f32>
  %0 = ingot.div %x, %four : tensor<4xf32>, tensor<f32>
  return %0 : tensor<4xf32>
}

// 0 divided by a subnormal number is 0; 0 times its infinite inverse is not.
// CHECK-LABEL: @keeps_division_by_a_subnormal_number
// CHECK: ingot.div
func.func @keeps_division_by_a_subnormal_number(%x: tensor<4xf32>) -> tensor<4xf32> {
  %tiny = ingot.constant dense<1.0e-40> : tensor<f32>
  %0 = ingot.div %x, %tiny : tensor<4xf32>, tensor<f32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: @keeps_integer_division
// CHECK: ingot.div
func.func @keeps_integer_division(%x: tensor<4xi64>) -> tensor<4xi64> {
  %four = ingot.constant dense<4> : tensor<i64>
  %0 = ingot.div %x, %four : tensor<4xi64>, tensor<i64>
  return %0 : tensor<4xi64>
}

// CHECK-LABEL: @expands_powers
// CHECK: %[[SQUARE:.*]] = ingot.mul %arg0, %arg0
// CHECK: ingot.sqrt %[[SQUARE]]
func.func @expands_powers(%x: tensor<4xf32>) -> tensor<4xf32> {
  %two = ingot.constant dense<2.0> : tensor<f32>
  %half = ingot.constant dense<0.5> : tensor<f32>
  %0 = ingot.pow %x, %two : tensor<4xf32>, tensor<f32>
  %1 = ingot.pow %0, %half : tensor<4xf32>, tensor<f32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: @collects_biases
// CHECK: %[[SUM:.*]] = ingot.add %{{.*}}, %{{.*}} : tensor<8xf32>, tensor<8xf32>
// CHECK: ingot.add %arg0, %[[SUM]]
func.func @collects_biases(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %a = ingot.constant dense_resource<a> : tensor<8xf32>
  %b = ingot.constant dense_resource<b> : tensor<8xf32>
  %0 = ingot.add %a, %x : tensor<8xf32>, tensor<4x8xf32>
  %1 = ingot.add %0, %b : tensor<4x8xf32>, tensor<8xf32>
  return %1 : tensor<4x8xf32>
}

// CHECK-LABEL: @broadcasts_implicitly
// CHECK-NOT: broadcast
// CHECK: ingot.add %arg0, %arg1 : tensor<4x8xf32>, tensor<1x8xf32>
func.func @broadcasts_implicitly(%x: tensor<4x8xf32>, %y: tensor<1x8xf32>) -> tensor<4x8xf32> {
  %0 = ingot.broadcast %y : tensor<1x8xf32> -> tensor<4x8xf32>
  %1 = ingot.add %x, %0 : tensor<4x8xf32>, tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// CHECK-LABEL: @keeps_a_broadcast_that_shapes_the_result
// CHECK: ingot.broadcast
func.func @keeps_a_broadcast_that_shapes_the_result(%x: tensor<1x8xf32>) -> tensor<4x8xf32> {
  %0 = ingot.broadcast %x : tensor<1x8xf32> -> tensor<4x8xf32>
  %1 = ingot.relu %0 : tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// CHECK-LABEL: @reshapes_last
// CHECK: %[[S:.*]] = ingot.sigmoid %arg0
// CHECK: %[[P:.*]] = ingot.mul %arg0, %[[S]] : tensor<4x8xf32>, tensor<4x8xf32>
// CHECK: ingot.reshape %[[P]]
func.func @reshapes_last(%x: tensor<4x8xf32>) -> tensor<32xf32> {
  %0 = ingot.reshape %x : tensor<4x8xf32> -> tensor<32xf32>
  %1 = ingot.sigmoid %0 : tensor<32xf32>
  %2 = ingot.mul %0, %1 : tensor<32xf32>, tensor<32xf32>
  return %2 : tensor<32xf32>
}

// CHECK-LABEL: @writes_max_with_zero_as_relu
// CHECK: ingot.relu %arg0
func.func @writes_max_with_zero_as_relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = ingot.constant dense<0.0> : tensor<f32>
  %0 = ingot.max %zero, %x : tensor<f32>, tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: @sums_before_it_multiplies
// CHECK: %[[PRODUCT:.*]] = ingot.mul %arg0, %arg1
// CHECK: %[[SUM:.*]] = ingot.reduce mean %[[PRODUCT]] [0, 1]
// CHECK: ingot.mul %[[SUM]], %arg2
func.func @sums_before_it_multiplies(%x: tensor<4x5x8xf32>, %y: tensor<4x5x8xf32>, %scale: tensor<1x1x8xf32>) -> tensor<1x1x8xf32> {
  %0 = ingot.mul %x, %scale : tensor<4x5x8xf32>, tensor<1x1x8xf32>
  %1 = ingot.mul %0, %y : tensor<4x5x8xf32>, tensor<4x5x8xf32>
  %2 = ingot.reduce mean %1 [0, 1] : tensor<4x5x8xf32>
  return %2 : tensor<1x1x8xf32>
}

// A factor that differs along the summed axis stays.
// CHECK-LABEL: @keeps_factors_along_the_sum
// CHECK: %[[PRODUCT:.*]] = ingot.mul
// CHECK-NEXT: ingot.reduce sum %[[PRODUCT]]
func.func @keeps_factors_along_the_sum(%x: tensor<4x8xf32>, %scale: tensor<8xf32>) -> tensor<4x1xf32> {
  %0 = ingot.mul %x, %scale : tensor<4x8xf32>, tensor<8xf32>
  %1 = ingot.reduce sum %0 [1] : tensor<4x8xf32>
  return %1 : tensor<4x1xf32>
}

// Whole tensors are no factors, and greatest elements no sums.
// CHECK-LABEL: @keeps_maxima
// CHECK: ingot.mul
// CHECK-NEXT: ingot.reduce max
func.func @keeps_maxima(%x: tensor<4x8xf32>, %scale: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %0 = ingot.mul %x, %scale : tensor<4x8xf32>, tensor<4x1xf32>
  %1 = ingot.reduce max %0 [1] : tensor<4x8xf32>
  return %1 : tensor<4x1xf32>
}
