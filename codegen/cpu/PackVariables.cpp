//===- PackVariables.cpp - Trained and computed weights as panels ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights that are no constants (parameters in training, operands that the model computes) cannot be packed at compile
// time. A launch before the kernel's packs them, through the views that the kernel had on them:
//
//   kernel.func @k(%x, %w) { %0 = transpose %w; conv %x, %0 }           %1 = kernel.launch @k(%x, %w)
//   =>
//   kernel.func @k(%x, %p) { %0 = kernel.unpack %p; conv %x, %0 }       %p = kernel.launch @k_pack(%w)
//   kernel.func @k_pack(%w) { transpose %w; pad; reshape; transpose }   %1 = kernel.launch @k(%x, %p)
//
// Where a launch did nothing but round the weights, packing does that as well. For filters that convolutions read as
// they are (depthwise, few channels in a group) it is the views alone: through them the kernel would read element by
// element.
//
// Packing reads and writes the weights once; it is left out where few rows or pixels use each of them. Constant filters
// come here when they are to be transformed before the first run: their launches are preparations.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Algorithms.h"
#include "codegen/cpu/Packing.h"
#include "codegen/cpu/Target.h"
#include "codegen/cpu/Winograd.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// Each weight must be used this often for packing to be worth its time; more often where it could be read in place.
constexpr int64_t leastUses = 8, leastUsesInPlace = 256;

/// A product whose weights are an argument of the kernel seen through views.
struct Weights {
  Operation *user = nullptr;
  Value value;                    // the user's operand
  SmallVector<Operation *> views; // from the argument to the operand
  BlockArgument argument;
};

/// The recurrence weights of a layer or of its gradient; null for other operations.
Value recurrenceOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case<LstmOp, GruOp, RnnOp, LstmGradientOp, GruGradientOp, RnnGradientOp>(
          [](auto layer) { return layer.getRecurrence(); })
      .Default([](Operation *) { return Value(); });
}

/// Follows `value` through views to an argument that nothing else reads.
std::optional<Weights> traceWeights(Operation *user, Value value) {
  Weights weights{user, value, {}, {}};
  while (Operation *view = value.getDefiningOp()) {
    if (!isa<TransposeOp, ReshapeOp>(view) || !value.hasOneUse())
      return std::nullopt;
    weights.views.insert(weights.views.begin(), view);
    value = view->getOperand(0);
  }
  weights.argument = cast<BlockArgument>(value);
  if (!value.hasOneUse() || !cast<RankedTensorType>(value.getType()).hasStaticShape())
    return std::nullopt;
  return weights;
}

/// How often a step uses each weight, if that is known; symbols count as many.
int64_t usesOf(Value output) {
  int64_t uses = 1;
  for (int64_t size : cast<RankedTensorType>(output.getType()).getShape().drop_back())
    uses = ShapedType::isDynamic(size) ? uses * leastUses : uses * size;
  return uses;
}

/// Whether a view in the chain moves another axis to where neighbours in memory were.
bool movesLastAxis(Operation *view) {
  auto transpose = dyn_cast_or_null<TransposeOp>(view);
  return transpose && transpose.getPermutation().back() != int64_t(transpose.getPermutation().size()) - 1;
}

/// Matrices are read in place when their columns are neighbours and their rows are not a multiple of a page apart,
/// which maps them all to few lines of the cache. One matrix for each batch is packed by the kernel, piece by piece,
/// and so is a matrix that is multiplied from the left by the columns of another (the gradient of a weight).
bool isWorthIt(MatmulOp op, const Weights &weights) {
  constexpr int64_t pageFloats = 1024;
  ArrayRef<int64_t> shape = cast<RankedTensorType>(weights.value.getType()).getShape();
  int64_t uses = usesOf(op.getOutput());
  if (llvm::any_of(shape.drop_back(2), [](int64_t size) { return size != 1; }))
    return false;
  if (llvm::any_of(weights.views, movesLastAxis))
    return uses >= leastUses;
  return uses >= leastUsesInPlace && shape.back() % pageFloats == 0 && !movesLastAxis(op.getLhs().getDefiningOp());
}

std::optional<Weights> findWeights(kernel::FuncOp kernel) {
  for (Operation &op : kernel.getBody().front()) {
    std::optional<Weights> weights;
    if (auto matmul = dyn_cast<MatmulOp>(op)) {
      weights = traceWeights(matmul, matmul.getRhs());
      return weights && isWorthIt(matmul, *weights) ? weights : std::nullopt;
    }
    if (auto conv = dyn_cast<ConvOp>(op))
      weights = traceWeights(conv, conv.getFilter());
    else if (auto conv = dyn_cast<ConvTransposeOp>(op))
      weights = traceWeights(conv, conv.getFilter());
    else if (Value recurrence = recurrenceOf(&op))
      weights = traceWeights(&op, recurrence);
    if (weights)
      return usesOf(op.getResult(0)) >= leastUses ? weights : std::nullopt;
  }
  return std::nullopt;
}

/// The operations of kernel.pack on a value of any kind: [K, N] -> [K, N/16, 16] -> [N/16, K, 16].
Value buildPacking(OpBuilder &builder, Location loc, Value input, const Layout &layout) {
  auto type = cast<RankedTensorType>(input.getType());
  Type element = type.getElementType();
  SmallVector<int64_t> missing(type.getRank()), whole(type.getShape()), split, blockOf(type.getRank(), 1);
  for (auto [axis, block] : llvm::zip(layout.permutation, layout.blocks)) {
    blockOf[axis] = block;
    whole[axis] = llvm::divideCeil(whole[axis], block) * block;
    missing[axis] = whole[axis] - type.getDimSize(axis);
  }
  if (whole != type.getShape()) {
    auto zero = DenseElementsAttr::get(RankedTensorType::get({}, element), builder.getZeroAttr(element));
    SmallVector<int64_t> none(type.getRank());
    input = builder.create<PadOp>(loc, RankedTensorType::get(whole, element), input,
                                  builder.create<ConstantOp>(loc, zero), none, missing, PadMode::Constant);
  }
  SmallVector<int64_t> outerOf, innerOf(type.getRank(), -1), order;
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    outerOf.push_back(split.size());
    split.push_back(whole[axis] / blockOf[axis]);
    if (blockOf[axis] > 1) {
      innerOf[axis] = split.size();
      split.push_back(blockOf[axis]);
    }
  }
  for (int64_t axis : layout.permutation)
    order.push_back(outerOf[axis]);
  for (int64_t axis : layout.permutation)
    if (innerOf[axis] >= 0)
      order.push_back(innerOf[axis]);
  input = builder.create<ReshapeOp>(loc, RankedTensorType::get(split, element), input);
  return builder.create<TransposeOp>(loc, packedType(type, layout), input, order);
}

/// The operations of kernel.pack with Winograd's transformation. A transposed convolution's filters are turned around,
/// so that they convolve.
Value buildTransformation(OpBuilder &builder, Operation *user, Value filter, const Layout &layout) {
  auto type = cast<RankedTensorType>(filter.getType());
  if (isa<ConvTransposeOp>(user)) {
    SymbolScope scope(builder.getContext());
    AffineExpr zero = scope.constant(0), last = scope.constant(2);
    filter = builder.create<SliceOp>(user->getLoc(), type, filter, scope.shape({last, last, zero, zero}),
                                     SmallVector<int64_t>{-1, -1, 1, 1});
  }
  auto pack = builder.create<kernel::PackOp>(user->getLoc(), packedType(type, layout), filter, layout.permutation,
                                             layout.blocks);
  setWinogradForm(pack, layout.winograd);
  return pack;
}

/// The launch that rounds `weights` before they are packed (%1 = launch { cast to bf16, cast to f32 }), when the kernel
/// takes nothing else and returns nothing else: rounding can as well be part of packing.
kernel::LaunchOp roundingOf(Value weights) {
  auto launch = weights.getDefiningOp<kernel::LaunchOp>();
  auto kernel =
      launch ? SymbolTable::lookupNearestSymbolFrom<kernel::FuncOp>(launch, launch.getCalleeAttr()) : kernel::FuncOp();
  if (!kernel || launch->getNumOperands() != 1 || launch->getNumResults() != 1)
    return {};
  bool onlyCasts =
      llvm::all_of(kernel.getBody().front().without_terminator(), [](Operation &op) { return isa<CastOp>(op); });
  return onlyCasts ? launch : kernel::LaunchOp();
}

/// A kernel that packs its only argument, which it first rounds as `rounding` does.
kernel::FuncOp definePacking(kernel::FuncOp kernel, const Weights &weights, const Layout &layout,
                             kernel::FuncOp rounding) {
  OpBuilder builder(kernel);
  Type from = rounding ? rounding.getArgumentTypes()[0] : weights.argument.getType();
  Type to = packedType(cast<RankedTensorType>(weights.value.getType()), layout);
  auto packing = builder.create<kernel::FuncOp>(
      kernel.getLoc(), (kernel.getName() + (rounding ? "_round_pack" : "_pack")).str(),
      builder.getFunctionType(from, to), builder.getStringAttr("private"), ArrayAttr(), ArrayAttr());
  Block &body = packing.getBody().emplaceBlock();
  builder.setInsertionPointToEnd(&body);
  IRMapping mapping;
  Value argument = body.addArgument(from, weights.argument.getLoc());
  if (rounding) {
    Block &steps = rounding.getBody().front();
    mapping.map(steps.getArgument(0), argument);
    for (Operation &step : steps.without_terminator())
      builder.clone(step, mapping);
    argument = mapping.lookup(steps.getTerminator()->getOperand(0));
  }
  mapping.map(weights.argument, argument);
  for (Operation *view : weights.views)
    builder.clone(*view, mapping);
  Value value = mapping.lookup(weights.value);
  Value packed = layout.winograd ? buildTransformation(builder, weights.user, value, layout)
                                 : buildPacking(builder, weights.user->getLoc(), value, layout);
  builder.create<kernel::ReturnOp>(weights.user->getLoc(), packed);
  shareAlgorithm(kernel, packing);
  return packing;
}

/// Row-major, in the order of the dialect.
Layout plainLayout(int64_t rank) {
  return {llvm::to_vector(llvm::seq<int64_t>(0, rank)), SmallVector<int64_t>(rank, 1)};
}

bool isPlain(const Layout &layout) {
  return !layout.winograd && llvm::equal(layout.permutation, llvm::seq<int64_t>(0, layout.permutation.size())) &&
         llvm::all_of(layout.blocks, [](int64_t block) { return block == 1; });
}

/// Lets the kernel take the packed tensor in the argument's place.
void takePacked(kernel::FuncOp kernel, Weights &weights, const Layout &layout) {
  if (!weights.views.empty()) {
    weights.argument.setType(weights.value.getType());
    weights.value.replaceAllUsesWith(weights.argument);
  }
  for (Operation *view : llvm::reverse(weights.views))
    view->erase();
  if (!isPlain(layout))
    return packArgument(kernel, weights.argument, layout);
  kernel.setFunctionType(
      FunctionType::get(kernel.getContext(), kernel.getBody().front().getArgumentTypes(), kernel.getResultTypes()));
}

std::optional<Layout> chooseVariableLayout(const Weights &weights) {
  if (WinogradForm form = decidedForm(weights.user)) {
    if (isa<ConvOp>(weights.user))
      return Layout{{0, 1, 3, 2}, {1, 1, panelLanes, 1}, form};
    return Layout{{0, 1, 2, 3}, {1, 1, panelLanes, 1}, form};
  }
  std::optional<Layout> layout = chooseLayout(weights.user, weights.value);
  auto type = cast<RankedTensorType>(weights.value.getType());
  // Filters that convolutions read as they are may be seen through views: then it is the views that are carried out.
  bool isFilter = isa<ConvOp, ConvTransposeOp>(weights.user) && type.getElementType().isF32() && type.hasStaticShape();
  if (!layout && isFilter && !weights.views.empty())
    return plainLayout(type.getRank());
  return layout;
}

/// The packing kernel for weights as they are (a null key), and for those that a kernel rounds first.
using Packings = llvm::MapVector<Operation *, kernel::FuncOp>;

Operation *calleeOf(kernel::LaunchOp rounding) {
  return rounding ? SymbolTable::lookupNearestSymbolFrom(rounding, rounding.getCalleeAttr()) : nullptr;
}

Packings definePackings(kernel::FuncOp kernel, unsigned number, const Weights &weights, const Layout &layout,
                        ArrayRef<kernel::LaunchOp> launches) {
  Packings packings;
  for (kernel::LaunchOp launch : launches) {
    Operation *rounding = calleeOf(roundingOf(launch->getOperand(number)));
    kernel::FuncOp &packing = packings[rounding];
    if (!packing)
      packing = definePacking(kernel, weights, layout, dyn_cast_or_null<kernel::FuncOp>(rounding));
  }
  return packings;
}

/// Lets every launch read panels, which a launch before it packs: what several launches multiply by, before the first;
/// constants, before the first run.
void packBefore(ArrayRef<kernel::LaunchOp> launches, unsigned number, Type packed, Packings &packings,
                bool isConstant) {
  llvm::DenseMap<Value, Value> panels;
  for (kernel::LaunchOp launch : launches) {
    OpOperand &operand = launch->getOpOperand(number);
    kernel::LaunchOp rounding = roundingOf(operand.get());
    Value &panel = panels[operand.get()];
    if (!panel) {
      Value weights = rounding ? rounding->getOperand(0) : operand.get();
      kernel::FuncOp packing = packings[calleeOf(rounding)];
      auto pack =
          OpBuilder(launch).create<kernel::LaunchOp>(launch.getLoc(), packed, packing.getName(), weights, ArrayAttr());
      if (isConstant)
        pack.setPreparation();
      panel = pack.getOutputs()[0];
    }
    operand.set(panel);
    if (rounding && rounding->use_empty())
      rounding.erase();
  }
}

} // namespace

void packVariables(ModuleOp module) {
  module.walk([](ConvFilterGradientOp op) { setWinogradForm(op, decidedForm(op)); });
  llvm::StringMap<SmallVector<kernel::LaunchOp>> launches;
  module.walk([&](kernel::LaunchOp launch) { launches[launch.getCallee()].push_back(launch); });
  for (auto kernel : llvm::make_early_inc_range(module.getOps<kernel::FuncOp>())) {
    std::optional<Weights> weights = findWeights(kernel);
    if (!weights)
      continue;
    unsigned number = weights->argument.getArgNumber();
    SmallVector<kernel::LaunchOp> &readers = launches[kernel.getName()];
    bool isConstant = areConstants(readers, number);
    std::optional<Layout> layout = chooseVariableLayout(*weights);
    if (!layout)
      continue;
    Packings packings = definePackings(kernel, number, *weights, *layout, readers);
    takePacked(kernel, *weights, *layout);
    packBefore(readers, number, kernel.getArgumentTypes()[number], packings, isConstant);
  }
}

} // namespace ingot::cpu
