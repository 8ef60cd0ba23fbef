// RUN: ingot-opt %s -split-input-file -verify-diagnostics -ingot-append-gradients

func.func @main(%x: tensor<4xf32> {ingot.name = "x"}) -> (tensor<4xf32> {ingot.name = "y"}) {
  // expected-error @+1 {{the gradient of a running maximum or minimum is not supported yet}}
  %0 = ingot.cumulate max %x 0 : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error @+1 {{output "y" has no gradient: its elements are not real numbers}}
func.func @main(%x: tensor<4xi64> {ingot.name = "x"}) -> (tensor<4xi64> {ingot.name = "y"}) {
  return %x : tensor<4xi64>
}
