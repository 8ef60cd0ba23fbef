// RUN: ingot-opt %s | FileCheck %s

// CHECK-LABEL: @unary_keeps_the_type
func.func @unary_keeps_the_type(%a: tensor<?x3xf16, #ingot.shape<[n, 3]>>) -> tensor<?x3xf16, #ingot.shape<[n, 3]>> {
  %0 = ingot.exp %a : tensor<?x3xf16, #ingot.shape<[n, 3]>>
  return %0 : tensor<?x3xf16, #ingot.shape<[n, 3]>>
}

// CHECK-LABEL: @binary_broadcasts
func.func @binary_broadcasts(%a: tensor<4x1x7xf32>, %b: tensor<6x7xf32>) -> tensor<4x6x7xf32> {
  %0 = ingot.add %a, %b : tensor<4x1x7xf32>, tensor<6x7xf32>
  return %0 : tensor<4x6x7xf32>
}

// CHECK-LABEL: @a_symbol_beside_one
func.func @a_symbol_beside_one(%a: tensor<?x1xf32, #ingot.shape<[n, 1]>>, %b: tensor<5xf32>)
    -> tensor<?x5xf32, #ingot.shape<[n, 5]>> {
  %0 = ingot.mul %a, %b : tensor<?x1xf32, #ingot.shape<[n, 1]>>, tensor<5xf32>
  return %0 : tensor<?x5xf32, #ingot.shape<[n, 5]>>
}

// CHECK-LABEL: @comparison_gives_booleans
func.func @comparison_gives_booleans(%a: tensor<3xf32>, %b: tensor<f32>) -> tensor<3xi1> {
  %0 = ingot.less %a, %b : tensor<3xf32>, tensor<f32>
  return %0 : tensor<3xi1>
}

// CHECK-LABEL: @select_broadcasts_three
func.func @select_broadcasts_three(%c: tensor<3x1xi1>, %a: tensor<4xf32>, %b: tensor<f32>) -> tensor<3x4xf32> {
  %0 = ingot.select %c, %a, %b : tensor<3x1xi1>, tensor<4xf32>, tensor<f32>
  return %0 : tensor<3x4xf32>
}

// CHECK-LABEL: @cast_changes_the_element
func.func @cast_changes_the_element(%a: tensor<3xf32>) -> tensor<3xi64> {
  %0 = ingot.cast %a to i64 : tensor<3xf32>
  return %0 : tensor<3xi64>
}
