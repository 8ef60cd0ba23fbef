//===- JoinScales.cpp - Maps that are scaled before a product -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Squeeze-and-excite multiplies each channel of a map by a factor, and a 1x1 convolution alone reads the result. The
// convolution can scale its weights in registers (emitters/ContractionScale.cpp) where that is less than a pass over
// the map:
//
//   %1 = kernel.launch @mul(%0, %s); %2 = kernel.launch @project(%1, %f)
//   =>
//   %2 = kernel.launch @mul_project(%0, %s, %f)
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/KernelJoiner.h"
#include "codegen/cpu/Packing.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

/// The only operation of a kernel that multiplies a map [N, H, W, C] by [N or 1, 1, 1, C].
MulOp findScale(kernel::FuncOp kernel) {
  auto &ops = kernel.getBody().front().getOperations();
  auto mul = dyn_cast<MulOp>(ops.front());
  if (!mul || ops.size() != 2 || !getElementTypeOrSelf(mul.getOutput().getType()).isF32())
    return nullptr;
  Value map = mul.getLhs(), factors = mul.getRhs();
  if (map.getType() != mul.getOutput().getType())
    std::swap(map, factors);
  ArrayRef<int64_t> shape = shapeOf(map), factorShape = shapeOf(factors);
  bool isMap = map.getType() == mul.getOutput().getType() && shape.size() == 4 && factorShape.size() == 4 &&
               !ShapedType::isDynamicShape(shape.drop_front());
  bool areFactors = isMap && factorShape[1] == 1 && factorShape[2] == 1 && factorShape[3] == shape[3];
  // Few pixels of several images are rows of one product.
  return areFactors && shape[1] * shape[2] > 16 ? mul : MulOp();
}

/// The 1x1 convolution of a kernel, if it reads an argument pixel by pixel.
ConvOp findProduct(kernel::FuncOp kernel) {
  auto conv = dyn_cast_or_null<ConvOp>(soleRoot(kernel));
  auto areAll = [](ArrayRef<int64_t> values, int64_t number) {
    return llvm::all_of(values, [number](int64_t value) { return value == number; });
  };
  bool isProduct = conv && conv.getGroups() == 1 && areAll(shapeOf(conv.getFilter()).drop_back(2), 1) &&
                   areAll(conv.getStrides(), 1) && areAll(conv.getLow(), 0) && areAll(conv.getHigh(), 0);
  return isProduct && isa<BlockArgument>(conv.getInput()) && conv.getInput().hasOneUse() &&
                 !conv->hasAttr("ingot.precision") && hasPanels(conv)
             ? conv
             : ConvOp();
}

/// Nanoseconds of a pass over the map against those of two multiplications for each step of a register block.
bool pays(ConvOp conv) {
  constexpr double memory = 25, cache = 40, arithmetic = 150, kept = 512 * 1024, share = 0.12;
  ArrayRef<int64_t> map = shapeOf(conv.getInput());
  double elements = double(map[1] * map[2] * map[3]), bytes = 4 * elements;
  double product = 2 * elements * double(shapeOf(conv.getFilter()).back()) / arithmetic;
  return 2 * bytes / (bytes > kept ? memory : cache) > share * product;
}

} // namespace

void joinScales(ModuleOp module) {
  KernelJoiner joiner(module);
  for (kernel::LaunchOp launch : joiner.launches()) {
    ConvOp conv = findProduct(joiner.calleeOf(launch));
    if (!conv || !pays(conv))
      continue;
    auto input = cast<BlockArgument>(conv.getInput());
    kernel::LaunchOp producer = joiner.soleProducer(launch, input);
    if (producer && findScale(joiner.calleeOf(producer)))
      joiner.join(producer, launch, input);
  }
}

} // namespace ingot::cpu
