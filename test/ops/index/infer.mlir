// RUN: ingot-opt %s | FileCheck %s

// CHECK-LABEL: @indices_take_the_place_of_the_axis
func.func @indices_take_the_place_of_the_axis(%x: tensor<3x9x2xf32>, %i: tensor<?x5xi64, #ingot.shape<[n, 5]>>)
    -> tensor<3x?x5x2xf32, #ingot.shape<[3, n, 5, 2]>> {
  %0 = ingot.gather %x, %i 1 : tensor<3x9x2xf32>, tensor<?x5xi64, #ingot.shape<[n, 5]>>
  return %0 : tensor<3x?x5x2xf32, #ingot.shape<[3, n, 5, 2]>>
}

// CHECK-LABEL: @tuples_select_slices
func.func @tuples_select_slices(%x: tensor<4x5x6xf32>, %i: tensor<3x2xi64>) -> tensor<3x6xf32> {
  %0 = ingot.gather_nd %x, %i : tensor<4x5x6xf32>, tensor<3x2xi64>
  return %0 : tensor<3x6xf32>
}

// CHECK-LABEL: @scatter_keeps_the_type
func.func @scatter_keeps_the_type(%x: tensor<4x5xf32>, %i: tensor<2x5xi64>, %u: tensor<2x5xf32>) -> tensor<4x5xf32> {
  %0 = ingot.scatter_elements %x, %i, %u 0 : tensor<4x5xf32>, tensor<2x5xi64>, tensor<2x5xf32>
  return %0 : tensor<4x5xf32>
}
