// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @attention_1_element_types_differ(%q: tensor<5x8xf32>, %k: tensor<7x8xf64>, %v: tensor<7x8xf32>) {
  // expected-error@below {{needs three matrices of one element type}}
  %0 = ingot.attention %q, %k, %v : tensor<5x8xf32>, tensor<7x8xf64>, tensor<7x8xf32>
  return
}

// -----

func.func @attention_2_widths_differ(%q: tensor<5x8xf32>, %k: tensor<7x9xf32>, %v: tensor<7x8xf32>) {
  // expected-error@below {{queries and keys are not equally wide: queries 5x8, keys 7x9}}
  %0 = ingot.attention %q, %k, %v : tensor<5x8xf32>, tensor<7x9xf32>, tensor<7x8xf32>
  return
}

// -----

func.func @attention_3_lengths_differ(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<6x8xf32>) {
  // expected-error@below {{there are not as many keys as values: keys 7x8, values 6x8}}
  %0 = ingot.attention %q, %k, %v : tensor<5x8xf32>, tensor<7x8xf32>, tensor<6x8xf32>
  return
}

// -----

func.func @attention_4_batches_differ(%q: tensor<2x5x8xf32>, %k: tensor<3x7x8xf32>, %v: tensor<3x7x8xf32>) {
  // expected-error@below {{leading dimensions do not broadcast: queries 2x5x8, keys 3x7x8, values 3x7x8}}
  %0 = ingot.attention %q, %k, %v : tensor<2x5x8xf32>, tensor<3x7x8xf32>, tensor<3x7x8xf32>
  return
}

// -----

func.func @attention_5_queries_first(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x8xf32>, %m: tensor<5x7xi1>) {
  // expected-error@below {{the mask does not fit the scores, keys by queries: mask 'tensor<5x7xi1>', queries 5x8, keys 7x8}}
  %0 = ingot.attention %q, %k, %v mask %m : tensor<5x8xf32>, tensor<7x8xf32>, tensor<7x8xf32>, tensor<5x7xi1>
  return
}

// -----

func.func @attention_6_two_numbers(%q: tensor<5x8xf32>, %k: tensor<7x8xf32>, %v: tensor<7x8xf32>) {
  // expected-error@below {{causal must be one number, not 2}}
  %0 = ingot.attention %q, %k, %v <{causal = #ingot.shape<[0, 1]>}> : tensor<5x8xf32>, tensor<7x8xf32>, tensor<7x8xf32>
  return
}
