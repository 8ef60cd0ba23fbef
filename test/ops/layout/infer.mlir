// RUN: ingot-opt %s | FileCheck %s

// CHECK-LABEL: @transpose_permutes_symbols
func.func @transpose_permutes_symbols(%x: tensor<?x3x?xf32, #ingot.shape<[n, 3, seq]>>)
    -> tensor<?x?x3xf32, #ingot.shape<[seq, n, 3]>> {
  %0 = ingot.transpose %x [2, 0, 1] : tensor<?x3x?xf32, #ingot.shape<[n, 3, seq]>>
  return %0 : tensor<?x?x3xf32, #ingot.shape<[seq, n, 3]>>
}

// CHECK-LABEL: @concat_adds_symbols
func.func @concat_adds_symbols(%a: tensor<?x3xf32, #ingot.shape<[past, 3]>>, %b: tensor<?x3xf32, #ingot.shape<[seq, 3]>>)
    -> tensor<?x3xf32, #ingot.shape<[past + seq, 3]>> {
  %0 = ingot.concat %a, %b 0 : tensor<?x3xf32, #ingot.shape<[past, 3]>>, tensor<?x3xf32, #ingot.shape<[seq, 3]>>
  return %0 : tensor<?x3xf32, #ingot.shape<[past + seq, 3]>>
}

// CHECK-LABEL: @pad_adds_amounts
func.func @pad_adds_amounts(%x: tensor<3x4xf32>, %v: tensor<f32>) -> tensor<6x3xf32> {
  %0 = ingot.pad %x, %v [1, 0] [2, -1] : tensor<3x4xf32>, tensor<f32>
  return %0 : tensor<6x3xf32>
}

// CHECK-LABEL: @reshape_of_a_symbolic_tensor
func.func @reshape_of_a_symbolic_tensor(%x: tensor<?x12xf32, #ingot.shape<[n, 12]>>)
    -> tensor<?x4xf32, #ingot.shape<[n * 3, 4]>> {
  %0 = ingot.reshape %x : tensor<?x12xf32, #ingot.shape<[n, 12]>> -> tensor<?x4xf32, #ingot.shape<[n * 3, 4]>>
  return %0 : tensor<?x4xf32, #ingot.shape<[n * 3, 4]>>
}

// CHECK-LABEL: @append_keeps_the_caches_shape
func.func @append_keeps_the_caches_shape(%c: tensor<?x3xf32, #ingot.shape<[room, 3]>>, %r: tensor<?x3xf32, #ingot.shape<[seq, 3]>>)
    -> tensor<?x3xf32, #ingot.shape<[room, 3]>> {
  %0 = ingot.append %c, %r <[past]> 0 : tensor<?x3xf32, #ingot.shape<[room, 3]>>, tensor<?x3xf32, #ingot.shape<[seq, 3]>>
  return %0 : tensor<?x3xf32, #ingot.shape<[room, 3]>>
}
