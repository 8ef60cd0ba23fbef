// RUN: ingot-opt %s | FileCheck %s
// The returned types are the inferred ones: a wrong rule would not parse.

// CHECK-LABEL: @values_of_another_width
func.func @values_of_another_width(%q: tensor<2x5x64xf32>, %k: tensor<2x7x64xf32>, %v: tensor<2x7x32xf32>) -> tensor<2x5x32xf32> {
  %y = ingot.attention %q, %k, %v <{scale = 0.125 : f64}> : tensor<2x5x64xf32>, tensor<2x7x64xf32>, tensor<2x7x32xf32>
  return %y : tensor<2x5x32xf32>
}

// CHECK-LABEL: @heads_share_keys
func.func @heads_share_keys(%q: tensor<2x3x5x8xf32>, %k: tensor<2x1x7x8xf32>, %v: tensor<2x1x7x8xf32>, %m: tensor<7x5xi1>)
    -> tensor<2x3x5x8xf32> {
  %y = ingot.attention %q, %k, %v mask %m : tensor<2x3x5x8xf32>, tensor<2x1x7x8xf32>, tensor<2x1x7x8xf32>, tensor<7x5xi1>
  return %y : tensor<2x3x5x8xf32>
}

// CHECK-LABEL: @symbols_pass_through
// CHECK: causal = #ingot.shape<[past]>
func.func @symbols_pass_through(%q: tensor<?x?x8xf32, #ingot.shape<[b, seq, 8]>>, %k: tensor<?x?x8xf32, #ingot.shape<[b, past + seq, 8]>>)
    -> tensor<?x?x8xf32, #ingot.shape<[b, seq, 8]>> {
  %y = ingot.attention %q, %k, %k <{causal = #ingot.shape<[past]>}> : tensor<?x?x8xf32, #ingot.shape<[b, seq, 8]>>,
    tensor<?x?x8xf32, #ingot.shape<[b, past + seq, 8]>>, tensor<?x?x8xf32, #ingot.shape<[b, past + seq, 8]>>
  return %y : tensor<?x?x8xf32, #ingot.shape<[b, seq, 8]>>
}
