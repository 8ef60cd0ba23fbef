// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @recurrent_1_gates_differ(%x: tensor<7x2x1x3x8xf32>, %r: tensor<1x8x4x8xf32>, %s: tensor<1x2x8xf32>, %p: tensor<1x3x8xf32>) {
  // expected-error@below {{needs gates of shape [steps, batch, directions, 4, hidden], but has 7x2x1x3x8}}
  %0:5 = ingot.lstm(%x, %r, %s, %s, %p) <{direction = #ingot<direction forward>, activations = ["sigmoid", "tanh", "tanh"],
    parameters = array<f64: 0.0, 0.0, 0.0, 0.0, 0.0, 0.0>}> : tensor<7x2x1x3x8xf32>, tensor<1x8x4x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x3x8xf32>
  return
}

// -----

func.func @recurrent_2_directions_differ(%x: tensor<7x2x1x1x8xf32>, %r: tensor<1x8x1x8xf32>, %s: tensor<1x2x8xf32>) {
  // expected-error@below {{runs in 2 directions, but the gates are 7x2x1x1x8}}
  %0:2 = ingot.rnn(%x, %r, %s) <{direction = #ingot<direction bidirectional>, activations = ["tanh"], parameters = array<f64: 0.0, 0.0>}>
    : tensor<7x2x1x1x8xf32>, tensor<1x8x1x8xf32>, tensor<1x2x8xf32>
  return
}

// -----

func.func @recurrent_3_hidden_units_unknown(%x: tensor<7x2x1x1x?xf32, #ingot.shape<[7, 2, 1, 1, h]>>, %r: tensor<1x8x1x8xf32>, %s: tensor<1x2x8xf32>) {
  // expected-error@below {{needs a constant number of hidden units, but has 7x2x1x1xh}}
  %0:2 = ingot.rnn(%x, %r, %s) <{direction = #ingot<direction forward>, activations = ["tanh"], parameters = array<f64: 0.0, 0.0>}>
    : tensor<7x2x1x1x?xf32, #ingot.shape<[7, 2, 1, 1, h]>>, tensor<1x8x1x8xf32>, tensor<1x2x8xf32>
  return
}

// -----

func.func @recurrent_4_state_differs(%x: tensor<7x2x1x1x8xf32>, %r: tensor<1x8x1x8xf32>, %s: tensor<1x3x8xf32>) {
  // expected-error@below {{initial_h must be 1x2x8, but is 1x3x8}}
  %0:2 = ingot.rnn(%x, %r, %s) <{direction = #ingot<direction forward>, activations = ["tanh"], parameters = array<f64: 0.0, 0.0>}>
    : tensor<7x2x1x1x8xf32>, tensor<1x8x1x8xf32>, tensor<1x3x8xf32>
  return
}

// -----

func.func @recurrent_5_no_such_activation(%x: tensor<7x2x1x1x8xf32>, %r: tensor<1x8x1x8xf32>, %s: tensor<1x2x8xf32>) {
  // expected-error@below {{there is no activation 'cube'}}
  %0:2 = ingot.rnn(%x, %r, %s) <{direction = #ingot<direction forward>, activations = ["cube"], parameters = array<f64: 0.0, 0.0>}>
    : tensor<7x2x1x1x8xf32>, tensor<1x8x1x8xf32>, tensor<1x2x8xf32>
  return
}

// -----

func.func @recurrent_6_lengths_differ(%x: tensor<7x2x1x1x8xf32>, %r: tensor<1x8x1x8xf32>, %s: tensor<1x2x8xf32>, %n: tensor<3xi32>) {
  // expected-error@below {{has 3 lengths for a batch of 2}}
  %0:2 = ingot.rnn(%x, %r, %s, %n) <{direction = #ingot<direction forward>, activations = ["tanh"], parameters = array<f64: 0.0, 0.0>}>
    : tensor<7x2x1x1x8xf32>, tensor<1x8x1x8xf32>, tensor<1x2x8xf32>, tensor<3xi32>
  return
}
