// RUN: ingot-opt %s -split-input-file -verify-diagnostics -ingot-plan-memory

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{is in no kernel: fuse the module first}}
  %0 = ingot.exp %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{launches a kernel that there is not}}
  %0 = kernel.launch @missing(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error @+1 {{there is no @main whose memory could be planned}}
module {
}
