// RUN: ingot-opt %s | FileCheck %s

// CHECK-LABEL: @reduced_axes_stay_with_size_1
func.func @reduced_axes_stay_with_size_1(%x: tensor<?x5x6xf32, #ingot.shape<[n, 5, 6]>>)
    -> tensor<?x1x1xf32, #ingot.shape<[n, 1, 1]>> {
  %0 = ingot.reduce mean %x [1, 2] : tensor<?x5x6xf32, #ingot.shape<[n, 5, 6]>>
  return %0 : tensor<?x1x1xf32, #ingot.shape<[n, 1, 1]>>
}

// CHECK-LABEL: @all_axes_of_a_symbolic_tensor
func.func @all_axes_of_a_symbolic_tensor(%x: tensor<?xf32, #ingot.shape<[n]>>) -> tensor<1xf32> {
  %0 = ingot.reduce sum %x [0] : tensor<?xf32, #ingot.shape<[n]>>
  return %0 : tensor<1xf32>
}

// CHECK-LABEL: @arg_reduce_gives_indices
func.func @arg_reduce_gives_indices(%x: tensor<4x9xf32>) -> tensor<4x1xi64> {
  %0 = ingot.arg_reduce max %x 1 : tensor<4x9xf32>
  return %0 : tensor<4x1xi64>
}
