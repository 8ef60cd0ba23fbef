// RUN: ingot-opt --ingot-simplify-arithmetic --ingot-recognise-attention --canonicalize %s | FileCheck %s

// CHECK-LABEL: @plain
// CHECK: %[[K:.*]] = ingot.transpose %arg1 [0, 2, 1]
// CHECK: %[[Y:.*]] = ingot.attention %arg0, %[[K]], %arg2 {{.*}}scale = 1.250000e-01
// CHECK-NEXT: return %[[Y]]
func.func @plain(%q: tensor<3x5x64xf32>, %kt: tensor<3x64x7xf32>, %v: tensor<3x7x32xf32>) -> tensor<3x5x32xf32> {
  %eight = ingot.constant dense<8.0> : tensor<f32>
  %0 = ingot.matmul %q, %kt : tensor<3x5x64xf32>, tensor<3x64x7xf32>
  %1 = ingot.div %0, %eight : tensor<3x5x7xf32>, tensor<f32>
  %2 = ingot.softmax %1 2 : tensor<3x5x7xf32>
  %3 = ingot.matmul %2, %v : tensor<3x5x7xf32>, tensor<3x7x32xf32>
  return %3 : tensor<3x5x32xf32>
}

// Both factors are a square root of the scale; views lie between them and the product.
// CHECK-LABEL: @scaled_operands_and_an_added_mask
// CHECK-DAG: %[[Q:.*]] = ingot.transpose %arg0 [1, 0, 2]
// CHECK-DAG: %[[M:.*]] = ingot.transpose %arg3 [1, 0]
// CHECK: ingot.attention %[[Q]], %{{.*}}, %arg2 mask %[[M]] {{.*}}scale = 2.500000e-01
func.func @scaled_operands_and_an_added_mask(%q: tensor<5x3x16xf32>, %k: tensor<3x7x16xf32>, %v: tensor<3x7x16xf32>, %m: tensor<5x7xf32>)
    -> tensor<3x5x16xf32> {
  %half = ingot.constant dense<0.5> : tensor<f32>
  %0 = ingot.mul %q, %half : tensor<5x3x16xf32>, tensor<f32>
  %1 = ingot.transpose %0 [1, 0, 2] : tensor<5x3x16xf32>
  %2 = ingot.mul %k, %half : tensor<3x7x16xf32>, tensor<f32>
  %3 = ingot.transpose %2 [0, 2, 1] : tensor<3x7x16xf32>
  %4 = ingot.matmul %1, %3 : tensor<3x5x16xf32>, tensor<3x16x7xf32>
  %5 = ingot.add %4, %m : tensor<3x5x7xf32>, tensor<5x7xf32>
  %6 = ingot.softmax %5 2 : tensor<3x5x7xf32>
  %7 = ingot.matmul %6, %v : tensor<3x5x7xf32>, tensor<3x7x16xf32>
  return %7 : tensor<3x5x16xf32>
}

// A sum with zero or a huge negative number selects; a condition that does not depend on data and always holds vanishes.
// CHECK-LABEL: @padding
// CHECK: %[[M:.*]] = ingot.transpose %arg3 [0, 2, 1] : tensor<3x1x7xi1>
// CHECK: ingot.attention %{{.*}} mask %[[M]] {{.*}}{fill = -3.4028234663852886E+38
func.func @padding(%q: tensor<3x5x16xf32>, %kt: tensor<3x16x7xf32>, %v: tensor<3x7x16xf32>, %seen: tensor<3x1x7xi1>) -> tensor<3x5x16xf32> {
  %zero = ingot.constant dense<0.0> : tensor<f32>
  %lowest = ingot.constant dense<-3.40282347E+38> : tensor<f32>
  %none = ingot.constant dense<0> : tensor<i64>
  %i = ingot.iota 0 : tensor<5xi64>
  %0 = ingot.less_or_equal %none, %i : tensor<i64>, tensor<5xi64>
  %1 = ingot.reshape %0 : tensor<5xi1> -> tensor<1x5x1xi1>
  %2 = ingot.and %1, %seen : tensor<1x5x1xi1>, tensor<3x1x7xi1>
  %3 = ingot.select %2, %zero, %lowest : tensor<3x5x7xi1>, tensor<f32>, tensor<f32>
  %4 = ingot.matmul %q, %kt : tensor<3x5x16xf32>, tensor<3x16x7xf32>
  %5 = ingot.add %4, %3 : tensor<3x5x7xf32>, tensor<3x5x7xf32>
  %6 = ingot.softmax %5 2 : tensor<3x5x7xf32>
  %7 = ingot.matmul %6, %v : tensor<3x5x7xf32>, tensor<3x7x16xf32>
  return %7 : tensor<3x5x16xf32>
}

// key <= query + past
// CHECK-LABEL: @causal
// CHECK: ingot.attention %{{[^ ]*}}, %{{[^ ]*}}, %{{[^ ]*}} {{.*}}{causal = #ingot.shape<[past]>
func.func @causal(%q: tensor<?x16xf32, #ingot.shape<[seq, 16]>>, %kt: tensor<16x?xf32, #ingot.shape<[16, past + seq]>>,
                  %v: tensor<?x16xf32, #ingot.shape<[past + seq, 16]>>) -> tensor<?x16xf32, #ingot.shape<[seq, 16]>> {
  %least = ingot.constant dense<0xFF800000> : tensor<f32>
  %past = ingot.dimensions <[past]> {scalar} : tensor<i64>
  %i = ingot.iota 0 : tensor<?xi64, #ingot.shape<[seq]>>
  %p = ingot.add %i, %past : tensor<?xi64, #ingot.shape<[seq]>>, tensor<i64>
  %query = ingot.reshape %p : tensor<?xi64, #ingot.shape<[seq]>> -> tensor<?x1xi64, #ingot.shape<[seq, 1]>>
  %key = ingot.iota 1 : tensor<1x?xi64, #ingot.shape<[1, past + seq]>>
  %seen = ingot.less_or_equal %key, %query : tensor<1x?xi64, #ingot.shape<[1, past + seq]>>, tensor<?x1xi64, #ingot.shape<[seq, 1]>>
  %0 = ingot.matmul %q, %kt : tensor<?x16xf32, #ingot.shape<[seq, 16]>>, tensor<16x?xf32, #ingot.shape<[16, past + seq]>>
  %1 = ingot.select %seen, %0, %least : tensor<?x?xi1, #ingot.shape<[seq, past + seq]>>, tensor<?x?xf32, #ingot.shape<[seq, past + seq]>>, tensor<f32>
  %2 = ingot.softmax %1 1 : tensor<?x?xf32, #ingot.shape<[seq, past + seq]>>
  %3 = ingot.matmul %2, %v : tensor<?x?xf32, #ingot.shape<[seq, past + seq]>>, tensor<?x16xf32, #ingot.shape<[past + seq, 16]>>
  return %3 : tensor<?x16xf32, #ingot.shape<[seq, 16]>>
}

// CHECK-LABEL: @not_where_the_weights_are_returned
// CHECK-NOT: ingot.attention
func.func @not_where_the_weights_are_returned(%q: tensor<5x16xf32>, %kt: tensor<16x7xf32>, %v: tensor<7x16xf32>)
    -> (tensor<5x16xf32>, tensor<5x7xf32>) {
  %0 = ingot.matmul %q, %kt : tensor<5x16xf32>, tensor<16x7xf32>
  %1 = ingot.softmax %0 1 : tensor<5x7xf32>
  %2 = ingot.matmul %1, %v : tensor<5x7xf32>, tensor<7x16xf32>
  return %2, %1 : tensor<5x16xf32>, tensor<5x7xf32>
}

// CHECK-LABEL: @not_over_the_queries
// CHECK-NOT: ingot.attention
func.func @not_over_the_queries(%q: tensor<5x16xf32>, %kt: tensor<16x7xf32>, %v: tensor<7x16xf32>) -> tensor<5x16xf32> {
  %0 = ingot.matmul %q, %kt : tensor<5x16xf32>, tensor<16x7xf32>
  %1 = ingot.softmax %0 0 : tensor<5x7xf32>
  %2 = ingot.matmul %1, %v : tensor<5x7xf32>, tensor<7x16xf32>
  return %2 : tensor<5x16xf32>
}

// Products with weights are contractions of their own.
// CHECK-LABEL: @not_with_known_keys
// CHECK-NOT: ingot.attention
func.func @not_with_known_keys(%q: tensor<5x16xf32>, %v: tensor<7x16xf32>) -> tensor<5x16xf32> {
  %kt = ingot.constant dense_resource<k> : tensor<16x7xf32>
  %0 = ingot.matmul %q, %kt : tensor<5x16xf32>, tensor<16x7xf32>
  %1 = ingot.softmax %0 1 : tensor<5x7xf32>
  %2 = ingot.matmul %1, %v : tensor<5x7xf32>, tensor<7x16xf32>
  return %2 : tensor<5x16xf32>
}
