// RUN: ingot-opt %s -split-input-file -ingot-append-gradients -ingot-append-gradients="output=x.gradient" | FileCheck %s

// Rules are made of operations that have rules: a gradient can be differentiated again.
// CHECK-LABEL: func.func @main
// CHECK-SAME: -> (tensor<2x3x3x4xf64> {ingot.name = "y"}, tensor<2x6x6x3xf64> {ingot.name = "x.gradient", ingot.role = "gradient"}
// CHECK-SAME: tensor<2x6x6x3xf64> {ingot.name = "x.gradient", ingot.role = "gradient"}
func.func @main(%x: tensor<2x6x6x3xf64> {ingot.name = "x"}, %f: tensor<3x3x3x4xf64> {ingot.name = "f"}) -> (tensor<2x3x3x4xf64> {ingot.name = "y"}) {
  %0 = ingot.conv %x, %f <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, low = array<i64: 1, 1>, high = array<i64: 1, 1>}> : tensor<2x6x6x3xf64>, tensor<3x3x3x4xf64>
  %1 = ingot.normalize %0 [0, 1, 2] <{epsilon = 1.0e-5 : f64}> : tensor<2x6x6x4xf64>
  %2 = ingot.max_pool %1 <{window = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, low = array<i64: 0, 0>, high = array<i64: 0, 0>}> : tensor<2x6x6x4xf64>
  %3 = ingot.softmax %2 3 : tensor<2x3x3x4xf64>
  return %3 : tensor<2x3x3x4xf64>
}

// -----

// CHECK-LABEL: func.func @main
// CHECK-SAME: tensor<6xf64> {ingot.name = "x.gradient", ingot.role = "gradient"}, tensor<6xf64> {ingot.name = "x.gradient"
func.func @main(%x: tensor<6xf64> {ingot.name = "x"}, %i: tensor<4xi64> {ingot.name = "i"}) -> (tensor<1xf64> {ingot.name = "y"}) {
  %0 = ingot.gather %x, %i 0 : tensor<6xf64>, tensor<4xi64>
  %1 = ingot.gelu %0 : tensor<4xf64>
  %2 = ingot.reduce product %1 [0] : tensor<4xf64>
  return %2 : tensor<1xf64>
}
