// RUN: ingot-opt %s -ingot-append-gradients="gradients=false tangents=true" -canonicalize -cse | FileCheck %s --check-prefix=FORWARD
// RUN: ingot-opt %s -ingot-append-gradients="tangents=true" | FileCheck %s --check-prefix=BOTH

// What the gradient does with what arrives, times the direction: nothing else is left.
// FORWARD-LABEL: func.func @main
// FORWARD-SAME: %[[TX:[a-z0-9]+]]: tensor<4xf32> {ingot.name = "x.tangent"}
// FORWARD-SAME: -> (tensor<4xf32> {ingot.name = "y"}, tensor<4xf32> {ingot.name = "y.tangent", ingot.role = "tangent"})
// FORWARD: %[[Y:[0-9]+]] = ingot.exp %arg0
// FORWARD-NEXT: %[[TY:[0-9]+]] = ingot.mul %[[TX]], %[[Y]]
// FORWARD-NEXT: return %[[Y]], %[[TY]]
// BOTH: {ingot.name = "y"}, tensor<4xf32> {ingot.name = "x.gradient", ingot.role = "gradient"}, tensor<4xf32> {ingot.name = "y.tangent",
// BOTH-SAME: ingot.role = "tangent"}, tensor<4xf32> {ingot.name = "x.gradient.tangent", ingot.role = "tangent"})
func.func @main(%x: tensor<4xf32> {ingot.name = "x"}) -> (tensor<4xf32> {ingot.name = "y"}) {
  %0 = ingot.exp %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
