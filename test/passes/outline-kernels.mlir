// RUN: ingot-opt --ingot-outline-kernels --split-input-file %s | FileCheck %s

// The residual sum and the activation join the convolution; the bias is a constant of the launch.
// CHECK-LABEL: kernel.func private @conv_0
// CHECK: ingot.conv
// CHECK-NEXT: ingot.add
// CHECK-NEXT: ingot.add
// CHECK-NEXT: ingot.relu
// CHECK-NEXT: kernel.return
// CHECK: func.func @main
// CHECK: kernel.launch @conv_0(%arg0, %{{[0-9]+}}, %{{[0-9]+}}) :
// CHECK-NEXT: return
func.func @main(%x: tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> {
  %f = ingot.constant dense_resource<f> : tensor<1x1x4x4xf32>
  %b = ingot.constant dense_resource<b> : tensor<4xf32>
  %0 = ingot.conv %x, %f <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, low = array<i64: 0, 0>, high = array<i64: 0, 0>}> : tensor<1x8x8x4xf32>, tensor<1x1x4x4xf32>
  %1 = ingot.add %0, %b : tensor<1x8x8x4xf32>, tensor<4xf32>
  %2 = ingot.add %1, %x : tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>
  %3 = ingot.relu %2 : tensor<1x8x8x4xf32>
  return %3 : tensor<1x8x8x4xf32>
}

// -----

// Equal kernels are one.
// CHECK-LABEL: kernel.func private @matmul_0
// CHECK-NOT: kernel.func
// CHECK: kernel.launch @matmul_0
// CHECK: kernel.launch @matmul_0
func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %v = ingot.constant dense_resource<v> : tensor<8x8xf32>
  %w = ingot.constant dense_resource<w> : tensor<8x8xf32>
  %0 = ingot.matmul %x, %v : tensor<4x8xf32>, tensor<8x8xf32>
  %1 = ingot.relu %0 : tensor<4x8xf32>
  %2 = ingot.matmul %1, %w : tensor<4x8xf32>, tensor<8x8xf32>
  %3 = ingot.relu %2 : tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

// -----

// Attention: heads are read through views; the way back to rows of all heads is part of the product that makes them.
// CHECK-LABEL: kernel.func private @matmul_0
// CHECK: ingot.transpose %arg0 [0, 2, 1, 3]
// CHECK: ingot.transpose %arg1 [0, 2, 3, 1]
// CHECK: ingot.matmul
// CHECK-LABEL: kernel.func private @softmax_1
// CHECK-LABEL: kernel.func private @matmul_2
// CHECK: ingot.matmul
// CHECK: ingot.transpose %{{.*}} [0, 2, 1, 3]
// CHECK-NEXT: kernel.return
// CHECK-LABEL: kernel.func private @matmul_3
// CHECK-LABEL: func.func @main
// CHECK: %[[A:.*]] = kernel.launch @matmul_2
// CHECK: %[[R:.*]] = ingot.reshape %[[A]]
// CHECK: kernel.launch @matmul_3(%[[R]]
func.func @main(%q: tensor<1x16x4x8xf32>, %k: tensor<1x16x4x8xf32>, %v: tensor<1x16x4x8xf32>) -> tensor<1x16x32xf32> {
  %w = ingot.constant dense_resource<w> : tensor<32x32xf32>
  %0 = ingot.transpose %q [0, 2, 1, 3] : tensor<1x16x4x8xf32>
  %1 = ingot.transpose %k [0, 2, 3, 1] : tensor<1x16x4x8xf32>
  %2 = ingot.transpose %v [0, 2, 1, 3] : tensor<1x16x4x8xf32>
  %3 = ingot.matmul %0, %1 : tensor<1x4x16x8xf32>, tensor<1x4x8x16xf32>
  %4 = ingot.softmax %3 3 : tensor<1x4x16x16xf32>
  %5 = ingot.matmul %4, %2 : tensor<1x4x16x16xf32>, tensor<1x4x16x8xf32>
  %6 = ingot.transpose %5 [0, 2, 1, 3] : tensor<1x4x16x8xf32>
  %7 = ingot.reshape %6 : tensor<1x16x4x8xf32> -> tensor<1x16x32xf32>
  %8 = ingot.matmul %7, %w : tensor<1x16x32xf32>, tensor<32x32xf32>
  return %8 : tensor<1x16x32xf32>
}

// -----

// What several need becomes one more result of the kernel that computes it.
// CHECK-LABEL: kernel.func private @add_0
// CHECK-SAME: -> (tensor<4x8xf32>, tensor<4x8xf32>)
// CHECK: %[[S:.*]] = ingot.sigmoid
// CHECK: %[[M:.*]] = ingot.mul
// CHECK: %[[A:.*]] = ingot.add
// CHECK: kernel.return %[[M]], %[[A]]
func.func @main(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = ingot.sigmoid %x : tensor<4x8xf32>
  %1 = ingot.mul %x, %0 : tensor<4x8xf32>, tensor<4x8xf32>
  %2 = ingot.add %1, %x : tensor<4x8xf32>, tensor<4x8xf32>
  return %1, %2 : tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

// A group must not wait for itself: the sum cannot join exp's kernel, which the other one waits for; and the product must
// not compute exp again for every element it makes.
// CHECK-LABEL: kernel.func private @exp_0
// CHECK-LABEL: kernel.func private @matmul_1
// CHECK: ingot.matmul
// CHECK-NEXT: ingot.add
// CHECK: %[[E:.*]] = kernel.launch @exp_0
// CHECK: kernel.launch @matmul_1(%[[E]], %{{[0-9]+}})
// CHECK-NEXT: return
func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %w = ingot.constant dense_resource<w> : tensor<8x8xf32>
  %0 = ingot.exp %x : tensor<4x8xf32>
  %1 = ingot.matmul %0, %w : tensor<4x8xf32>, tensor<8x8xf32>
  %2 = ingot.add %0, %1 : tensor<4x8xf32>, tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

// -----

// The operand of a product is read many times: what is computed from it first has a kernel of its own.
// CHECK-LABEL: kernel.func private @relu_0
// CHECK: kernel.launch @relu_0
// CHECK: kernel.launch @matmul_1
func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %w = ingot.constant dense_resource<w> : tensor<8x8xf32>
  %0 = ingot.relu %x : tensor<4x8xf32>
  %1 = ingot.matmul %0, %w : tensor<4x8xf32>, tensor<8x8xf32>
  return %1 : tensor<4x8xf32>
}

// -----

// The product lies in memory anyway: who needs it scaled, after the sum, scales it there.
// CHECK-LABEL: kernel.func private @matmul_0
// CHECK: %[[PRODUCT:.*]] = ingot.matmul
// CHECK-NEXT: kernel.return %[[PRODUCT]] :
// CHECK-LABEL: kernel.func private @reduce_1
// CHECK-LABEL: kernel.func private @sub_2
// CHECK: ingot.mul
// CHECK: ingot.sub
func.func @main(%x: tensor<4x8xf32>, %scale: tensor<8xf32>) -> tensor<4x8xf32> {
  %w = ingot.constant dense_resource<w> : tensor<8x8xf32>
  %0 = ingot.matmul %x, %w : tensor<4x8xf32>, tensor<8x8xf32>
  %1 = ingot.mul %0, %scale : tensor<4x8xf32>, tensor<8xf32>
  %2 = ingot.reduce sum %0 [0] : tensor<4x8xf32>
  %3 = ingot.sub %1, %2 : tensor<4x8xf32>, tensor<1x8xf32>
  return %3 : tensor<4x8xf32>
}

// -----

// Nothing is saved where the other factor would have to be read again.
// CHECK-LABEL: kernel.func private @matmul_0
// CHECK: ingot.matmul
// CHECK-NEXT: ingot.mul
// CHECK-NEXT: ingot.add
// CHECK-NEXT: kernel.return
func.func @main(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %w = ingot.constant dense_resource<w> : tensor<8x8xf32>
  %0 = ingot.matmul %x, %w : tensor<4x8xf32>, tensor<8x8xf32>
  %1 = ingot.mul %0, %y : tensor<4x8xf32>, tensor<4x8xf32>
  %2 = ingot.add %0, %y : tensor<4x8xf32>, tensor<4x8xf32>
  %3 = ingot.reduce sum %0 [0] : tensor<4x8xf32>
  %4 = ingot.sub %1, %3 : tensor<4x8xf32>, tensor<1x8xf32>
  return %2, %4 : tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

// A sum of a product and its transpose needs elements that the product has not computed yet: a kernel of its own.
// CHECK-LABEL: kernel.func private @matmul_0
// CHECK: ingot.matmul
// CHECK-NEXT: kernel.return
// CHECK-LABEL: kernel.func private @{{.*}}_1
// CHECK: ingot.transpose
// CHECK: ingot.add
func.func @main(%x: tensor<8x4xf32>, %y: tensor<4x8xf32>) -> tensor<8x8xf32> {
  %0 = ingot.matmul %x, %y : tensor<8x4xf32>, tensor<4x8xf32>
  %1 = ingot.transpose %0 [1, 0] : tensor<8x8xf32>
  %2 = ingot.add %0, %1 : tensor<8x8xf32>, tensor<8x8xf32>
  return %2 : tensor<8x8xf32>
}
