// RUN: ingot-opt %s -ingot-build-train-step="loss=mse optimizer=momentum part=gradient" | FileCheck %s --check-prefix=GRADIENT
// RUN: ingot-opt %s -ingot-build-train-step="loss=mse optimizer=momentum part=update" | FileCheck %s --check-prefix=UPDATE

// The gradient step adds to gradients in the state, and leaves parameters and slots as they are.
// GRADIENT: tensor<3x2xf32> {ingot.initial = {{.*}}, ingot.name = "w", ingot.role = "parameter", ingot.state = 0 : i64}
// GRADIENT-SAME: {ingot.name = "w.momentum", ingot.role = "slot", ingot.state = 64 : i64}
// GRADIENT-SAME: %[[SUM:[^:]*]]: tensor<3x2xf32> {ingot.name = "w.gradient", ingot.role = "gradient", ingot.state = 128 : i64}
// GRADIENT-SAME: tensor<f64> {ingot.default = 1.000000e+00 : f64, ingot.name = "share", ingot.role = "hyper"}
// GRADIENT-SAME: -> (tensor<f32> {ingot.name = "loss", ingot.role = "loss"}, tensor<4x2xf32> {ingot.name = "y", ingot.role = "output"}
// GRADIENT-SAME: tensor<3x2xf32> {ingot.name = "w.gradient.next", ingot.role = "gradient", ingot.state = 128 : i64})
// GRADIENT-SAME: ingot.entry = "gradient_step"
// GRADIENT: ingot.add %[[SUM]], %{{.*}} : tensor<3x2xf32>, tensor<3x2xf32>

// The update has the same state, no inputs but hyperparameters, and nothing of the network.
// UPDATE: func.func @main(%{{[^:]*}}: tensor<3x2xf32> {ingot.name = "w", ingot.role = "parameter", ingot.state = 0 : i64}
// UPDATE-SAME: {ingot.name = "w.momentum", ingot.role = "slot", ingot.state = 64 : i64}
// UPDATE-SAME: {ingot.name = "w.gradient", ingot.role = "gradient", ingot.state = 128 : i64}
// UPDATE-SAME: {ingot.name = "step", ingot.role = "step", ingot.state = 192 : i64}
// UPDATE-SAME: ingot.name = "lr", ingot.role = "hyper"
// UPDATE-SAME: -> (tensor<3x2xf32> {ingot.name = "w.next", ingot.role = "parameter", ingot.state = 0 : i64}
// UPDATE-SAME: {ingot.name = "w.gradient.next", ingot.role = "gradient", ingot.state = 128 : i64})
// UPDATE-SAME: ingot.entry = "update_step"{{.*}}ingot.state_bytes = 256 : i64
// UPDATE-NOT: ingot.matmul
func.func @main(%x: tensor<4x3xf32> {ingot.name = "x"}) -> (tensor<4x2xf32> {ingot.name = "y"}) {
  %w = ingot.constant dense<1.0> : tensor<3x2xf32> loc("w"("model.onnx":0:0))
  %0 = ingot.matmul %x, %w : tensor<4x3xf32>, tensor<3x2xf32>
  return %0 : tensor<4x2xf32>
}
