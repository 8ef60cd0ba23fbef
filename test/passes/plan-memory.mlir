// RUN: ingot-opt --ingot-plan-memory --split-input-file %s | FileCheck %s

// A pointwise result takes the place of a dying operand; the output is written where the caller wants it.
// CHECK: func.func @main
// CHECK-SAME: kernel.arena_bytes = 64 : i64
// CHECK-SAME: kernel.arena_lower_bound = 32 : i64
// CHECK-SAME: kernel.constant_bytes = 64 : i64
// CHECK: plan = [#kernel.buffer<input, 0>, #kernel.buffer<constant, 0>, #kernel.buffer<arena, 0>]
// CHECK: plan = [#kernel.buffer<arena, 0>, #kernel.buffer<arena, 0>]
// CHECK: plan = [#kernel.buffer<arena, 0>, #kernel.buffer<output, 0>]
kernel.func private @add(%arg0: tensor<8xf32>, %arg1: tensor<8xf32>) -> tensor<8xf32> {
  %0 = ingot.add %arg0, %arg1 : tensor<8xf32>, tensor<8xf32>
  kernel.return %0 : tensor<8xf32>
}
kernel.func private @relu(%arg0: tensor<8xf32>) -> tensor<8xf32> {
  %0 = ingot.relu %arg0 : tensor<8xf32>
  kernel.return %0 : tensor<8xf32>
}
func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
  %c = ingot.constant dense_resource<c> : tensor<8xf32>
  %0 = kernel.launch @add(%x, %c) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %1 = kernel.launch @relu(%0) : (tensor<8xf32>) -> tensor<8xf32>
  %2 = kernel.launch @relu(%1) : (tensor<8xf32>) -> tensor<8xf32>
  return %2 : tensor<8xf32>
}

// -----

// Not in place: a transposition reads elsewhere than it writes.
// CHECK: plan = [#kernel.buffer<input, 0>, #kernel.buffer<arena, [[A:[0-9]+]]>]
// CHECK-NOT: plan = [#kernel.buffer<arena, [[A]]>, #kernel.buffer<arena, [[A]]>]
// CHECK: return
kernel.func private @relu(%arg0: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %0 = ingot.relu %arg0 : tensor<8x8xf32>
  kernel.return %0 : tensor<8x8xf32>
}
kernel.func private @turn(%arg0: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %0 = ingot.transpose %arg0 [1, 0] : tensor<8x8xf32>
  kernel.return %0 : tensor<8x8xf32>
}
func.func @main(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %0 = kernel.launch @relu(%x) : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %1 = kernel.launch @turn(%0) : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %2 = kernel.launch @relu(%1) : (tensor<8x8xf32>) -> tensor<8x8xf32>
  return %2 : tensor<8x8xf32>
}

// -----

// Sizes that depend on symbols have slots; a slot serves again when nobody needs it any more.
// CHECK: ingot.symbols = ["N"]
// CHECK: kernel.slots = [#ingot.shape<[N * 32]>, #ingot.shape<[N * 32]>]
// CHECK: plan = [#kernel.buffer<input, 0>, #kernel.buffer<slot, 0>]
// CHECK: plan = [#kernel.buffer<slot, 0>, #kernel.buffer<slot, 1>]
// CHECK: plan = [#kernel.buffer<slot, 1>, #kernel.buffer<slot, 0>]
// CHECK: plan = [#kernel.buffer<slot, 0>, #kernel.buffer<output, 0>]
!t = tensor<?x8xf32, #ingot.shape<[N, 8]>>
kernel.func private @softmax(%arg0: !t) -> !t {
  %0 = ingot.softmax %arg0 1 : !t
  kernel.return %0 : !t
}
func.func @main(%x: !t) -> !t {
  %0 = kernel.launch @softmax(%x) : (!t) -> !t
  %1 = kernel.launch @softmax(%0) : (!t) -> !t
  %2 = kernel.launch @softmax(%1) : (!t) -> !t
  %3 = kernel.launch @softmax(%2) : (!t) -> !t
  return %3 : !t
}

// -----

// A bounded symbol is planned for its bound.
// CHECK: kernel.arena_bytes = 256 : i64
// CHECK-NOT: kernel.slots
module attributes {ingot.symbols = ["N"], ingot.symbol_bounds = [array<i64: 1, 4>]} {
kernel.func private @softmax(%arg0: tensor<?x16xf32, #ingot.shape<[N, 16]>>) -> tensor<?x16xf32, #ingot.shape<[N, 16]>> {
  %0 = ingot.softmax %arg0 1 : tensor<?x16xf32, #ingot.shape<[N, 16]>>
  kernel.return %0 : tensor<?x16xf32, #ingot.shape<[N, 16]>>
}
func.func @main(%x: tensor<?x16xf32, #ingot.shape<[N, 16]>>) -> tensor<?x16xf32, #ingot.shape<[N, 16]>> {
  %0 = kernel.launch @softmax(%x) : (tensor<?x16xf32, #ingot.shape<[N, 16]>>) -> tensor<?x16xf32, #ingot.shape<[N, 16]>>
  %1 = kernel.launch @softmax(%0) : (tensor<?x16xf32, #ingot.shape<[N, 16]>>) -> tensor<?x16xf32, #ingot.shape<[N, 16]>>
  return %1 : tensor<?x16xf32, #ingot.shape<[N, 16]>>
}
}

// -----

// An input that is returned is copied.
// CHECK: kernel.func private @copy_0
// CHECK: kernel.launch @copy_0(%arg0) {plan = [#kernel.buffer<input, 0>, #kernel.buffer<output, 0>]}
func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
  return %x : tensor<8xf32>
}

// -----

// A recurrent layer keeps what its gates became in their place.
// CHECK: plan = [#kernel.buffer<input, 0>, #kernel.buffer<arena, [[GATES:[0-9]+]]>]
// CHECK: plan = [#kernel.buffer<arena, [[GATES]]>, #kernel.buffer<input, 1>, #kernel.buffer<output, 0>, #kernel.buffer<arena, [[GATES]]>]
// CHECK: return
!gates = tensor<5x2x1x4x8xf32>
kernel.func private @relu(%arg0: !gates) -> !gates {
  %0 = ingot.relu %arg0 : !gates
  kernel.return %0 : !gates
}
kernel.func private @layer(%arg0: !gates, %arg1: tensor<1x8x4x8xf32>) -> (tensor<5x2x1x8xf32>, !gates) {
  %h = ingot.constant dense<0.0> : tensor<1x2x8xf32>
  %p = ingot.constant dense<0.0> : tensor<1x3x8xf32>
  %0:5 = ingot.lstm(%arg0, %arg1, %h, %h, %p) <{direction = #ingot<direction forward>,
    activations = ["sigmoid", "tanh", "tanh"], parameters = array<f64: 0.0, 0.0, 0.0, 0.0, 0.0, 0.0>}>
    : !gates, tensor<1x8x4x8xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>, tensor<1x3x8xf32>
  kernel.return %0#0, %0#3 : tensor<5x2x1x8xf32>, !gates
}
func.func @main(%x: !gates, %r: tensor<1x8x4x8xf32>) -> (tensor<5x2x1x8xf32>, !gates) {
  %0 = kernel.launch @relu(%x) : (!gates) -> !gates
  %1:2 = kernel.launch @layer(%0, %r) : (!gates, tensor<1x8x4x8xf32>) -> (tensor<5x2x1x8xf32>, !gates)
  %2 = kernel.launch @relu(%1#1) : (!gates) -> !gates
  return %1#0, %2 : tensor<5x2x1x8xf32>, !gates
}

// -----

// A scatter changes its dying input in place, but not what its updates are made of.
// CHECK: plan = [#kernel.buffer<input, 0>, #kernel.buffer<arena, [[X:[0-9]+]]>]
// CHECK: plan = [#kernel.buffer<arena, [[X]]>, #kernel.buffer<input, 1>, #kernel.buffer<input, 2>, #kernel.buffer<arena, [[X]]>]
// CHECK: plan = [#kernel.buffer<arena, [[X]]>, #kernel.buffer<input, 1>, #kernel.buffer<arena, [[Y:[1-9][0-9]*]]>]
kernel.func private @relu(%arg0: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %0 = ingot.relu %arg0 : tensor<8x16xf32>
  kernel.return %0 : tensor<8x16xf32>
}
kernel.func private @scatter(%x: tensor<8x16xf32>, %i: tensor<4x1xi64>, %u: tensor<4x16xf32>) -> tensor<8x16xf32> {
  %0 = ingot.scatter_nd %x, %i, %u : tensor<8x16xf32>, tensor<4x1xi64>, tensor<4x16xf32>
  kernel.return %0 : tensor<8x16xf32>
}
kernel.func private @among(%x: tensor<8x16xf32>, %i: tensor<4x1xi64>) -> tensor<8x16xf32> {
  %0 = ingot.slice %x <[4, 0]> [1, 1] : tensor<8x16xf32> -> tensor<4x16xf32>
  %1 = ingot.scatter_nd %x, %i, %0 : tensor<8x16xf32>, tensor<4x1xi64>, tensor<4x16xf32>
  kernel.return %1 : tensor<8x16xf32>
}
func.func @main(%x: tensor<8x16xf32>, %i: tensor<4x1xi64>, %u: tensor<4x16xf32>) -> tensor<8x16xf32> {
  %0 = kernel.launch @relu(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
  %1 = kernel.launch @scatter(%0, %i, %u) : (tensor<8x16xf32>, tensor<4x1xi64>, tensor<4x16xf32>) -> tensor<8x16xf32>
  %2 = kernel.launch @among(%1, %i) : (tensor<8x16xf32>, tensor<4x1xi64>) -> tensor<8x16xf32>
  %3 = kernel.launch @relu(%2) : (tensor<8x16xf32>) -> tensor<8x16xf32>
  return %3 : tensor<8x16xf32>
}
