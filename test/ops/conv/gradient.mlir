// RUN: ingot-opt %s -ingot-append-gradients -ingot-append-gradients="output=f.gradient" | FileCheck %s

// A filter gradient is linear in both operands: its own gradients are a transposed convolution and a convolution.
// CHECK-LABEL: func.func @main
// CHECK: ingot.conv %[[X:.*]], %{{.*}} <{
// CHECK: ingot.conv_filter_gradient %[[X]], %[[DY:.*]] <{dilations = array<i64: 1, 1>, groups = 2 : i64, high = array<i64: 1, 1>, low = array<i64: 1, 1>, strides = array<i64: 2, 2>, window = array<i64: 3, 2>}>
// CHECK: ingot.conv_transpose %[[DY]], %[[DF:.*]] <{
// CHECK: ingot.conv %[[X]], %[[DF]] <{
func.func @main(%x: tensor<2x7x6x4xf64> {ingot.name = "x"}, %f: tensor<3x2x2x6xf64> {ingot.name = "f"},
                %m: tensor<2x4x4x6xf64> {ingot.name = "m"}) -> (tensor<2x4x4x6xf64> {ingot.name = "y"}) {
  %0 = ingot.conv %x, %f <{strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, low = array<i64: 1, 1>, high = array<i64: 1, 1>, groups = 2}>
      : tensor<2x7x6x4xf64>, tensor<3x2x2x6xf64>
  %1 = ingot.mul %0, %m : tensor<2x4x4x6xf64>, tensor<2x4x4x6xf64>
  return %1 : tensor<2x4x4x6xf64>
}
