// RUN: ingot-opt %s | FileCheck %s

// CHECK-LABEL: @symbols_stay
func.func @symbols_stay(%x: tensor<?x?x2x4x8xf32, #ingot.shape<[T, N, 2, 4, 8]>>, %r: tensor<2x8x4x8xf32>,
    %h: tensor<2x?x8xf32, #ingot.shape<[2, N, 8]>>, %p: tensor<2x3x8xf32>, %n: tensor<?xi32, #ingot.shape<[N]>>)
    -> (tensor<?x?x2x8xf32, #ingot.shape<[T, N, 2, 8]>>, tensor<2x?x8xf32, #ingot.shape<[2, N, 8]>>) {
  %0:5 = ingot.lstm(%x, %r, %h, %h, %p, %n) <{direction = #ingot<direction bidirectional>,
    activations = ["sigmoid", "tanh", "tanh"], parameters = array<f64: 0.0, 0.0, 0.0, 0.0, 0.0, 0.0>}>
    : tensor<?x?x2x4x8xf32, #ingot.shape<[T, N, 2, 4, 8]>>, tensor<2x8x4x8xf32>, tensor<2x?x8xf32, #ingot.shape<[2, N, 8]>>,
      tensor<2x?x8xf32, #ingot.shape<[2, N, 8]>>, tensor<2x3x8xf32>, tensor<?xi32, #ingot.shape<[N]>>
  return %0#0, %0#2 : tensor<?x?x2x8xf32, #ingot.shape<[T, N, 2, 8]>>, tensor<2x?x8xf32, #ingot.shape<[2, N, 8]>>
}

// CHECK-LABEL: @gru_keeps_four_gates_for_its_gradient
func.func @gru_keeps_four_gates_for_its_gradient(%x: tensor<5x3x1x3x6xf32>, %r: tensor<1x6x3x6xf32>, %h: tensor<1x3x6xf32>,
    %b: tensor<1x6xf32>) -> tensor<5x3x1x4x6xf32> {
  %0:3 = ingot.gru(%x, %r, %h, %b) <{direction = #ingot<direction reverse>, activations = ["sigmoid", "tanh"],
    parameters = array<f64: 0.0, 0.0, 0.0, 0.0>, linear_before_reset = true}>
    : tensor<5x3x1x3x6xf32>, tensor<1x6x3x6xf32>, tensor<1x3x6xf32>, tensor<1x6xf32>
  return %0#2 : tensor<5x3x1x4x6xf32>
}
