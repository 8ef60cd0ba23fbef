// RUN: ingot-opt %s -split-input-file -ingot-append-gradients | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32> {ingot.name = "x"}, %[[W:.*]]: tensor<3xf32> {ingot.name = "w"})
// The sum over the rows is the engine's: the rule of mul knows nothing of broadcasting.
// CHECK: %[[DY:.*]] = ingot.broadcast %{{.*}} : tensor<f32> -> tensor<2x3xf32>
// CHECK: %[[DX:.*]] = ingot.mul %[[DY]], %[[W]]
// CHECK: %[[EACH:.*]] = ingot.mul %[[DY]], %[[X]]
// CHECK: %[[SUM:.*]] = ingot.reduce sum %[[EACH]] [0]
// CHECK: %[[DW:.*]] = ingot.reshape %[[SUM]] : tensor<1x3xf32> -> tensor<3xf32>
// CHECK: return %{{.*}}, %[[DX]], %[[DW]]
func.func @main(%x: tensor<2x3xf32> {ingot.name = "x"}, %w: tensor<3xf32> {ingot.name = "w"}) -> (tensor<2x3xf32> {ingot.name = "y"}) {
  %0 = ingot.mul %x, %w : tensor<2x3xf32>, tensor<3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @main
// Two uses: two contributions, added.
// CHECK: %[[Y:.*]] = ingot.exp
// CHECK: %[[DY:.*]] = ingot.broadcast
// CHECK: %[[THROUGH:.*]] = ingot.mul %[[DY]], %[[Y]]
// CHECK: %[[DX:.*]] = ingot.add %[[DY]], %[[THROUGH]]
// CHECK: return %{{.*}}, %[[DX]]
func.func @main(%x: tensor<4xf32> {ingot.name = "x"}) -> (tensor<4xf32> {ingot.name = "y"}) {
  %0 = ingot.exp %x : tensor<4xf32>
  %1 = ingot.add %0, %x : tensor<4xf32>, tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @main
// Nothing flows through floor: zeros.
// CHECK: %[[ZERO:.*]] = ingot.constant dense<0.000000e+00> : tensor<f32>
// CHECK: %[[DX:.*]] = ingot.broadcast %[[ZERO]]
// CHECK: return %{{.*}}, %[[DX]]
func.func @main(%x: tensor<4xf32> {ingot.name = "x"}) -> (tensor<4xf32> {ingot.name = "y"}) {
  %0 = ingot.floor %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
