// RUN: ingot-opt %s -split-input-file -verify-diagnostics -ingot-expose-attention | FileCheck %s

// A softmax of products, scaled and masked, of which products are made.
// CHECK-LABEL: func.func @main
// CHECK-SAME: tensor<2x5x7xf32> {ingot.name = "attention.0"})
// CHECK: %[[WEIGHTS:.*]] = ingot.softmax
// CHECK: %[[Y:.*]] = ingot.matmul %[[WEIGHTS]]
// CHECK: return %[[Y]], %[[WEIGHTS]]
func.func @main(%q: tensor<2x5x4xf32> {ingot.name = "q"}, %k: tensor<2x4x7xf32> {ingot.name = "k"},
                %v: tensor<2x7x3xf32> {ingot.name = "v"}, %m: tensor<5x7xf32> {ingot.name = "m"}) -> (tensor<2x5x3xf32> {ingot.name = "y"}) {
  %half = ingot.constant dense<0.5> : tensor<f32>
  %s = ingot.matmul %q, %k : tensor<2x5x4xf32>, tensor<2x4x7xf32>
  %scaled = ingot.mul %s, %half : tensor<2x5x7xf32>, tensor<f32>
  %masked = ingot.add %scaled, %m : tensor<2x5x7xf32>, tensor<5x7xf32>
  %w = ingot.softmax %masked 2 : tensor<2x5x7xf32>
  %y = ingot.matmul %w, %v : tensor<2x5x7xf32>, tensor<2x7x3xf32>
  return %y : tensor<2x5x3xf32>
}

// -----

// The whole operation is taken apart, so that its weights exist.
// CHECK-LABEL: func.func @main
// CHECK-SAME: tensor<2x5x7xf32> {ingot.name = "attention.0"})
// CHECK-NOT: ingot.attention
// CHECK: %[[GUARDED:.*]] = ingot.select
// CHECK: %[[Y:.*]] = ingot.matmul %[[GUARDED]], %{{.*}}
// CHECK: return %[[Y]], %[[GUARDED]]
func.func @main(%q: tensor<2x5x4xf32> {ingot.name = "q"}, %k: tensor<2x7x4xf32> {ingot.name = "k"},
                %v: tensor<2x7x3xf32> {ingot.name = "v"}) -> (tensor<2x5x3xf32> {ingot.name = "y"}) {
  %y = ingot.attention %q, %k, %v <{scale = 0.5 : f64}> : tensor<2x5x4xf32>, tensor<2x7x4xf32>, tensor<2x7x3xf32>
  return %y : tensor<2x5x3xf32>
}

// -----

// The softmax of a classifier is no attention, even where its probabilities are multiplied.
// expected-error @+1 {{there is no attention whose weights could be an output}}
func.func @main(%x: tensor<2x4xf32> {ingot.name = "x"}, %v: tensor<4x3xf32> {ingot.name = "v"}) -> (tensor<2x3xf32> {ingot.name = "y"}) {
  %w = ingot.softmax %x 1 : tensor<2x4xf32>
  %y = ingot.matmul %w, %v : tensor<2x4xf32>, tensor<4x3xf32>
  return %y : tensor<2x3xf32>
}
