// The whole line from a channels-first import to planned launches.
// RUN: ingot-opt --ingot-simplify %s | FileCheck %s --check-prefix=SIMPLE
// RUN: ingot-opt --ingot-simplify --ingot-fuse --ingot-plan %s | FileCheck %s --check-prefix=PLAN

// One transposition of data is left: the input's, which the first convolution reads through. Flattening channels-last
// features is a reshape; the classifier's weights are in that order.
// SIMPLE-LABEL: func.func @main
// SIMPLE: %[[X:.*]] = ingot.transpose %arg0 [0, 2, 3, 1]
// SIMPLE: ingot.conv %[[X]]
// SIMPLE-NOT: transpose
// SIMPLE: ingot.relu
// SIMPLE-NOT: transpose
// SIMPLE: ingot.conv
// SIMPLE-NOT: transpose
// SIMPLE: ingot.reduce mean %{{.*}} [1, 2]
// SIMPLE-NOT: transpose
// SIMPLE: ingot.conv
// SIMPLE: %[[FLAT:.*]] = ingot.reshape %{{.*}} : tensor<1x8x8x4xf32> -> tensor<1x256xf32>
// SIMPLE: ingot.matmul %[[FLAT]]

// PLAN: kernel.func private @[[FIRST:conv_[0-9]+]]
// PLAN: ingot.conv
// PLAN-NEXT: ingot.add
// PLAN-NEXT: ingot.relu
// PLAN-NEXT: kernel.return
// PLAN: func.func @main
// PLAN: kernel.launch @[[FIRST]](%arg0,
// PLAN-COUNT-2: kernel.launch @conv
// PLAN: return
func.func @main(%x: tensor<1x3x8x8xf32> {ingot.name = "x"}) -> (tensor<1x5xf32> {ingot.name = "y"}) {
  %f = ingot.constant dense_resource<f> : tensor<3x3x3x4xf32>
  %g = ingot.constant dense_resource<g> : tensor<1x1x4x4xf32>
  %scale = ingot.constant dense_resource<scale> : tensor<4x1x1xf32>
  %bias = ingot.constant dense_resource<bias> : tensor<4x1x1xf32>
  %w = ingot.constant dense_resource<w> : tensor<256x5xf32>
  // Convolution, batch normalisation, activation.
  %0 = ingot.transpose %x [0, 2, 3, 1] : tensor<1x3x8x8xf32>
  %1 = ingot.conv %0, %f <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, low = array<i64: 1, 1>, high = array<i64: 1, 1>}> : tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>
  %2 = ingot.transpose %1 [0, 3, 1, 2] : tensor<1x8x8x4xf32>
  %3 = ingot.mul %2, %scale : tensor<1x4x8x8xf32>, tensor<4x1x1xf32>
  %4 = ingot.add %3, %bias : tensor<1x4x8x8xf32>, tensor<4x1x1xf32>
  %5 = ingot.relu %4 : tensor<1x4x8x8xf32>
  // A residual block with squeeze and excite.
  %6 = ingot.transpose %5 [0, 2, 3, 1] : tensor<1x4x8x8xf32>
  %7 = ingot.conv %6, %g <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, low = array<i64: 0, 0>, high = array<i64: 0, 0>}> : tensor<1x8x8x4xf32>, tensor<1x1x4x4xf32>
  %8 = ingot.transpose %7 [0, 3, 1, 2] : tensor<1x8x8x4xf32>
  %9 = ingot.reduce mean %8 [2, 3] : tensor<1x4x8x8xf32>
  %10 = ingot.transpose %9 [0, 2, 3, 1] : tensor<1x4x1x1xf32>
  %11 = ingot.conv %10, %g <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, low = array<i64: 0, 0>, high = array<i64: 0, 0>}> : tensor<1x1x1x4xf32>, tensor<1x1x4x4xf32>
  %12 = ingot.transpose %11 [0, 3, 1, 2] : tensor<1x1x1x4xf32>
  %13 = ingot.sigmoid %12 : tensor<1x4x1x1xf32>
  %14 = ingot.add %8, %5 : tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>
  // The classifier.
  %15 = ingot.reshape %14 : tensor<1x4x8x8xf32> -> tensor<1x256xf32>
  %16 = ingot.matmul %15, %w : tensor<1x256xf32>, tensor<256x5xf32>
  %17 = ingot.reshape %13 : tensor<1x4x1x1xf32> -> tensor<1x4xf32>
  %18 = ingot.reduce sum %17 [1] : tensor<1x4xf32>
  %19 = ingot.mul %16, %18 : tensor<1x5xf32>, tensor<1x1xf32>
  return %19 : tensor<1x5xf32>
}
