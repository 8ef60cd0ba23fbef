// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @axis_out_of_range(%x: tensor<4x9xf32>, %i: tensor<3xi64>) {
  // expected-error@below {{axis 2 is out of range for rank 2}}
  %0 = ingot.gather %x, %i 2 : tensor<4x9xf32>, tensor<3xi64>
  return
}

// -----

func.func @ranks_differ(%x: tensor<4x9xf32>, %i: tensor<3xi64>) {
  // expected-error@below {{ranks differ: input}}
  %0 = ingot.gather_elements %x, %i 0 : tensor<4x9xf32>, tensor<3xi64>
  return
}

// -----

func.func @tuples_too_long(%x: tensor<4x9xf32>, %i: tensor<5x3xi64>) {
  // expected-error@below {{index tuples do not fit: input 4x9, indices 5x3}}
  %0 = ingot.gather_nd %x, %i : tensor<4x9xf32>, tensor<5x3xi64>
  return
}
