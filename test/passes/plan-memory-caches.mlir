// RUN: ingot-opt --ingot-plan-memory --split-input-file --verify-diagnostics %s | FileCheck %s

// Rows are written into the input's memory, which is read from there, and is no output.
// CHECK: func.func @main
// CHECK: kernel.launch @append(%{{.*}}) {plan = [#kernel.buffer<input, 0>, #kernel.buffer<input, 1>, #kernel.buffer<input, 0>]}
// CHECK: kernel.launch @relu(%{{.*}}) {plan = [#kernel.buffer<input, 0>, #kernel.buffer<output, 0>]}
kernel.func private @append(%arg0: tensor<8x4xf32>, %arg1: tensor<1x4xf32>) -> tensor<8x4xf32> {
  %0 = ingot.append %arg0, %arg1 <[past]> 0 : tensor<8x4xf32>, tensor<1x4xf32>
  kernel.return %0 : tensor<8x4xf32>
}
kernel.func private @relu(%arg0: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %0 = ingot.relu %arg0 : tensor<8x4xf32>
  kernel.return %0 : tensor<8x4xf32>
}
func.func @main(%cache: tensor<8x4xf32> {ingot.role = "cache"}, %row: tensor<1x4xf32>) -> (tensor<8x4xf32> {ingot.cache = 0 : i64}, tensor<8x4xf32>) {
  %0 = kernel.launch @append(%cache, %row) : (tensor<8x4xf32>, tensor<1x4xf32>) -> tensor<8x4xf32>
  %1 = kernel.launch @relu(%0) : (tensor<8x4xf32>) -> tensor<8x4xf32>
  return %0, %1 : tensor<8x4xf32>, tensor<8x4xf32>
}

// -----

// Somebody else's memory would have to be copied, which the kernel does not do.
kernel.func private @append(%arg0: tensor<8x4xf32>, %arg1: tensor<1x4xf32>) -> tensor<8x4xf32> {
  %0 = ingot.append %arg0, %arg1 <[past]> 0 : tensor<8x4xf32>, tensor<1x4xf32>
  kernel.return %0 : tensor<8x4xf32>
}
func.func @main(%cache: tensor<8x4xf32>, %row: tensor<1x4xf32>) -> tensor<8x4xf32> {
  // expected-error@below {{appends to what is no cache}}
  %0 = kernel.launch @append(%cache, %row) : (tensor<8x4xf32>, tensor<1x4xf32>) -> tensor<8x4xf32>
  return %0 : tensor<8x4xf32>
}
