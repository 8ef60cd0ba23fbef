// RUN: ingot-opt --ingot-plan-memory --split-input-file %s | FileCheck %s

// Who else reads the old value runs before the update, which then takes its place; inputs are counted without the state.
// CHECK-LABEL: func.func @main
// CHECK: kernel.launch @matmul({{.*}}) {plan = [#kernel.buffer<input, 0>, #kernel.buffer<state, 64>, #kernel.buffer<output, 0>]}
// CHECK: kernel.launch @update({{.*}}) {plan = [#kernel.buffer<state, 64>, #kernel.buffer<input, 0>, #kernel.buffer<state, 64>]}
kernel.func private @matmul(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = ingot.matmul %x, %w : tensor<4x4xf32>, tensor<4x4xf32>
  kernel.return %0 : tensor<4x4xf32>
}
kernel.func private @update(%w: tensor<4x4xf32>, %g: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = ingot.sub %w, %g : tensor<4x4xf32>, tensor<4x4xf32>
  kernel.return %0 : tensor<4x4xf32>
}
func.func @main(%w: tensor<4x4xf32> {ingot.state = 64 : i64}, %x: tensor<4x4xf32>) -> (tensor<4x4xf32> {ingot.state = 64 : i64}, tensor<4x4xf32>) {
  %0 = kernel.launch @update(%w, %x) : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = kernel.launch @matmul(%x, %w) : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0, %1 : tensor<4x4xf32>, tensor<4x4xf32>
}

// -----

// Computed apart and copied: the kernel reads elsewhere than it writes.
// CHECK-LABEL: func.func @main
// CHECK: kernel.launch @turn({{.*}}) {plan = [#kernel.buffer<state, 0>, #kernel.buffer<arena, 0>]}
// CHECK: kernel.launch @copy_0({{.*}}) {plan = [#kernel.buffer<arena, 0>, #kernel.buffer<state, 0>]}
kernel.func private @turn(%w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = ingot.transpose %w [1, 0] : tensor<4x4xf32>
  kernel.return %0 : tensor<4x4xf32>
}
func.func @main(%w: tensor<4x4xf32> {ingot.state = 0 : i64}) -> (tensor<4x4xf32> {ingot.state = 0 : i64}) {
  %0 = kernel.launch @turn(%w) : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

// Computed apart and copied: the old value is needed after the new one.
// CHECK-LABEL: func.func @main
// CHECK: kernel.launch @double({{.*}}) {plan = [#kernel.buffer<state, 0>, #kernel.buffer<arena, 0>]}
// CHECK: kernel.launch @add({{.*}}) {plan = [#kernel.buffer<state, 0>, #kernel.buffer<arena, 0>, #kernel.buffer<output, 0>]}
// CHECK: kernel.launch @copy_0({{.*}}) {plan = [#kernel.buffer<arena, 0>, #kernel.buffer<state, 0>]}
kernel.func private @double(%w: tensor<4xf32>) -> tensor<4xf32> {
  %0 = ingot.add %w, %w : tensor<4xf32>, tensor<4xf32>
  kernel.return %0 : tensor<4xf32>
}
kernel.func private @add(%w: tensor<4xf32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = ingot.add %w, %x : tensor<4xf32>, tensor<4xf32>
  kernel.return %0 : tensor<4xf32>
}
func.func @main(%w: tensor<4xf32> {ingot.state = 0 : i64}) -> (tensor<4xf32> {ingot.state = 0 : i64}, tensor<4xf32>) {
  %0 = kernel.launch @double(%w) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = kernel.launch @add(%w, %0) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// Two tensors that change places: one goes through the arena.
// CHECK-LABEL: func.func @main
// CHECK: kernel.launch @copy_0({{.*}}) {plan = [#kernel.buffer<state, 0>, #kernel.buffer<arena, 0>]}
// CHECK: kernel.launch @copy_0({{.*}}) {plan = [#kernel.buffer<state, 64>, #kernel.buffer<state, 0>]}
// CHECK: kernel.launch @copy_0({{.*}}) {plan = [#kernel.buffer<arena, 0>, #kernel.buffer<state, 64>]}
func.func @main(%a: tensor<4xf32> {ingot.state = 0 : i64}, %b: tensor<4xf32> {ingot.state = 64 : i64}) -> (tensor<4xf32> {ingot.state = 0 : i64}, tensor<4xf32> {ingot.state = 64 : i64}) {
  return %b, %a : tensor<4xf32>, tensor<4xf32>
}

// -----

// Several results of one kernel, each in its own place: all are computed before any is stored.
// CHECK-LABEL: func.func @main
// CHECK: kernel.launch @momentum({{.*}}) {plan = [#kernel.buffer<state, 0>, #kernel.buffer<state, 64>, #kernel.buffer<input, 0>, #kernel.buffer<state, 0>, #kernel.buffer<state, 64>]}
kernel.func private @momentum(%w: tensor<4xf32>, %v: tensor<4xf32>, %g: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = ingot.add %v, %g : tensor<4xf32>, tensor<4xf32>
  %1 = ingot.sub %w, %0 : tensor<4xf32>, tensor<4xf32>
  kernel.return %1, %0 : tensor<4xf32>, tensor<4xf32>
}
func.func @main(%w: tensor<4xf32> {ingot.state = 0 : i64}, %v: tensor<4xf32> {ingot.state = 64 : i64}, %g: tensor<4xf32>) -> (tensor<4xf32> {ingot.state = 0 : i64}, tensor<4xf32> {ingot.state = 64 : i64}) {
  %0:2 = kernel.launch @momentum(%w, %v, %g) : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %0#0, %0#1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// The results of a root behind one and the same view: in place.
// CHECK-LABEL: func.func @main
// CHECK: kernel.launch @update({{.*}}) {plan = [#kernel.buffer<input, 0>, #kernel.buffer<state, 0>, #kernel.buffer<state, 64>, #kernel.buffer<state, 0>, #kernel.buffer<state, 64>]}
kernel.func private @update(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>, %v: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %0 = ingot.matmul %x, %x : tensor<4x4xf32>, tensor<4x4xf32>
  %1 = ingot.transpose %0 [1, 0] : tensor<4x4xf32>
  %2 = ingot.add %v, %1 : tensor<4x4xf32>, tensor<4x4xf32>
  %3 = ingot.sub %w, %2 : tensor<4x4xf32>, tensor<4x4xf32>
  kernel.return %3, %2 : tensor<4x4xf32>, tensor<4x4xf32>
}
func.func @main(%w: tensor<4x4xf32> {ingot.state = 0 : i64}, %v: tensor<4x4xf32> {ingot.state = 64 : i64}, %x: tensor<4x4xf32>) -> (tensor<4x4xf32> {ingot.state = 0 : i64}, tensor<4x4xf32> {ingot.state = 64 : i64}) {
  %0:2 = kernel.launch @update(%x, %w, %v) : (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>)
  return %0#0, %0#1 : tensor<4x4xf32>, tensor<4x4xf32>
}

// -----

// One result of a root is stored elsewhere than the other, and both read the old value: it is computed apart and copied.
// CHECK-LABEL: func.func @main
// CHECK: kernel.launch @apart({{.*}}) {plan = [#kernel.buffer<input, 0>, #kernel.buffer<state, 0>, #kernel.buffer<arena, 0>, #kernel.buffer<output, 0>]}
// CHECK: kernel.launch @copy_0({{.*}}) {plan = [#kernel.buffer<arena, 0>, #kernel.buffer<state, 0>]}
kernel.func private @apart(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %0 = ingot.matmul %x, %x : tensor<4x4xf32>, tensor<4x4xf32>
  %1 = ingot.transpose %0 [1, 0] : tensor<4x4xf32>
  %2 = ingot.sub %w, %0 : tensor<4x4xf32>, tensor<4x4xf32>
  %3 = ingot.add %w, %1 : tensor<4x4xf32>, tensor<4x4xf32>
  kernel.return %2, %3 : tensor<4x4xf32>, tensor<4x4xf32>
}
func.func @main(%w: tensor<4x4xf32> {ingot.state = 0 : i64}, %x: tensor<4x4xf32>) -> (tensor<4x4xf32> {ingot.state = 0 : i64}, tensor<4x4xf32>) {
  %0:2 = kernel.launch @apart(%x, %w) : (tensor<4x4xf32>, tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>)
  return %0#0, %0#1 : tensor<4x4xf32>, tensor<4x4xf32>
}

// -----

// The same in the other order.
// CHECK-LABEL: func.func @main
// CHECK: kernel.launch @apart({{.*}}) {plan = [#kernel.buffer<input, 0>, #kernel.buffer<state, 0>, #kernel.buffer<output, 0>, #kernel.buffer<arena, 0>]}
// CHECK: kernel.launch @copy_0({{.*}}) {plan = [#kernel.buffer<arena, 0>, #kernel.buffer<state, 0>]}
kernel.func private @apart(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %0 = ingot.matmul %x, %x : tensor<4x4xf32>, tensor<4x4xf32>
  %1 = ingot.transpose %0 [1, 0] : tensor<4x4xf32>
  %2 = ingot.sub %w, %0 : tensor<4x4xf32>, tensor<4x4xf32>
  %3 = ingot.add %w, %1 : tensor<4x4xf32>, tensor<4x4xf32>
  kernel.return %2, %3 : tensor<4x4xf32>, tensor<4x4xf32>
}
func.func @main(%w: tensor<4x4xf32> {ingot.state = 0 : i64}, %x: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32> {ingot.state = 0 : i64}) {
  %0:2 = kernel.launch @apart(%x, %w) : (tensor<4x4xf32>, tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>)
  return %0#0, %0#1 : tensor<4x4xf32>, tensor<4x4xf32>
}
