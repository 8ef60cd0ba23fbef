// RUN: ingot-opt --ingot-simplify-arithmetic --ingot-recognise-composites %s | FileCheck %s

// PyTorch: x * 0.5 * (1 + erf(x / 1.4142135))
// CHECK-LABEL: @gelu_with_division
// CHECK: %[[Y:.*]] = ingot.gelu %arg0
// CHECK-NEXT: return %[[Y]]
func.func @gelu_with_division(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %root = ingot.constant dense<1.41421354> : tensor<f32>
  %one = ingot.constant dense<1.0> : tensor<f32>
  %half = ingot.constant dense<0.5> : tensor<f32>
  %0 = ingot.div %x, %root : tensor<2x8xf32>, tensor<f32>
  %1 = ingot.erf %0 : tensor<2x8xf32>
  %2 = ingot.add %1, %one : tensor<2x8xf32>, tensor<f32>
  %3 = ingot.mul %x, %2 : tensor<2x8xf32>, tensor<2x8xf32>
  %4 = ingot.mul %3, %half : tensor<2x8xf32>, tensor<f32>
  return %4 : tensor<2x8xf32>
}

// CHECK-LABEL: @gelu_with_the_half_first
// CHECK: ingot.gelu %arg0
func.func @gelu_with_the_half_first(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %factor = ingot.constant dense<0.707106769> : tensor<f32>
  %one = ingot.constant dense<1.0> : tensor<f32>
  %half = ingot.constant dense<0.5> : tensor<f32>
  %0 = ingot.mul %factor, %x : tensor<f32>, tensor<2x8xf32>
  %1 = ingot.erf %0 : tensor<2x8xf32>
  %2 = ingot.add %one, %1 : tensor<f32>, tensor<2x8xf32>
  %3 = ingot.mul %half, %x : tensor<f32>, tensor<2x8xf32>
  %4 = ingot.mul %2, %3 : tensor<2x8xf32>, tensor<2x8xf32>
  return %4 : tensor<2x8xf32>
}

// CHECK-LABEL: @not_gelu_of_another_tensor
// CHECK-NOT: gelu
func.func @not_gelu_of_another_tensor(%x: tensor<2x8xf32>, %y: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %factor = ingot.constant dense<0.707106769> : tensor<f32>
  %one = ingot.constant dense<1.0> : tensor<f32>
  %half = ingot.constant dense<0.5> : tensor<f32>
  %0 = ingot.mul %y, %factor : tensor<2x8xf32>, tensor<f32>
  %1 = ingot.erf %0 : tensor<2x8xf32>
  %2 = ingot.add %1, %one : tensor<2x8xf32>, tensor<f32>
  %3 = ingot.mul %x, %half : tensor<2x8xf32>, tensor<f32>
  %4 = ingot.mul %3, %2 : tensor<2x8xf32>, tensor<2x8xf32>
  return %4 : tensor<2x8xf32>
}

// CHECK-LABEL: @layer_norm
// CHECK: ingot.normalize %arg0 [1] < {epsilon = {{.*}} : f64}> : tensor<2x8xf32>
// CHECK-NEXT: return
func.func @layer_norm(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %two = ingot.constant dense<2.0> : tensor<f32>
  %epsilon = ingot.constant dense<1.0e-5> : tensor<f32>
  %mean = ingot.reduce mean %x [1] : tensor<2x8xf32>
  %0 = ingot.sub %x, %mean : tensor<2x8xf32>, tensor<2x1xf32>
  %1 = ingot.pow %0, %two : tensor<2x8xf32>, tensor<f32>
  %2 = ingot.reduce mean %1 [1] : tensor<2x8xf32>
  %3 = ingot.add %2, %epsilon : tensor<2x1xf32>, tensor<f32>
  %4 = ingot.sqrt %3 : tensor<2x1xf32>
  %5 = ingot.div %0, %4 : tensor<2x8xf32>, tensor<2x1xf32>
  return %5 : tensor<2x8xf32>
}

// x * a + (b - mean * a) with a = g / sqrt(variance + epsilon)
// CHECK-LABEL: @layer_norm_as_keras_writes_it
// CHECK: %[[N:.*]] = ingot.normalize %arg0 [1]
// CHECK: %[[S:.*]] = ingot.mul %[[N]], %{{.*}} : tensor<2x8xf32>, tensor<8xf32>
// CHECK: ingot.add %[[S]], %{{.*}} : tensor<2x8xf32>, tensor<8xf32>
func.func @layer_norm_as_keras_writes_it(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %epsilon = ingot.constant dense<1.0e-3> : tensor<f32>
  %g = ingot.constant dense_resource<g> : tensor<8xf32>
  %b = ingot.constant dense_resource<b> : tensor<8xf32>
  %mean = ingot.reduce mean %x [1] : tensor<2x8xf32>
  %0 = ingot.sub %x, %mean : tensor<2x8xf32>, tensor<2x1xf32>
  %1 = ingot.mul %0, %0 : tensor<2x8xf32>, tensor<2x8xf32>
  %2 = ingot.reduce mean %1 [1] : tensor<2x8xf32>
  %3 = ingot.add %2, %epsilon : tensor<2x1xf32>, tensor<f32>
  %4 = ingot.sqrt %3 : tensor<2x1xf32>
  %5 = ingot.reciprocal %4 : tensor<2x1xf32>
  %a = ingot.mul %5, %g : tensor<2x1xf32>, tensor<8xf32>
  %6 = ingot.mul %x, %a : tensor<2x8xf32>, tensor<2x8xf32>
  %7 = ingot.mul %mean, %a : tensor<2x1xf32>, tensor<2x8xf32>
  %8 = ingot.sub %b, %7 : tensor<8xf32>, tensor<2x8xf32>
  %9 = ingot.add %6, %8 : tensor<2x8xf32>, tensor<2x8xf32>
  return %9 : tensor<2x8xf32>
}

// CHECK-LABEL: @rms_norm
// CHECK: ingot.normalize %arg0 [1] < {center = false, epsilon
func.func @rms_norm(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %epsilon = ingot.constant dense<1.0e-6> : tensor<f32>
  %0 = ingot.mul %x, %x : tensor<2x8xf32>, tensor<2x8xf32>
  %1 = ingot.reduce mean %0 [1] : tensor<2x8xf32>
  %2 = ingot.add %1, %epsilon : tensor<2x1xf32>, tensor<f32>
  %3 = ingot.sqrt %2 : tensor<2x1xf32>
  %4 = ingot.reciprocal %3 : tensor<2x1xf32>
  %5 = ingot.mul %x, %4 : tensor<2x8xf32>, tensor<2x1xf32>
  return %5 : tensor<2x8xf32>
}

// The variance is taken about the mean over other axes.
// CHECK-LABEL: @not_layer_norm_over_other_axes
// CHECK: ingot.sub
// CHECK: ingot.normalize %{{.*}} < {center = false
func.func @not_layer_norm_over_other_axes(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %epsilon = ingot.constant dense<1.0e-5> : tensor<f32>
  %mean = ingot.reduce mean %x [0] : tensor<2x8xf32>
  %0 = ingot.sub %x, %mean : tensor<2x8xf32>, tensor<1x8xf32>
  %1 = ingot.mul %0, %0 : tensor<2x8xf32>, tensor<2x8xf32>
  %2 = ingot.reduce mean %1 [1] : tensor<2x8xf32>
  %3 = ingot.add %2, %epsilon : tensor<2x1xf32>, tensor<f32>
  %4 = ingot.sqrt %3 : tensor<2x1xf32>
  %5 = ingot.div %0, %4 : tensor<2x8xf32>, tensor<2x1xf32>
  return %5 : tensor<2x8xf32>
}
