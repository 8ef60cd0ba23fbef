// RUN: ingot-opt %s -split-input-file -ingot-recompute | FileCheck %s --check-prefix=KEEP
// RUN: ingot-opt %s -split-input-file -ingot-recompute="operations-per-byte=16" | FileCheck %s --check-prefix=LIGHT
// RUN: ingot-opt %s -split-input-file -ingot-recompute="operations-per-byte=inf segment-bytes=9000" | FileCheck %s --check-prefix=CUTS

// The product takes 32 operations a byte, tanh less: backward takes tanh again from the product. Kept or not, backward is late.
// KEEP: %[[Y:.*]] = ingot.tanh
// KEEP-NOT: ingot.again
// KEEP: ingot.mul %[[Y]], %[[Y]] {ingot.late}
// LIGHT: %[[SUM:.*]] = ingot.matmul %arg0, %arg1 : tensor
// LIGHT: ingot.tanh %[[SUM]] : tensor
// LIGHT: ingot.reduce
// LIGHT: %[[AGAIN:.*]] = ingot.tanh %[[SUM]] {ingot.again, ingot.late}
// LIGHT: ingot.mul %[[AGAIN]], %[[AGAIN]] {ingot.late}
func.func @main(%x: tensor<8x64xf32>, %w: tensor<64x32xf32>) -> (tensor<1x1xf32> {ingot.role = "loss"}, tensor<8x32xf32> {ingot.role = "gradient"}) {
  %0 = ingot.matmul %x, %w : tensor<8x64xf32>, tensor<64x32xf32>
  %1 = ingot.tanh %0 : tensor<8x32xf32>
  %2 = ingot.reduce sum %1 [0, 1] : tensor<8x32xf32>
  %3 = ingot.mul %1, %1 : tensor<8x32xf32>, tensor<8x32xf32>
  return %2, %3 : tensor<1x1xf32>, tensor<8x32xf32>
}

// -----

// Four results of 4096 bytes, a cut behind the second: the first is computed again from the input, the second crosses the
// cut, and the last two are the last segment.
// CUTS: %[[A:.*]] = ingot.tanh %arg0 : tensor
// CUTS: %[[B:.*]] = ingot.exp %[[A]] : tensor
// CUTS: %[[C:.*]] = ingot.tanh %[[B]] : tensor
// CUTS: %[[D:.*]] = ingot.exp %[[C]] : tensor
// CUTS: ingot.mul %[[D]], %[[C]] {ingot.late}
// CUTS: ingot.mul %{{.*}}, %[[B]] {ingot.late}
// CUTS: %[[AGAIN:.*]] = ingot.tanh %arg0 {ingot.again, ingot.late}
// CUTS: ingot.mul %{{.*}}, %[[AGAIN]] {ingot.late}
func.func @main(%x: tensor<1024xf32>) -> (tensor<1xf32> {ingot.role = "loss"}, tensor<1024xf32> {ingot.role = "gradient"}) {
  %a = ingot.tanh %x : tensor<1024xf32>
  %b = ingot.exp %a : tensor<1024xf32>
  %c = ingot.tanh %b : tensor<1024xf32>
  %d = ingot.exp %c : tensor<1024xf32>
  %loss = ingot.reduce sum %d [0] : tensor<1024xf32>
  %0 = ingot.mul %d, %c : tensor<1024xf32>, tensor<1024xf32>
  %1 = ingot.mul %0, %b : tensor<1024xf32>, tensor<1024xf32>
  %2 = ingot.mul %1, %a : tensor<1024xf32>, tensor<1024xf32>
  return %loss, %2 : tensor<1xf32>, tensor<1024xf32>
}
