// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @axis_out_of_range(%x: tensor<4x9xf32>) {
  // expected-error@below {{axis 2 is out of range for rank 2}}
  %0 = ingot.softmax %x 2 : tensor<4x9xf32>
  return
}

// -----

func.func @of_integers(%x: tensor<4x9xi32>) {
  // expected-error@below {{needs floating-point elements, but they are 'i32'}}
  %0 = ingot.softmax %x 1 : tensor<4x9xi32>
  return
}
