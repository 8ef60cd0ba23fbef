// RUN: ingot-opt --pass-pipeline="builtin.module(func.func(ingot-choose-precision{precision=int8-weights keep=head}))" %s | FileCheck %s

// CHECK-LABEL: @large_constants
// CHECK: ingot.matmul %arg0, %{{.*}} {ingot.precision = "int8-weights"}
// CHECK: ingot.gather %{{.*}}, %arg1 0 {ingot.precision = "int8-weights"}
func.func @large_constants(%x: tensor<3x64xf32>, %i: tensor<3xi64>) -> (tensor<3x100xf32>, tensor<3x64xf32>) {
  %w = ingot.constant dense_resource<w> : tensor<64x100xf32>
  %t = ingot.constant dense_resource<t> : tensor<90x64xf32>
  %y = ingot.matmul %x, %w : tensor<3x64xf32>, tensor<64x100xf32>
  %r = ingot.gather %t, %i 0 : tensor<90x64xf32>, tensor<3xi64>
  return %y, %r : tensor<3x100xf32>, tensor<3x64xf32>
}

// Small, computed, or named by `keep`.
// CHECK-LABEL: @unchanged
// CHECK-NOT: ingot.precision
func.func @unchanged(%x: tensor<3x64xf32>, %v: tensor<64x100xf32>) -> (tensor<3x8xf32>, tensor<3x100xf32>, tensor<3x100xf32>) {
  %s = ingot.constant dense_resource<s> : tensor<64x8xf32>
  %w = ingot.constant dense_resource<w> : tensor<64x100xf32>
  %0 = ingot.matmul %x, %s : tensor<3x64xf32>, tensor<64x8xf32>
  %1 = ingot.matmul %x, %v : tensor<3x64xf32>, tensor<64x100xf32>
  %2 = ingot.matmul %x, %w : tensor<3x64xf32>, tensor<64x100xf32> loc("decoder/head/MatMul")
  return %0, %1, %2 : tensor<3x8xf32>, tensor<3x100xf32>, tensor<3x100xf32>
}
