// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @matmul_1_element_types_differ(%a: tensor<4x8xf32>, %b: tensor<8x3xf64>) {
  // expected-error@below {{needs two matrices of one element type: lhs 'tensor<4x8xf32>', rhs 'tensor<8x3xf64>'}}
  %0 = ingot.matmul %a, %b : tensor<4x8xf32>, tensor<8x3xf64>
  return
}

// -----

func.func @matmul_1_vector(%a: tensor<8xf32>, %b: tensor<8x3xf32>) {
  // expected-error@below {{needs two matrices}}
  %0 = ingot.matmul %a, %b : tensor<8xf32>, tensor<8x3xf32>
  return
}

// -----

func.func @matmul_2_inner_dimensions_differ(%a: tensor<4x8xf32>, %b: tensor<7x3xf32>) {
  // expected-error@below {{inner dimensions differ: lhs 4x8, rhs 7x3}}
  %0 = ingot.matmul %a, %b : tensor<4x8xf32>, tensor<7x3xf32>
  return
}

// -----

func.func @matmul_3_leading_dimensions_differ(%a: tensor<2x4x8xf32>, %b: tensor<3x8x3xf32>) {
  // expected-error@below {{leading dimensions do not broadcast: lhs 2x4x8, rhs 3x8x3}}
  %0 = ingot.matmul %a, %b : tensor<2x4x8xf32>, tensor<3x8x3xf32>
  return
}
