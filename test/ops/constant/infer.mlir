// RUN: ingot-opt %s | FileCheck %s

// CHECK-LABEL: @value_gives_the_type
func.func @value_gives_the_type() -> tensor<2x2xf32> {
  // CHECK: ingot.constant dense<{{.*}}> : tensor<2x2xf32>
  %0 = ingot.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// CHECK-LABEL: @dimensions_as_data
func.func @dimensions_as_data() -> tensor<2xi64> {
  // CHECK: ingot.dimensions <[batch, seq * 2]> : tensor<2xi64>
  %0 = ingot.dimensions <[batch, seq * 2]> : tensor<2xi64>
  return %0 : tensor<2xi64>
}

// CHECK-LABEL: @positions
func.func @positions() -> tensor<?xi64, #ingot.shape<[seq]>> {
  %0 = ingot.iota 0 : tensor<?xi64, #ingot.shape<[seq]>>
  return %0 : tensor<?xi64, #ingot.shape<[seq]>>
}
