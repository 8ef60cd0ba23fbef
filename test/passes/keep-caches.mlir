// RUN: ingot-opt --ingot-keep-caches --split-input-file --verify-diagnostics %s | FileCheck %s

// An input that is returned with rows behind it becomes memory with room for more. Its readers read a slice, before and
// after the new rows are there; its length is an input of its own.
// CHECK: ingot.requires = #ingot.shape<[past * -1 + past_capacity + steps * -1]>
// CHECK-SAME: ingot.symbol_bounds = [array<i64: 1, 8>, array<i64: 0, -1>, array<i64: 9, -1>]
// CHECK-SAME: ingot.symbols = ["steps", "past", "past_capacity"]
// CHECK: func.func @main(%[[CACHE:.*]]: tensor<2x?x4xf32, #ingot.shape<[2, past_capacity, 4]>> {ingot.name = "keys", ingot.role = "cache"}
// CHECK-SAME: %[[ROWS:[^ ]*]]: tensor<2x?x4xf32, #ingot.shape<[2, steps, 4]>>
// CHECK-SAME: tensor<i64> {ingot.name = "past", ingot.role = "length", ingot.symbol = "past"})
// CHECK-SAME: -> (tensor<2x?x4xf32, #ingot.shape<[2, past_capacity, 4]>> {ingot.cache = 0 : i64, ingot.name = "next"}
// CHECK: %[[PAST:.*]] = ingot.slice %[[CACHE]] <[0, 0, 0]> [1, 1, 1] {{.*}} -> tensor<2x?x4xf32, #ingot.shape<[2, past, 4]>>
// CHECK: %[[NEXT:.*]] = ingot.append %[[CACHE]], %[[ROWS]] <[past]> 1
// CHECK: %[[ALL:.*]] = ingot.slice %[[NEXT]] {{.*}} -> tensor<2x?x4xf32, #ingot.shape<[2, past + steps, 4]>>
// CHECK: %[[A:.*]] = ingot.relu %[[ALL]]
// CHECK: %[[B:.*]] = ingot.exp %[[PAST]]
// CHECK: return %[[NEXT]], %[[A]], %[[B]]
module attributes {ingot.symbols = ["steps", "past"], ingot.symbol_bounds = [array<i64: 1, 8>, array<i64: 0, -1>]} {
  func.func @main(%past: tensor<2x?x4xf32, #ingot.shape<[2, past, 4]>> {ingot.name = "keys"},
                  %rows: tensor<2x?x4xf32, #ingot.shape<[2, steps, 4]>> {ingot.name = "rows"})
      -> (tensor<2x?x4xf32, #ingot.shape<[2, past + steps, 4]>> {ingot.name = "next"},
          tensor<2x?x4xf32, #ingot.shape<[2, past + steps, 4]>> {ingot.name = "a"},
          tensor<2x?x4xf32, #ingot.shape<[2, past, 4]>> {ingot.name = "b"}) {
    %all = ingot.concat %past, %rows 1 : tensor<2x?x4xf32, #ingot.shape<[2, past, 4]>>, tensor<2x?x4xf32, #ingot.shape<[2, steps, 4]>>
    %a = ingot.relu %all : tensor<2x?x4xf32, #ingot.shape<[2, past + steps, 4]>>
    %b = ingot.exp %past : tensor<2x?x4xf32, #ingot.shape<[2, past, 4]>>
    return %all, %a, %b : tensor<2x?x4xf32, #ingot.shape<[2, past + steps, 4]>>, tensor<2x?x4xf32, #ingot.shape<[2, past + steps, 4]>>, tensor<2x?x4xf32, #ingot.shape<[2, past, 4]>>
  }
}

// -----

// The room for bounded sizes is at least what they may need. Where another input has the length, it tells it. A second
// output of the same rows is a copy.
// CHECK: ingot.symbol_bounds = [array<i64: 0, 20>, array<i64: 21, -1>]
// CHECK: func.func @main
// CHECK-NOT: ingot.role = "length"
// CHECK: %[[NEXT:.*]] = ingot.append
// CHECK: %[[ALL:.*]] = ingot.slice %[[NEXT]]
// CHECK: return %[[NEXT]], %[[ALL]]
module attributes {ingot.symbols = ["past"], ingot.symbol_bounds = [array<i64: 0, 20>]} {
  func.func @main(%past: tensor<?x4xf32, #ingot.shape<[past, 4]>> {ingot.name = "keys"}, %row: tensor<1x4xf32> {ingot.name = "row"},
                  %mask: tensor<?xf32, #ingot.shape<[past]>> {ingot.name = "mask"})
      -> (tensor<?x4xf32, #ingot.shape<[past + 1, 4]>>, tensor<?x4xf32, #ingot.shape<[past + 1, 4]>>) {
    %all = ingot.concat %past, %row 0 : tensor<?x4xf32, #ingot.shape<[past, 4]>>, tensor<1x4xf32>
    return %all, %all : tensor<?x4xf32, #ingot.shape<[past + 1, 4]>>, tensor<?x4xf32, #ingot.shape<[past + 1, 4]>>
  }
}

// -----

// Rows in front are no appending.
module attributes {ingot.symbols = ["past"]} {
  // expected-error@below {{--kv-cache: no output is one of the inputs it names with rows appended along an axis of open size}}
  func.func @main(%past: tensor<?x4xf32, #ingot.shape<[past, 4]>> {ingot.name = "keys"}, %row: tensor<1x4xf32> {ingot.name = "row"})
      -> tensor<?x4xf32, #ingot.shape<[past + 1, 4]>> {
    %all = ingot.concat %row, %past 0 : tensor<1x4xf32>, tensor<?x4xf32, #ingot.shape<[past, 4]>>
    return %all : tensor<?x4xf32, #ingot.shape<[past + 1, 4]>>
  }
}

// -----

// A concatenation believes that n is m; memory would not.
module attributes {ingot.symbols = ["n", "m", "past"]} {
  func.func @main(%past: tensor<?x?xf32, #ingot.shape<[past, n]>> {ingot.name = "keys"}, %row: tensor<1x?xf32, #ingot.shape<[1, m]>> {ingot.name = "row"})
      -> tensor<?x?xf32, #ingot.shape<[past + 1, n]>> {
    // expected-error@below {{--kv-cache: the rows for "keys" are 1xm, which does not fit into pastxn for all sizes}}
    %all = ingot.concat %past, %row 0 : tensor<?x?xf32, #ingot.shape<[past, n]>>, tensor<1x?xf32, #ingot.shape<[1, m]>>
    return %all : tensor<?x?xf32, #ingot.shape<[past + 1, n]>>
  }
}
