//===- Algorithms.cpp - How a convolution is computed ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Algorithms.h"
#include "codegen/cpu/Emission.h"
#include "codegen/cpu/Packing.h"
#include "codegen/cpu/Storage.h"
#include "codegen/cpu/Winograd.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

constexpr const char *attributeName = "kernel.algorithm";
/// What the cost model expects to take longer than this many times the best is not worth measuring.
constexpr double mostTimes = 1.6;

Value filterOf(Operation *op) {
  if (auto conv = dyn_cast<ConvOp>(op))
    return conv.getFilter();
  if (auto conv = dyn_cast<ConvTransposeOp>(op))
    return conv.getFilter();
  return nullptr;
}

/// The one operation of the kernel for which there are several algorithms.
Operation *convolutionOf(kernel::FuncOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (isa<ConvOp, ConvTransposeOp, ConvFilterGradientOp>(op))
      return &op;
  return nullptr;
}

/// Whether all launches pass a constant for what `value` is a view of.
bool isConstant(Value value, ArrayRef<kernel::LaunchOp> launches) {
  while (Operation *op = value.getDefiningOp()) {
    if (!op->hasTrait<View>())
      return false;
    value = op->getOperand(0);
  }
  return areConstants(launches, cast<BlockArgument>(value).getArgNumber());
}

std::vector<ConvolutionCost> costsOf(Operation *op, ArrayRef<kernel::LaunchOp> launches) {
  Value filter = filterOf(op);
  if (!filter || !isConstant(filter, launches))
    return variableWinogradCosts(op);
  auto conv = dyn_cast<ConvOp>(op);
  return conv ? winogradCosts(conv) : std::vector<ConvolutionCost>();
}

/// The first target's measured choice, if it is one of those that are possible.
std::optional<int64_t> measuredTile(const CpuOptions &options, StringRef fingerprint, ArrayRef<ConvolutionCost> costs) {
  for (const std::string &target : options.targets) {
    auto found = options.schedules.find(scheduleKey(target, fingerprint.str()));
    if (found != options.schedules.end() &&
        llvm::any_of(costs, [&](const ConvolutionCost &cost) { return cost.form.tile == found->second.tile; }))
      return found->second.tile;
  }
  return std::nullopt;
}

DictionaryAttr describe(kernel::FuncOp kernel, StringRef fingerprint, int64_t tile, ArrayRef<ConvolutionCost> costs) {
  SmallVector<int64_t> tiles;
  SmallVector<double> microseconds;
  for (const ConvolutionCost &cost : costs) {
    tiles.push_back(cost.form.tile);
    microseconds.push_back(cost.microseconds);
  }
  Builder builder(kernel.getContext());
  return builder.getDictionaryAttr({builder.getNamedAttr("fingerprint", builder.getStringAttr(fingerprint)),
                                    builder.getNamedAttr("tile", builder.getI64IntegerAttr(tile)),
                                    builder.getNamedAttr("tiles", builder.getDenseI64ArrayAttr(tiles)),
                                    builder.getNamedAttr("microseconds", builder.getDenseF64ArrayAttr(microseconds))});
}

DictionaryAttr decisionOf(Operation *kernel) {
  return kernel ? kernel->getAttrOfType<DictionaryAttr>(attributeName) : DictionaryAttr();
}

/// The tile for which packing has transformed the filter of the kernel, or with which it computes a gradient.
int64_t tileInUse(kernel::FuncOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (WinogradForm form = winogradForm(&op))
      return form.tile;
  return 0;
}

} // namespace

void chooseAlgorithms(ModuleOp module, const CpuOptions &options) {
  llvm::StringMap<SmallVector<kernel::LaunchOp>> launches;
  module.walk([&](kernel::LaunchOp launch) { launches[launch.getCallee()].push_back(launch); });
  for (auto kernel : module.getOps<kernel::FuncOp>()) {
    Operation *op = convolutionOf(kernel);
    std::vector<ConvolutionCost> costs =
        op ? costsOf(op, launches.lookup(kernel.getName())) : std::vector<ConvolutionCost>();
    if (costs.empty())
      continue;
    // Packing does not change every kernel, and then its code has schedules under the fingerprint itself.
    std::string name = "algorithm-" + fingerprint(kernel);
    auto expected =
        std::min_element(costs.begin(), costs.end(), [](auto &a, auto &b) { return a.microseconds < b.microseconds; });
    int64_t tile = measuredTile(options, name, costs).value_or(expected->form.tile);
    kernel->setAttr(attributeName, describe(kernel, name, tile, costs));
  }
}

WinogradForm decidedForm(Operation *op) {
  DictionaryAttr decision = decisionOf(op->getParentOfType<kernel::FuncOp>());
  return decision ? formFor(op, decision.getAs<IntegerAttr>("tile").getInt()) : WinogradForm();
}

void shareAlgorithm(kernel::FuncOp kernel, kernel::FuncOp packing) {
  if (DictionaryAttr decision = decisionOf(kernel)) {
    Builder builder(kernel.getContext());
    packing->setAttr(attributeName,
                     builder.getDictionaryAttr(builder.getNamedAttr("fingerprint", decision.get("fingerprint"))));
  }
}

KernelAlgorithm algorithmOf(kernel::FuncOp kernel) {
  KernelAlgorithm algorithm;
  DictionaryAttr decision = decisionOf(kernel);
  if (!decision)
    return algorithm;
  std::string name = decision.getAs<StringAttr>("fingerprint").getValue().str();
  auto tile = decision.getAs<IntegerAttr>("tile");
  if (!tile) { // packing for another kernel
    algorithm.fingerprint = name;
    return algorithm;
  }
  Operation *op = convolutionOf(kernel);
  if (tileInUse(kernel) != tile.getInt() || !op || wantedStorage(op) != Storage::Float32)
    return algorithm; // another algorithm would store the weights in another precision
  algorithm.fingerprint = name;
  algorithm.chosen.tile = tile.getInt();
  std::vector<ConvolutionCost> costs;
  for (auto [other, microseconds] : llvm::zip(decision.getAs<DenseI64ArrayAttr>("tiles").asArrayRef(),
                                              decision.getAs<DenseF64ArrayAttr>("microseconds").asArrayRef()))
    costs.push_back({{other}, microseconds});
  llvm::stable_sort(costs, [](auto &a, auto &b) { return a.microseconds < b.microseconds; });
  for (const ConvolutionCost &cost : costs) {
    KernelChoice schedule;
    schedule.tile = cost.form.tile;
    if (schedule.tile == tile.getInt())
      algorithm.microseconds = cost.microseconds;
    else if (cost.microseconds <= mostTimes * costs.front().microseconds)
      algorithm.alternatives.push_back(schedule);
  }
  return algorithm;
}

} // namespace ingot::cpu
