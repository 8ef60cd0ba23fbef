// RUN: ingot-opt %s -split-input-file --pass-pipeline="builtin.module(func.func(ingot-widen-half, canonicalize, cse))" | FileCheck %s

// Computed in float32, rounded once, where the result is stored. A constant whose number must be seen is widened at once.
// CHECK-LABEL: @arithmetic
// CHECK-DAG: %[[HALF:.*]] = ingot.constant dense<5.000000e-01> : tensor<f32>
// CHECK-DAG: %[[X:.*]] = ingot.cast %arg0 to f32 : tensor<?x8xf16, #ingot.shape<[N, 8]>>
// CHECK: %[[S:.*]] = ingot.mul %[[X]], %[[HALF]] : tensor<?x8xf32, #ingot.shape<[N, 8]>>, tensor<f32>
// CHECK: %[[R:.*]] = ingot.relu %[[S]]
// CHECK: %[[Y:.*]] = ingot.cast %[[R]] to f16
// CHECK: return %[[Y]]
func.func @arithmetic(%x: tensor<?x8xf16, #ingot.shape<[N, 8]>>) -> tensor<?x8xf16, #ingot.shape<[N, 8]>> {
  %h = ingot.constant dense<0.5> : tensor<f16>
  %0 = ingot.mul %x, %h : tensor<?x8xf16, #ingot.shape<[N, 8]>>, tensor<f16>
  %1 = ingot.relu %0 : tensor<?x8xf16, #ingot.shape<[N, 8]>>
  return %1 : tensor<?x8xf16, #ingot.shape<[N, 8]>>
}

// -----

// What only moves stored elements moves them as they are; rounding that the model asks for stays.
// CHECK-LABEL: @stored
// CHECK: %[[ROWS:.*]] = ingot.gather %arg0, %arg1 0 : tensor<90x64xbf16>, tensor<3xi64>
// CHECK: %[[T:.*]] = ingot.transpose %[[ROWS]] [1, 0] : tensor<3x64xbf16>
// CHECK: %[[WIDE:.*]] = ingot.cast %[[T]] to f32
// CHECK: %[[E:.*]] = ingot.exp %[[WIDE]] : tensor<64x3xf32>
// CHECK: %[[ROUNDED:.*]] = ingot.cast %[[E]] to f16
// CHECK: %[[AGAIN:.*]] = ingot.cast %[[ROUNDED]] to f32
// CHECK: %[[L:.*]] = ingot.log %[[AGAIN]]
// CHECK: return %[[T]], %[[L]] : tensor<64x3xbf16>, tensor<64x3xf32>
func.func @stored(%t: tensor<90x64xbf16>, %i: tensor<3xi64>) -> (tensor<64x3xbf16>, tensor<64x3xf32>) {
  %0 = ingot.gather %t, %i 0 : tensor<90x64xbf16>, tensor<3xi64>
  %1 = ingot.transpose %0 [1, 0] : tensor<3x64xbf16>
  %2 = ingot.exp %1 : tensor<64x3xbf16>
  %3 = ingot.cast %2 to f16 : tensor<64x3xbf16>
  %4 = ingot.log %3 : tensor<64x3xf16>
  %5 = ingot.cast %4 to f32 : tensor<64x3xf16>
  return %1, %5 : tensor<64x3xbf16>, tensor<64x3xf32>
}

// -----

// Rows are rounded to the cache that they are stored in.
// CHECK-LABEL: @cache
// CHECK: %[[ROWS:.*]] = ingot.cast %{{.*}} to f16 : tensor<1x2x1x8xf32>
// CHECK: ingot.append %arg0, %[[ROWS]]
func.func @cache(%c: tensor<1x2x16x8xf16>, %x: tensor<1x2x1x8xf16>) -> tensor<1x2x16x8xf16> {
  %0 = ingot.tanh %x : tensor<1x2x1x8xf16>
  %1 = ingot.append %c, %0 <[3]> 2 : tensor<1x2x16x8xf16>, tensor<1x2x1x8xf16>
  return %1 : tensor<1x2x16x8xf16>
}

// -----

// float32 stays as it is.
// CHECK-LABEL: @single
// CHECK-NOT: ingot.cast
func.func @single(%x: tensor<4xf32>, %i: tensor<4xi64>) -> (tensor<4xf32>, tensor<4xi64>) {
  %0 = ingot.exp %x : tensor<4xf32>
  %1 = ingot.add %i, %i : tensor<4xi64>, tensor<4xi64>
  return %0, %1 : tensor<4xf32>, tensor<4xi64>
}

// -----

// A number that is repeated is no table.
// CHECK-LABEL: @repeated
// CHECK: %[[ONE:.*]] = ingot.constant dense<1.000000e+00> : tensor<4xf32>
// CHECK: ingot.select %arg0, %{{.*}}, %[[ONE]]
func.func @repeated(%c: tensor<4xi1>, %x: tensor<4xf32>) -> tensor<4xf16> {
  %h = ingot.constant dense<1.0> : tensor<f16>
  %0 = ingot.broadcast %h : tensor<f16> -> tensor<4xf16>
  %1 = ingot.cast %x to f16 : tensor<4xf32>
  %2 = ingot.select %c, %1, %0 : tensor<4xi1>, tensor<4xf16>, tensor<4xf16>
  return %2 : tensor<4xf16>
}

// -----

// So are rows that are put behind those of a cache.
// CHECK-LABEL: @past
// CHECK: %[[ROWS:.*]] = ingot.cast %{{.*}} to f16 : tensor<1x2x1x8xf32>
// CHECK: %[[ALL:.*]] = ingot.concat %arg0, %[[ROWS]] 2
// CHECK: ingot.cast %[[ALL]] to f32
func.func @past(%c: tensor<1x2x16x8xf16>, %x: tensor<1x2x1x8xf16>) -> (tensor<1x2x17x8xf16>, tensor<1x2x17x8xf16>) {
  %0 = ingot.tanh %x : tensor<1x2x1x8xf16>
  %1 = ingot.concat %c, %0 2 : tensor<1x2x16x8xf16>, tensor<1x2x1x8xf16>
  %2 = ingot.exp %1 : tensor<1x2x17x8xf16>
  return %1, %2 : tensor<1x2x17x8xf16>, tensor<1x2x17x8xf16>
}
