//===- Packing.cpp - How operands are laid out ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Packing.h"
#include "codegen/Codegen.h"
#include "codegen/cpu/Algorithms.h"
#include "codegen/cpu/Target.h"
#include "codegen/cpu/Winograd.h"
#include <numeric>

using namespace mlir;

namespace ingot::cpu {
namespace {

/// [batch..., K, N] -> [batch..., N/16, K, 16].
Layout matrixLayout(int64_t rank) {
  Layout layout;
  for (int64_t axis = 0; axis < rank - 2; ++axis)
    layout.permutation.push_back(axis);
  layout.permutation.append({rank - 1, rank - 2});
  layout.blocks.assign(rank, 1);
  layout.blocks[rank - 2] = panelLanes;
  return layout;
}

/// [window..., C, F] -> [F/16, window..., C, 16], or [F/16, C, window..., 16] when the input's channels lie in planes
/// (a network's first layer): then the window's steps are the ones that are neighbours in memory.
Layout filterLayout(int64_t rank, bool isPlanar) {
  Layout layout;
  layout.permutation.push_back(rank - 1);
  if (isPlanar)
    layout.permutation.push_back(rank - 2);
  for (int64_t axis = 0; axis < rank - 2; ++axis)
    layout.permutation.push_back(axis);
  if (!isPlanar)
    layout.permutation.push_back(rank - 2);
  layout.blocks.assign(rank, 1);
  layout.blocks[0] = panelLanes;
  return layout;
}

/// Whether `input` [N, spatial..., C] is a tensor [N, C, spatial...] seen channels-last.
bool isPlanar(Value input) {
  auto transpose = input.getDefiningOp<TransposeOp>();
  return transpose && transpose.getPermutation().size() > 2 && transpose.getPermutation().back() == 1;
}

/// How many lanes a filter gets, each for another channel, whose sums must be added up: more than one where there are
/// too few filters to fill the lanes, or to fill the last vector of them, or just one. Counts vector operations for a
/// pixel with `taps` taps, of one of `groups` groups. Sixteen channels need not be all there; a matrix product has one
/// lane or all.
int64_t chooseChannelLanes(int64_t channels, int64_t filters, int64_t taps, int64_t groups, bool isProduct) {
  constexpr double additionsOfSums = 4, additionsOfPairs = 5, additionsOfFours = 18; // for each vector of results
  // With one vector, every operation loads its element.
  constexpr double loads = 1.12;
  auto vectorsOf = [](int64_t lanes) { return double(llvm::divideCeil(lanes, panelLanes)); };
  double across = vectorsOf(filters) * (filters <= panelLanes ? loads : 1) * double(channels * taps);
  double least = 0.97 * across;
  int64_t best = 1;
  for (auto [lanes, additions] : {std::pair(2, additionsOfPairs), std::pair(4, additionsOfFours)}) {
    // A panel must not straddle two groups.
    if (isProduct || channels % lanes || (groups > 1 && filters % (panelLanes / lanes)))
      continue;
    double cost = vectorsOf(filters * lanes) * double(channels / lanes * taps) + additions * vectorsOf(filters);
    if (cost < least) {
      least = cost;
      best = lanes;
    }
  }
  double along = filters * (vectorsOf(channels) * taps + additionsOfSums);
  return groups == 1 && filters < panelLanes && along < 0.65 * across && along < least ? panelLanes : best;
}

/// [window..., C, F] -> [F, window..., C/16, 16], or for fewer lanes [F * lanes/16, window..., C/lanes, 16/lanes,
/// lanes], with the axes `filters` and `channels` named by number.
Layout channelLayout(int64_t rank, int64_t filters, int64_t channels, int64_t lanes) {
  Layout layout{{filters}, SmallVector<int64_t>(rank, 1)};
  for (int64_t axis = 0; axis < rank - 2; ++axis)
    layout.permutation.push_back(axis);
  layout.permutation.push_back(channels);
  layout.blocks.front() = panelLanes / lanes;
  layout.blocks.back() = lanes;
  return layout;
}

/// Whether `op` may read several channels of its input at once: they are neighbours in memory.
template <typename Op>
bool canReadChannels(Op op) {
  return isa<BlockArgument>(op.getInput()) && wantedStorage(op) == Storage::Float32 &&
         getElementTypeOrSelf(op.getInput().getType()).isF32();
}

std::optional<Layout> chooseFilterLayout(ConvOp op) {
  if (WinogradForm form = decidedForm(op))
    return Layout{{0, 1, 3, 2}, {1, 1, panelLanes, 1}, form};
  auto filter = cast<RankedTensorType>(op.getFilter().getType());
  int64_t rank = filter.getRank(), filters = filter.getShape().back(), groups = op.getGroups();
  int64_t channels = filter.getDimSize(rank - 2);
  ArrayRef<int64_t> window = filter.getShape().drop_back(2);
  int64_t taps = std::accumulate(window.begin(), window.end(), int64_t(1), std::multiplies<>());
  // Kernels of depthwise and grouped convolutions read [window..., C, F] as it is.
  bool isShort = groups > 1 && rank <= 4 && channels <= 4 && filters / groups <= 4;
  int64_t lanes = canReadChannels(op) && !isShort ? chooseChannelLanes(channels, filters / groups, taps, groups,
                                                                       /*isProduct=*/taps == 1 && groups == 1)
                                                  : 1;
  if (lanes > 1)
    return channelLayout(rank, rank - 1, rank - 2, lanes);
  // A panel must not straddle two groups.
  if (groups > 1 && (channels == 1 || (filters / groups) % panelLanes != 0))
    return std::nullopt;
  return filterLayout(rank, groups == 1 && isPlanar(op.getInput()));
}

/// [window..., F, G * C] -> [G, F/16, window..., C, 16] for groups of C channels. Depthwise kernels read it as it is.
std::optional<Layout> groupedLayout(ConvTransposeOp op, RankedTensorType filter) {
  int64_t rank = filter.getRank(), channels = filter.getShape().back() / int64_t(op.getGroups());
  if ((channels == 1 && filter.getDimSize(rank - 2) == 1) || wantedStorage(op) != Storage::Float32)
    return std::nullopt;
  Layout layout{{rank - 1, rank - 2}, SmallVector<int64_t>(rank, 1)};
  for (int64_t axis = 0; axis < rank - 2; ++axis)
    layout.permutation.push_back(axis);
  layout.blocks[0] = channels;
  layout.blocks[1] = panelLanes;
  return layout;
}

/// [window..., F, C] -> [F/16, window..., C, 16], or panels of fewer filters.
std::optional<Layout> chooseFilterLayout(ConvTransposeOp op) {
  auto filter = cast<RankedTensorType>(op.getFilter().getType());
  int64_t rank = filter.getRank(), taps = 1;
  if (op.getGroups() != 1)
    return groupedLayout(op, filter);
  for (auto [extent, stride] : llvm::zip(filter.getShape(), op.getStrides()))
    taps *= llvm::divideCeil(extent, stride);
  int64_t channels = filter.getShape().back(), filters = filter.getDimSize(rank - 2);
  bool isProduct = llvm::all_of(filter.getShape().drop_back(2), [](int64_t extent) { return extent == 1; }) &&
                   llvm::all_of(op.getStrides(), [](int64_t stride) { return stride == 1; });
  int64_t lanes = canReadChannels(op) ? chooseChannelLanes(channels, filters, taps, 1, isProduct) : 1;
  if (lanes > 1)
    return channelLayout(rank, rank - 2, rank - 1, lanes);
  Layout layout{{rank - 2}, {}};
  for (int64_t axis = 0; axis < rank - 2; ++axis)
    layout.permutation.push_back(axis);
  layout.permutation.push_back(rank - 1);
  layout.blocks.assign(rank, 1);
  layout.blocks[0] = panelLanes;
  return layout;
}

/// [D, K, G, H] -> [D, H/16, K, G, 16], and for gradients, which sum over G and H, [D, K/16, G, H, 16].
std::optional<Layout> chooseRecurrenceLayout(Operation *op, Value argument) {
  auto isRecurrence = [&](auto layer) { return layer && layer.getRecurrence() == argument; };
  if (isRecurrence(dyn_cast<LstmOp>(op)) || isRecurrence(dyn_cast<GruOp>(op)) || isRecurrence(dyn_cast<RnnOp>(op)))
    return Layout{{0, 3, 1, 2}, {1, panelLanes, 1, 1}};
  if (isRecurrence(dyn_cast<LstmGradientOp>(op)) || isRecurrence(dyn_cast<GruGradientOp>(op)) ||
      isRecurrence(dyn_cast<RnnGradientOp>(op)))
    return Layout{{0, 1, 2, 3}, {1, panelLanes, 1, 1}};
  return std::nullopt;
}

} // namespace

std::optional<Layout> chooseLayout(Operation *user, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.getElementType().isF32() || !type.hasStaticShape() || !value.hasOneUse())
    return std::nullopt;
  if (auto matmul = dyn_cast<MatmulOp>(user); matmul && matmul.getRhs() == value)
    return matrixLayout(type.getRank());
  if (auto conv = dyn_cast<ConvOp>(user); conv && conv.getFilter() == value)
    return chooseFilterLayout(conv);
  if (auto conv = dyn_cast<ConvTransposeOp>(user); conv && conv.getFilter() == value)
    return chooseFilterLayout(conv);
  return chooseRecurrenceLayout(user, value);
}

std::optional<Layout> chooseLayout(BlockArgument argument) {
  return argument.hasOneUse() ? chooseLayout(*argument.user_begin(), argument) : std::nullopt;
}

bool areConstants(ArrayRef<kernel::LaunchOp> launches, unsigned number) {
  return llvm::all_of(launches, [&](kernel::LaunchOp launch) {
    return launch.getOperands()[number].getDefiningOp<ConstantOp>() != nullptr;
  });
}

RankedTensorType packedType(RankedTensorType type, const Layout &layout) {
  SmallVector<int64_t> shape, inner, plain(type.getShape());
  if (layout.winograd)
    plain[0] = plain[1] = layout.winograd.filterSize();
  for (auto [axis, block] : llvm::zip(layout.permutation, layout.blocks)) {
    shape.push_back(llvm::divideCeil(plain[axis], block));
    if (block > 1)
      inner.push_back(block);
  }
  shape.append(inner);
  bool isPlain = layout.storage == Storage::Float32; // then of any type
  return RankedTensorType::get(shape, isPlain ? type.getElementType() : elementOf(layout.storage, type.getContext()));
}

void packArgument(kernel::FuncOp kernel, BlockArgument argument, const Layout &layout) {
  auto type = cast<RankedTensorType>(argument.getType());
  RankedTensorType packed = packedType(type, layout);
  OpBuilder builder = OpBuilder::atBlockBegin(argument.getOwner());
  auto plain = RankedTensorType::get(type.getShape(), packed.getElementType());
  auto unpack = builder.create<kernel::UnpackOp>(argument.getLoc(), plain, argument, layout.permutation, layout.blocks);
  setWinogradForm(unpack, layout.winograd);
  argument.setType(packed);
  argument.replaceAllUsesExcept(unpack.getOutput(), unpack);
  SmallVector<Type> inputs(kernel.getArgumentTypes());
  inputs[argument.getArgNumber()] = packed;
  kernel.setFunctionType(FunctionType::get(kernel.getContext(), inputs, kernel.getResultTypes()));
}

} // namespace ingot::cpu

namespace ingot {

void packOperands(ModuleOp module, const CpuOptions &options) {
  if (options.winograd)
    cpu::chooseAlgorithms(module, options);
  cpu::packConstants(module, options.prepareWinograd);
  cpu::reduceRows(module);
  cpu::packVariables(module);
  cpu::splitReductions(module);
  cpu::joinScales(module);
  cpu::joinWindows(module);
}

} // namespace ingot
