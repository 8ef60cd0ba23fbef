// RUN: ingot-opt %s -ingot-build-train-step="loss=mse optimizer=momentum freeze=^frozen" | FileCheck %s

// What the model file names becomes an input, unless it is frozen; what carries over has a place in the state, and its
// successor the same.
// CHECK: func.func @main(%[[X:[^:]*]]: tensor<4x3xf32> {ingot.name = "x", ingot.role = "input"}
// CHECK-SAME: %[[T:[^:]*]]: tensor<4x2xf32> {ingot.name = "target", ingot.role = "target"}
// CHECK-SAME: %[[W:[^:]*]]: tensor<3x2xf32> {ingot.initial = dense<1.000000e+00> : tensor<3x2xf32>, ingot.name = "w", ingot.role = "parameter", ingot.state = 0 : i64}
// CHECK-SAME: %[[V:[^:]*]]: tensor<3x2xf32> {ingot.name = "w.momentum", ingot.role = "slot", ingot.state = 64 : i64}
// CHECK-SAME: tensor<i64> {ingot.name = "step", ingot.role = "step", ingot.state = 128 : i64}
// CHECK-SAME: tensor<f64> {ingot.default = 1.000000e-03 : f64, ingot.name = "lr", ingot.role = "hyper"}
// CHECK-SAME: -> (tensor<f32> {ingot.name = "loss", ingot.role = "loss"}, tensor<4x2xf32> {ingot.name = "y", ingot.role = "output"}
// CHECK-SAME: tensor<3x2xf32> {ingot.name = "w.next", ingot.role = "parameter", ingot.state = 0 : i64}
// CHECK-SAME: tensor<3x2xf32> {ingot.name = "w.momentum.next", ingot.role = "slot", ingot.state = 64 : i64}
// CHECK-SAME: tensor<i64> {ingot.name = "step.next", ingot.role = "step", ingot.state = 128 : i64})
// CHECK-SAME: ingot.entry = "train_step", ingot.optimizer = "momentum", ingot.state_bytes = 192 : i64
// CHECK: ingot.matmul %[[X]], %[[W]]
// CHECK: ingot.matmul %{{.*}}, %{{.*}} : tensor<3x4xf32>, tensor<4x2xf32>
func.func @main(%x: tensor<4x3xf32> {ingot.name = "x"}) -> (tensor<4x2xf32> {ingot.name = "y"}) {
  %w = ingot.constant dense<1.0> : tensor<3x2xf32> loc("w"("model.onnx":0:0))
  %b = ingot.constant dense<[1.0, 2.0]> : tensor<2xf32> loc("frozen.b"("model.onnx":0:0))
  %0 = ingot.matmul %x, %w : tensor<4x3xf32>, tensor<3x2xf32>
  %1 = ingot.add %0, %b : tensor<4x2xf32>, tensor<2xf32>
  return %1 : tensor<4x2xf32>
}
