//===- JoinWindows.cpp - Convolutions that only a window reads ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A large map between a convolution and the window over it (depthwise, or a pool) goes to memory and back. Where that
// costs more than what several threads compute twice, both become one kernel, which keeps a few lines of the map in the
// cache at a time (emitters/ComputedLines.h):
//
//   %1 = kernel.launch @expand(%0, %f); %2 = kernel.launch @depthwise(%1, %g)
//   =>
//   %2 = kernel.launch @expand_depthwise(%0, %f, %g)
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/KernelJoiner.h"
#include "codegen/cpu/Packing.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// [N, H, W, C], all but N known.
bool isMap(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  ArrayRef<int64_t> shape = tensor.getShape();
  return tensor.getElementType().isF32() && shape.size() == 4 && !ShapedType::isDynamicShape(shape.drop_front()) &&
         llvm::all_of(shape.drop_front(), [](int64_t extent) { return extent > 0; });
}

/// An argument, or one seen with its axes in another order.
bool isReadable(Value value) {
  auto transpose = value.getDefiningOp<TransposeOp>();
  return isa<BlockArgument>(transpose ? transpose.getInput() : value);
}

/// The convolution of a kernel whose only result has the convolution's points.
ConvOp findProducer(kernel::FuncOp kernel) {
  auto conv = dyn_cast_or_null<ConvOp>(soleRoot(kernel));
  if (!conv || kernel.getNumResults() != 1 || !isMap(conv.getOutput().getType()) || conv.getGroups() != 1 ||
      conv->hasAttr("ingot.precision") || !isReadable(conv.getInput()) || !hasPanels(conv))
    return nullptr;
  // Everything behind it works in place.
  SmallVector<Value> open{conv.getOutput()};
  while (!open.empty())
    for (Operation *user : open.pop_back_val().getUsers()) {
      if (isa<kernel::ReturnOp>(user))
        continue;
      if (!user->hasTrait<Pointwise>() || typeOf(user->getResult(0)).getShape() != typeOf(conv.getOutput()).getShape())
        return nullptr;
      llvm::append_range(open, user->getResults());
    }
  return conv;
}

/// A window over an argument of its kernel.
struct Reader {
  BlockArgument input;
  /// Of the lines: how many each output line reads over, and how far the next one's begin behind.
  int64_t span, stride;
};

std::optional<Reader> describeReader(Value input, ArrayRef<int64_t> extents, ArrayRef<int64_t> strides,
                                     ArrayRef<int64_t> dilations, Value output) {
  auto argument = dyn_cast<BlockArgument>(input);
  if (!argument || !argument.hasOneUse() || extents.size() != 2 || extents[0] * extents[1] > 64 ||
      !isMap(input.getType()) || !isMap(output.getType()))
    return std::nullopt;
  return Reader{argument, (extents[0] - 1) * dilations[0] + 1, strides[0]};
}

std::optional<Reader> findReader(kernel::FuncOp kernel) {
  Operation *root = soleRoot(kernel);
  if (auto op = dyn_cast_or_null<MaxPoolOp>(root))
    return describeReader(op.getInput(), op.getWindow(), op.getStrides(), op.getDilations(), op.getOutput());
  if (auto op = dyn_cast_or_null<AvgPoolOp>(root))
    return describeReader(op.getInput(), op.getWindow(), op.getStrides(), op.getDilations(), op.getOutput());
  auto op = dyn_cast_or_null<ConvOp>(root);
  int64_t channels = op ? typeOf(op.getInput()).getShape().back() : 0;
  bool isDepthwise = channels > 1 && channels == int64_t(op.getGroups()) &&
                     typeOf(op.getOutput()).getShape().back() == channels && isa<BlockArgument>(op.getFilter()) &&
                     typeOf(op.getFilter()).hasStaticShape();
  if (!isDepthwise)
    return std::nullopt;
  return describeReader(op.getInput(), typeOf(op.getFilter()).getShape().drop_back(2), op.getStrides(),
                        op.getDilations(), op.getOutput());
}

/// Whether an image's map costs more on its way through memory than what is computed twice, in nanoseconds.
bool pays(ConvOp conv, const Reader &reader) {
  // Bytes and operations a nanosecond of the machines that this was measured on. Less than `kept` bytes stay in the
  // second-level cache of the thread that wrote them.
  constexpr double memory = 25, arithmetic = 150, kept = 512 * 1024;
  ArrayRef<int64_t> map = typeOf(conv.getOutput()).getShape(), filter = typeOf(conv.getFilter()).getShape();
  double line = double(map[2] * map[3]), bytes = 4 * line * double(map[1]);
  double products = double(filter[0] * filter[1] * filter[2]);
  // The lines of a tile and the weights must leave each other room in the cache.
  double weights = 4 * products * double(map[3]), ring = 4 * line * double(reader.span + reader.stride);
  if (bytes < kept || ring > kept || weights > kept / 4)
    return false;
  // Two threads compute the lines between their halves both.
  double overlap = std::max<double>(0, double(reader.span - reader.stride));
  return 2 * bytes / memory > 2 * overlap * line * products / arithmetic;
}

} // namespace

void joinWindows(ModuleOp module) {
  KernelJoiner joiner(module);
  for (kernel::LaunchOp launch : joiner.launches()) {
    std::optional<Reader> reader = findReader(joiner.calleeOf(launch));
    kernel::LaunchOp producer = reader ? joiner.soleProducer(launch, reader->input) : kernel::LaunchOp();
    ConvOp conv = producer ? findProducer(joiner.calleeOf(producer)) : ConvOp();
    if (conv && pays(conv, *reader))
      joiner.join(producer, launch, reader->input);
  }
}

} // namespace ingot::cpu
