// RUN: ingot-opt --ingot-merge-products %s | FileCheck %s

// CHECK-LABEL: @projections
// CHECK: %[[W:.*]] = ingot.concat %{{.*}}, %{{.*}}, %{{.*}} 1 : tensor<32x8xf32>, tensor<32x8xf32>, tensor<32x16xf32>
// CHECK: %[[P:.*]] = ingot.matmul %arg0, %[[W]]
// CHECK: %[[B:.*]] = ingot.concat %{{.*}} 0
// CHECK: %[[S:.*]] = ingot.add %[[P]], %[[B]] : tensor<5x32xf32>, tensor<32xf32>
// CHECK-DAG: ingot.slice %[[S]] <[0, 0]> [1, 1] {{.*}} -> tensor<5x8xf32>
// CHECK-DAG: ingot.slice %[[S]] <[0, 8]> [1, 1] {{.*}} -> tensor<5x8xf32>
// CHECK-DAG: ingot.slice %[[S]] <[0, 16]> [1, 1] {{.*}} -> tensor<5x16xf32>
// CHECK: ingot.attention
func.func @projections(%x: tensor<5x32xf32>) -> tensor<5x16xf32> {
  %a = ingot.constant dense_resource<a> : tensor<32x8xf32>
  %b = ingot.constant dense_resource<b> : tensor<32x8xf32>
  %c = ingot.constant dense_resource<c> : tensor<32x16xf32>
  %s = ingot.constant dense_resource<s> : tensor<8xf32>
  %t = ingot.constant dense_resource<t> : tensor<16xf32>
  %0 = ingot.matmul %x, %a : tensor<5x32xf32>, tensor<32x8xf32>
  %q = ingot.add %0, %s : tensor<5x8xf32>, tensor<8xf32>
  %1 = ingot.matmul %x, %b : tensor<5x32xf32>, tensor<32x8xf32>
  %k = ingot.add %1, %s : tensor<5x8xf32>, tensor<8xf32>
  %2 = ingot.matmul %x, %c : tensor<5x32xf32>, tensor<32x16xf32>
  %v = ingot.add %2, %t : tensor<5x16xf32>, tensor<16xf32>
  %y = ingot.attention %q, %k, %v : tensor<5x8xf32>, tensor<5x8xf32>, tensor<5x16xf32>
  return %y : tensor<5x16xf32>
}

// A gate is computed in its product's epilogue.
// CHECK-LABEL: @not_with_pointwise_users
// CHECK-NOT: ingot.concat
func.func @not_with_pointwise_users(%x: tensor<5x32xf32>) -> tensor<5x8xf32> {
  %a = ingot.constant dense_resource<a> : tensor<32x8xf32>
  %b = ingot.constant dense_resource<b> : tensor<32x8xf32>
  %0 = ingot.matmul %x, %a : tensor<5x32xf32>, tensor<32x8xf32>
  %1 = ingot.matmul %x, %b : tensor<5x32xf32>, tensor<32x8xf32>
  %2 = ingot.sigmoid %0 : tensor<5x8xf32>
  %3 = ingot.mul %2, %1 : tensor<5x8xf32>, tensor<5x8xf32>
  return %3 : tensor<5x8xf32>
}

// CHECK-LABEL: @not_of_different_tensors
// CHECK-NOT: ingot.concat
func.func @not_of_different_tensors(%x: tensor<5x32xf32>, %z: tensor<7x32xf32>) -> tensor<5x8xf32> {
  %a = ingot.constant dense_resource<a> : tensor<32x8xf32>
  %q = ingot.matmul %x, %a : tensor<5x32xf32>, tensor<32x8xf32>
  %k = ingot.matmul %z, %a : tensor<7x32xf32>, tensor<32x8xf32>
  %y = ingot.attention %q, %k, %k : tensor<5x8xf32>, tensor<7x8xf32>, tensor<7x8xf32>
  return %y : tensor<5x8xf32>
}
