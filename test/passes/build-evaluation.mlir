// RUN: ingot-opt %s -ingot-build-train-step="loss=mse optimizer=momentum" | FileCheck %s

// A network imported as it behaves after training becomes the evaluation of its step: it takes the step's state, each tensor
// at the same place, and changes nothing. No hyperparameters, no successors, no initial values; a statistic's successor is no
// output.
// CHECK: func.func @main(%[[X:[^:]*]]: tensor<4x3xf32> {ingot.name = "x", ingot.role = "input"}
// CHECK-SAME: %[[T:[^:]*]]: tensor<4x2xf32> {ingot.name = "target", ingot.role = "target"}
// CHECK-SAME: %[[W:[^:]*]]: tensor<3x2xf32> {ingot.name = "w", ingot.role = "parameter", ingot.state = 0 : i64}
// CHECK-SAME: %[[M:[^:]*]]: tensor<2xf32> {ingot.name = "mean", ingot.role = "statistic", ingot.state = 128 : i64}
// CHECK-SAME: tensor<3x2xf32> {ingot.name = "w.momentum", ingot.role = "slot", ingot.state = 64 : i64}
// CHECK-SAME: tensor<i64> {ingot.name = "step", ingot.role = "step", ingot.state = 192 : i64})
// CHECK-SAME: -> (tensor<f32> {ingot.name = "loss", ingot.role = "loss"}, tensor<4x2xf32> {ingot.name = "y", ingot.role = "output"})
// CHECK-SAME: ingot.entry = "evaluate", ingot.optimizer = "momentum", ingot.state_bytes = 256 : i64
// CHECK: ingot.matmul %[[X]], %[[W]]
// CHECK: ingot.sub %{{.*}}, %[[M]]
// CHECK-NOT: ingot.matmul
module attributes {ingot.evaluation} {
func.func @main(%x: tensor<4x3xf32> {ingot.name = "x"}) -> (tensor<4x2xf32> {ingot.name = "y"}, tensor<2xf32> {ingot.name = "mean.next"}) {
  %w = ingot.constant dense<1.0> : tensor<3x2xf32> loc("w"("model.onnx":0:0))
  %m = ingot.constant dense<[1.0, 2.0]> : tensor<2xf32> loc("mean"("model.onnx":0:0))
  %0 = ingot.matmul %x, %w : tensor<4x3xf32>, tensor<3x2xf32>
  %1 = ingot.sub %0, %m : tensor<4x2xf32>, tensor<2xf32>
  return %1, %m : tensor<4x2xf32>, tensor<2xf32>
}
}
