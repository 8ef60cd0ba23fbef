// RUN: ingot-opt %s | FileCheck %s
// The returned types are the inferred ones: a wrong rule would not parse.

// CHECK-LABEL: @matrices
func.func @matrices(%a: tensor<4x8xf32>, %b: tensor<8x3xf32>) -> tensor<4x3xf32> {
  %0 = ingot.matmul %a, %b : tensor<4x8xf32>, tensor<8x3xf32>
  return %0 : tensor<4x3xf32>
}

// CHECK-LABEL: @leading_dimensions_broadcast
func.func @leading_dimensions_broadcast(%a: tensor<2x1x4x8xf32>, %b: tensor<5x8x3xf32>) -> tensor<2x5x4x3xf32> {
  %0 = ingot.matmul %a, %b : tensor<2x1x4x8xf32>, tensor<5x8x3xf32>
  return %0 : tensor<2x5x4x3xf32>
}

// CHECK-LABEL: @symbols_pass_through
func.func @symbols_pass_through(%a: tensor<?x?x8xf32, #ingot.shape<[batch, seq, 8]>>, %b: tensor<8x3xf32>)
    -> tensor<?x?x3xf32, #ingot.shape<[batch, seq, 3]>> {
  %0 = ingot.matmul %a, %b : tensor<?x?x8xf32, #ingot.shape<[batch, seq, 8]>>, tensor<8x3xf32>
  return %0 : tensor<?x?x3xf32, #ingot.shape<[batch, seq, 3]>>
}
