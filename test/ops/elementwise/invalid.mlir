// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @shapes_do_not_broadcast(%a: tensor<4x3xf32>, %b: tensor<4x5xf32>) {
  // expected-error@below {{shapes do not broadcast: 4x3 and 4x5}}
  %0 = ingot.add %a, %b : tensor<4x3xf32>, tensor<4x5xf32>
  return
}

// -----

func.func @element_types_differ(%a: tensor<4xf32>, %b: tensor<4xi32>) {
  // expected-error@below {{element types differ: 'f32' and 'i32'}}
  %0 = ingot.add %a, %b : tensor<4xf32>, tensor<4xi32>
  return
}

// -----

func.func @choices_of_a_select_differ(%c: tensor<4xi1>, %a: tensor<4xf32>, %b: tensor<4xf64>) {
  // expected-error@below {{element types differ: 'f32' and 'f64'}}
  %0 = ingot.select %c, %a, %b : tensor<4xi1>, tensor<4xf32>, tensor<4xf64>
  return
}

// -----

func.func @functions_of_integers(%x: tensor<4xi32>) {
  // expected-error@below {{needs floating-point elements, but they are 'i32'}}
  %0 = ingot.exp %x : tensor<4xi32>
  return
}

// -----

func.func @bits_of_reals(%x: tensor<4xf32>) {
  // expected-error@below {{needs integers or booleans, but elements are 'f32'}}
  %0 = ingot.xor %x, %x : tensor<4xf32>, tensor<4xf32>
  return
}
