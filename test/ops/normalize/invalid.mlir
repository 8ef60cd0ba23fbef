// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @axis_out_of_range(%x: tensor<4x9xf32>) {
  // expected-error@below {{axis 3 is out of range for rank 2}}
  %0 = ingot.normalize %x [1, 3] <{epsilon = 1.0e-5}> : tensor<4x9xf32>
  return
}
