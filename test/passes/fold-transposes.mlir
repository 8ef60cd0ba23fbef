// RUN: ingot-opt --ingot-fold-transposes %s | FileCheck %s

// CHECK-LABEL: @cancels_through_pointwise
// CHECK-NOT: transpose
// CHECK: %[[R:.*]] = ingot.relu %arg0 : tensor<1x8x8x4xf32>
// CHECK: return %[[R]]
func.func @cancels_through_pointwise(%x: tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> {
  %0 = ingot.transpose %x [0, 3, 1, 2] : tensor<1x8x8x4xf32>
  %1 = ingot.relu %0 : tensor<1x4x8x8xf32>
  %2 = ingot.transpose %1 [0, 2, 3, 1] : tensor<1x4x8x8xf32>
  return %2 : tensor<1x8x8x4xf32>
}

// Squeeze and excite: [N, C, 1, 1] is [N, 1, 1, C] with axes of size 1 moved.
// CHECK-LABEL: @cancels_around_squeeze_and_excite
// CHECK-NOT: transpose
// CHECK: %[[MEAN:.*]] = ingot.reduce mean %arg0 [1, 2]
// CHECK: ingot.sigmoid
// CHECK: ingot.mul %arg0, %{{.*}} : tensor<1x8x8x4xf32>, tensor<1x1x1x4xf32>
func.func @cancels_around_squeeze_and_excite(%x: tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> {
  %0 = ingot.transpose %x [0, 3, 1, 2] : tensor<1x8x8x4xf32>
  %1 = ingot.reduce mean %0 [2, 3] : tensor<1x4x8x8xf32>
  %2 = ingot.sigmoid %1 : tensor<1x4x1x1xf32>
  %3 = ingot.mul %0, %2 : tensor<1x4x8x8xf32>, tensor<1x4x1x1xf32>
  %4 = ingot.transpose %3 [0, 2, 3, 1] : tensor<1x4x8x8xf32>
  return %4 : tensor<1x8x8x4xf32>
}

// CHECK-LABEL: @cancels_through_concat_and_pad
// CHECK-NOT: transpose
// CHECK: %[[C:.*]] = ingot.concat %arg0, %arg1 3
// CHECK: ingot.pad %[[C]], %{{.*}} [0, 1, 2, 0] [0, 1, 2, 0]
func.func @cancels_through_concat_and_pad(%x: tensor<1x8x8x4xf32>, %y: tensor<1x8x8x2xf32>) -> tensor<1x10x12x6xf32> {
  %zero = ingot.constant dense<0.0> : tensor<f32>
  %0 = ingot.transpose %x [0, 3, 1, 2] : tensor<1x8x8x4xf32>
  %1 = ingot.transpose %y [0, 3, 1, 2] : tensor<1x8x8x2xf32>
  %2 = ingot.concat %0, %1 1 : tensor<1x4x8x8xf32>, tensor<1x2x8x8xf32>
  %3 = ingot.pad %2, %zero [0, 0, 1, 2] [0, 0, 1, 2] : tensor<1x6x8x8xf32>, tensor<f32>
  %4 = ingot.transpose %3 [0, 2, 3, 1] : tensor<1x6x10x12xf32>
  return %4 : tensor<1x10x12x6xf32>
}

// [N, C, H*W] -> [N, H*W, C], as vision transformers make patches.
// CHECK-LABEL: @cancels_through_reshape
// CHECK-NOT: transpose
// CHECK: ingot.reshape %arg0 {{.*}} -> tensor<?x64x4xf32
func.func @cancels_through_reshape(%x: tensor<?x8x8x4xf32, #ingot.shape<[N, 8, 8, 4]>>) -> tensor<?x64x4xf32, #ingot.shape<[N, 64, 4]>> {
  %0 = ingot.transpose %x [0, 3, 1, 2] : tensor<?x8x8x4xf32, #ingot.shape<[N, 8, 8, 4]>>
  %1 = ingot.reshape %0 : tensor<?x4x8x8xf32, #ingot.shape<[N, 4, 8, 8]>> -> tensor<?x4x64xf32, #ingot.shape<[N, 4, 64]>>
  %2 = ingot.transpose %1 [0, 2, 1] : tensor<?x4x64xf32, #ingot.shape<[N, 4, 64]>>
  return %2 : tensor<?x64x4xf32, #ingot.shape<[N, 64, 4]>>
}

// The weight's rows are put in the order of the untransposed features.
// CHECK-LABEL: @moves_into_the_weight
// CHECK-DAG: %[[W:.*]] = ingot.constant
// CHECK-DAG: %[[FLAT:.*]] = ingot.reshape %arg0 : tensor<2x3x5x4xf32> -> tensor<2x60xf32>
// CHECK-DAG: %[[ROWS:.*]] = ingot.reshape %[[W]] : tensor<60x7xf32> -> tensor<4x3x5x7xf32>
// CHECK-DAG: %[[MOVED:.*]] = ingot.transpose %[[ROWS]] [1, 2, 0, 3]
// CHECK-DAG: %[[WEIGHT:.*]] = ingot.reshape %[[MOVED]] : tensor<3x5x4x7xf32> -> tensor<60x7xf32>
// CHECK: ingot.matmul %[[FLAT]], %[[WEIGHT]]
func.func @moves_into_the_weight(%x: tensor<2x3x5x4xf32>) -> tensor<2x7xf32> {
  %w = ingot.constant dense_resource<w> : tensor<60x7xf32>
  %0 = ingot.transpose %x [0, 3, 1, 2] : tensor<2x3x5x4xf32>
  %1 = ingot.reshape %0 : tensor<2x4x3x5xf32> -> tensor<2x60xf32>
  %2 = ingot.matmul %1, %w : tensor<2x60xf32>, tensor<60x7xf32>
  return %2 : tensor<2x7xf32>
}

// Two transpositions become one: a sum of a channels-last tensor and a channels-first input.
// CHECK-LABEL: @hoists_where_it_saves
// CHECK: %[[Y:.*]] = ingot.transpose %arg1 [0, 2, 3, 1]
// CHECK: ingot.add %arg0, %[[Y]]
// CHECK-NOT: transpose
func.func @hoists_where_it_saves(%x: tensor<1x8x8x4xf32>, %y: tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32> {
  %0 = ingot.transpose %x [0, 3, 1, 2] : tensor<1x8x8x4xf32>
  %1 = ingot.add %0, %y : tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>
  %2 = ingot.transpose %1 [0, 2, 3, 1] : tensor<1x4x8x8xf32>
  return %2 : tensor<1x8x8x4xf32>
}

// A group normalisation takes its groups out of the channels, wherever they lie.
// CHECK-LABEL: @cancels_around_group_norm
// CHECK-NOT: transpose
// CHECK: %[[G:.*]] = ingot.reshape %arg0 : tensor<1x8x8x4xf32> -> tensor<1x8x8x2x2xf32>
// CHECK: %[[N:.*]] = ingot.normalize %[[G]] [1, 2, 4]
// CHECK: ingot.reshape %[[N]] : tensor<1x8x8x2x2xf32> -> tensor<1x8x8x4xf32>
func.func @cancels_around_group_norm(%x: tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> {
  %0 = ingot.transpose %x [0, 3, 1, 2] : tensor<1x8x8x4xf32>
  %1 = ingot.reshape %0 : tensor<1x4x8x8xf32> -> tensor<1x2x128xf32>
  %2 = ingot.normalize %1 [2] <{epsilon = 1.0e-5 : f64}> : tensor<1x2x128xf32>
  %3 = ingot.reshape %2 : tensor<1x2x128xf32> -> tensor<1x4x8x8xf32>
  %4 = ingot.transpose %3 [0, 2, 3, 1] : tensor<1x4x8x8xf32>
  return %4 : tensor<1x8x8x4xf32>
}

// Heads come back to channels-last with one transposition of the product, not two.
// CHECK-LABEL: @hoists_above_a_reshape
// CHECK: %[[T:.*]] = ingot.transpose %arg0 [0, 2, 1, 3]
// CHECK: ingot.reshape %[[T]] : tensor<1x64x4x16xf32> -> tensor<1x8x8x64xf32>
// CHECK-NOT: transpose
func.func @hoists_above_a_reshape(%x: tensor<1x4x64x16xf32>) -> tensor<1x8x8x64xf32> {
  %0 = ingot.transpose %x [0, 1, 3, 2] : tensor<1x4x64x16xf32>
  %1 = ingot.reshape %0 : tensor<1x4x16x64xf32> -> tensor<1x64x8x8xf32>
  %2 = ingot.transpose %1 [0, 2, 3, 1] : tensor<1x64x8x8xf32>
  return %2 : tensor<1x8x8x64xf32>
}

// CHECK-LABEL: @stays_where_nothing_is_saved
// CHECK: ingot.relu %arg0
// CHECK: ingot.transpose
func.func @stays_where_nothing_is_saved(%x: tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32> {
  %0 = ingot.relu %x : tensor<1x4x8x8xf32>
  %1 = ingot.transpose %0 [0, 2, 3, 1] : tensor<1x4x8x8xf32>
  return %1 : tensor<1x8x8x4xf32>
}

// Heads are put together: no reshape of the untransposed tensor does that.
// CHECK-LABEL: @stays_before_a_reshape_across_axes
// CHECK: ingot.transpose %arg0 [0, 2, 1, 3]
// CHECK: ingot.reshape
func.func @stays_before_a_reshape_across_axes(%x: tensor<1x12x128x64xf32>) -> tensor<1x128x768xf32> {
  %0 = ingot.transpose %x [0, 2, 1, 3] : tensor<1x12x128x64xf32>
  %1 = ingot.reshape %0 : tensor<1x128x12x64xf32> -> tensor<1x128x768xf32>
  return %1 : tensor<1x128x768xf32>
}

// Rows of a softmax that lie together stay together.
// CHECK-LABEL: @stays_before_a_softmax_over_rows
// CHECK: ingot.transpose
// CHECK: ingot.softmax %{{.*}} 2
func.func @stays_before_a_softmax_over_rows(%x: tensor<2x8x16xf32>) -> tensor<2x16x8xf32> {
  %0 = ingot.transpose %x [0, 2, 1] : tensor<2x8x16xf32>
  %1 = ingot.softmax %0 2 : tensor<2x16x8xf32>
  return %1 : tensor<2x16x8xf32>
}

// The gradient of a weight: rows of a batch are put in order as rows, and read across.
// CHECK-LABEL: @keeps_rows_that_are_read_across
// CHECK: %[[ROWS:.*]] = ingot.transpose %arg0 [1, 0, 2] : tensor<3x7x20xf32>
// CHECK: %[[MERGED:.*]] = ingot.reshape %[[ROWS]] : tensor<7x3x20xf32> -> tensor<21x20xf32>
// CHECK: %[[ACROSS:.*]] = ingot.transpose %[[MERGED]] [1, 0]
// CHECK: ingot.matmul %[[ACROSS]], %arg1
func.func @keeps_rows_that_are_read_across(%x: tensor<3x7x20xf32>, %y: tensor<21x5xf32>) -> tensor<20x5xf32> {
  %0 = ingot.transpose %x [1, 0, 2] : tensor<3x7x20xf32>
  %1 = ingot.reshape %0 : tensor<7x3x20xf32> -> tensor<21x20xf32>
  %2 = ingot.transpose %1 [1, 0] : tensor<21x20xf32>
  %3 = ingot.matmul %2, %y : tensor<20x21xf32>, tensor<21x5xf32>
  return %3 : tensor<20x5xf32>
}
