// RUN: ingot-opt %s -split-input-file -verify-diagnostics -ingot-append-gradients="at=h cotangent=true" | FileCheck %s

// Gradients by an inner value come after those by inputs.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[DY:arg[0-9]+]]: tensor<4xf32> {ingot.name = "y.gradient"})
// CHECK-SAME: tensor<4xf32> {ingot.name = "h"}, tensor<4xf32> {ingot.name = "x.gradient", ingot.role = "gradient"}, tensor<4xf32> {ingot.name = "h.gradient", ingot.role = "gradient"})
// CHECK: %[[H:.*]] = ingot.exp
// CHECK: %[[Y:.*]] = ingot.tanh %[[H]]
// CHECK: %[[DH:.*]] = ingot.mul %[[DY]]
// CHECK: %[[DX:.*]] = ingot.mul %[[DH]], %[[H]]
// CHECK: return %[[Y]], %[[H]], %[[DX]], %[[DH]]
func.func @main(%x: tensor<4xf32> {ingot.name = "x"}) -> (tensor<4xf32> {ingot.name = "y"}, tensor<4xf32> {ingot.name = "h"}) {
  %h = ingot.exp %x : tensor<4xf32>
  %y = ingot.tanh %h : tensor<4xf32>
  return %y, %h : tensor<4xf32>, tensor<4xf32>
}

// -----

// expected-error @+1 {{there is no output "h" to differentiate by}}
func.func @main(%x: tensor<4xf32> {ingot.name = "x"}) -> (tensor<4xf32> {ingot.name = "y"}) {
  return %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{"h" has no gradient: its elements are not real numbers}}
func.func @main(%x: tensor<4xf32> {ingot.name = "x"}, %h: tensor<2xi64> {ingot.name = "i"}) -> (tensor<4xf32> {ingot.name = "y"}, tensor<2xi64> {ingot.name = "h"}) {
  return %x, %h : tensor<4xf32>, tensor<2xi64>
}
