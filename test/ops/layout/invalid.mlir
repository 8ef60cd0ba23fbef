// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @reshape_changes_the_count(%x: tensor<4x6xf32>) {
  // expected-error@below {{element counts differ: 4x6 and 5x5}}
  %0 = ingot.reshape %x : tensor<4x6xf32> -> tensor<5x5xf32>
  return
}

// -----

func.func @axis_twice(%x: tensor<4x6xf32>) {
  // expected-error@below {{permutation is not a permutation of the 2 axes}}
  %0 = ingot.transpose %x [1, 1] : tensor<4x6xf32>
  return
}

// -----

func.func @axis_missing(%x: tensor<4x6xf32>) {
  // expected-error@below {{permutation has 1 entries for 2 axes}}
  %0 = ingot.transpose %x [1] : tensor<4x6xf32>
  return
}

// -----

func.func @broadcast_changes_an_extent(%x: tensor<4x6xf32>) {
  // expected-error@below {{does not broadcast: 4x6 to 8x6}}
  %0 = ingot.broadcast %x : tensor<4x6xf32> -> tensor<8x6xf32>
  return
}

// -----

func.func @slice_without_step(%x: tensor<4xf32>) {
  // expected-error@below {{has a step of 0}}
  %0 = ingot.slice %x <[1]> [0] : tensor<4xf32> -> tensor<2xf32>
  return
}

// -----

func.func @concat_of_other_shapes(%a: tensor<4x6xf32>, %b: tensor<4x5xf32>) {
  // expected-error@below {{shapes differ beside axis 0: 4x6 and 4x5}}
  %0 = ingot.concat %a, %b 0 : tensor<4x6xf32>, tensor<4x5xf32>
  return
}

// -----

func.func @pad_crops_everything(%x: tensor<4xf32>, %v: tensor<f32>) {
  // expected-error@below {{crops more than there is: 4}}
  %0 = ingot.pad %x, %v [-3] [-2] : tensor<4xf32>, tensor<f32>
  return
}

// -----

func.func @append_rows_of_another_width(%c: tensor<8x4xf32>, %r: tensor<1x3xf32>) {
  // expected-error@below {{rows 1x3 do not fit into a cache 8x4 along axis 0}}
  %0 = ingot.append %c, %r <[0]> 0 : tensor<8x4xf32>, tensor<1x3xf32>
  return
}

// -----

func.func @append_axis_out_of_range(%c: tensor<8x4xf32>, %r: tensor<1x4xf32>) {
  // expected-error@below {{axis 2 is out of range for rank 2}}
  %0 = ingot.append %c, %r <[0]> 2 : tensor<8x4xf32>, tensor<1x4xf32>
  return
}
