// RUN: ingot-opt %s -split-input-file --pass-pipeline="builtin.module(func.func(ingot-mix-precision{keep=head}))" | FileCheck %s
// RUN: ingot-opt %s -split-input-file --pass-pipeline="builtin.module(func.func(ingot-mix-precision{keep=head}, ingot-recompute), ingot-outline-kernels)" | FileCheck %s --check-prefix=FUSED

// %h is a factor in forward and read by backward: it is rounded once, and all readers see what it was rounded to. Products have
// widened copies for themselves, backward others than forward; parameters and inputs are rounded for each product. Nodes named
// "head" stay float32, and so does what only the loss is made of.
// CHECK-LABEL: @main
// CHECK: %[[XN:.*]] = ingot.cast %arg0 to bf16
// CHECK: %[[X:.*]] = ingot.cast %[[XN]] to f32
// CHECK: %[[WN:.*]] = ingot.cast %arg1 to bf16
// CHECK: %[[W:.*]] = ingot.cast %[[WN]] to f32
// CHECK: %[[S:.*]] = ingot.matmul %[[X]], %[[W]]
// CHECK: %[[H:.*]] = ingot.tanh %[[S]]
// CHECK: %[[HN:.*]] = ingot.cast %[[H]] to bf16
// CHECK: %[[COPY:.*]] = ingot.cast %[[HN]] to f32
// CHECK: %[[VN:.*]] = ingot.cast %arg2 to bf16
// CHECK: %[[V:.*]] = ingot.cast %[[VN]] to f32
// CHECK: %[[Y:.*]] = ingot.matmul %[[COPY]], %[[V]]
// CHECK: ingot.matmul %[[Y]], %arg3
// CHECK: ingot.matmul %{{.*}}, %{{.*}}
// CHECK: %[[DYN:.*]] = ingot.cast %{{.*}} to bf16
// CHECK: %[[OWN:.*]] = ingot.cast %[[HN]] to f32
// CHECK: ingot.mul %[[OWN]], %[[OWN]]
// CHECK: %[[DN:.*]] = ingot.cast %{{.*}} to bf16
// CHECK: %[[D:.*]] = ingot.cast %[[DN]] to f32
// CHECK: ingot.reduce sum %[[D]]

// What forward leaves to backward is bfloat16.
// FUSED: func.func @main
// FUSED: kernel.launch @matmul_{{.*}} : {{.*}} -> (tensor<8x64xbf16>, tensor<8x64xf32>)
func.func @main(%x: tensor<8x32xf32> {ingot.role = "input"}, %w: tensor<32x64xf32> {ingot.role = "parameter"},
                %v: tensor<64x4xf32> {ingot.role = "parameter"}, %u: tensor<4x4xf32> {ingot.role = "parameter"})
    -> (tensor<1x1xf32> {ingot.role = "loss"}, tensor<32x64xf32> {ingot.role = "parameter"}, tensor<1x64xf32> {ingot.role = "parameter"}) {
  %s = ingot.matmul %x, %w : tensor<8x32xf32>, tensor<32x64xf32>
  %h = ingot.tanh %s : tensor<8x64xf32>
  %y = ingot.matmul %h, %v : tensor<8x64xf32>, tensor<64x4xf32>
  %z = ingot.matmul %y, %u : tensor<8x4xf32>, tensor<4x4xf32> loc("head")
  %p = ingot.exp %z : tensor<8x4xf32>
  %loss = ingot.reduce sum %p [0, 1] : tensor<8x4xf32>
  %ut = ingot.transpose %u [1, 0] : tensor<4x4xf32>
  %dy = ingot.matmul %p, %ut : tensor<8x4xf32>, tensor<4x4xf32> loc("head")
  %vt = ingot.transpose %v [1, 0] : tensor<64x4xf32>
  %dh = ingot.matmul %dy, %vt : tensor<8x4xf32>, tensor<4x64xf32>
  %sq = ingot.mul %h, %h : tensor<8x64xf32>, tensor<8x64xf32>
  %d = ingot.mul %dh, %sq : tensor<8x64xf32>, tensor<8x64xf32>
  %xt = ingot.transpose %x [1, 0] : tensor<8x32xf32>
  %dw = ingot.matmul %xt, %d : tensor<32x8xf32>, tensor<8x64xf32>
  %db = ingot.reduce sum %d [0] : tensor<8x64xf32>
  return %loss, %dw, %db : tensor<1x1xf32>, tensor<32x64xf32>, tensor<1x64xf32>
}

// -----

// Nothing changes without a state to change.
// CHECK-LABEL: @main
// CHECK-NOT: ingot.cast
func.func @main(%x: tensor<8x32xf32>, %w: tensor<32x64xf32>) -> (tensor<8x64xf32> {ingot.role = "output"}) {
  %s = ingot.matmul %x, %w : tensor<8x32xf32>, tensor<32x64xf32>
  return %s : tensor<8x64xf32>
}
