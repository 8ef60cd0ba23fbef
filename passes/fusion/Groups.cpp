//===- Groups.cpp - Which operations share a kernel -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/fusion/Groups.h"
#include "passes/simplify/Permutation.h"
#include <numeric>

using namespace mlir;

namespace ingot {

static bool isHalf(Type element) { return element.isF16() || element.isBF16(); }

bool isWidening(Operation *op) {
  auto cast = dyn_cast_or_null<CastOp>(op);
  return cast && cast.getElement().isF32() && isHalf(getElementTypeOrSelf(cast.getInput()));
}

bool isNarrowing(Operation *op) {
  auto cast = dyn_cast_or_null<CastOp>(op);
  return cast && isHalf(cast.getElement()) && getElementTypeOrSelf(cast.getInput()).isF32();
}

bool isFreeView(Operation *op) {
  return isa_and_nonnull<ReshapeOp, TransposeOp, BroadcastOp, SliceOp, DimensionsOp, IotaOp>(op) || isWidening(op);
}

bool keepsLastAxis(TransposeOp transpose) {
  return transpose.getPermutation().back() == int64_t(transpose.getPermutation().size()) - 1;
}

bool readsRows(Operation *op) { return isa<ReduceOp, SoftmaxOp, NormalizeOp, ArgReduceOp>(op); }

bool readsInPlace(OpOperand &operand) {
  Operation *op = operand.getOwner(), *view = operand.get().getDefiningOp();
  bool isWindow = isa<MaxPoolOp, AvgPoolOp>(op); // finds 16 channels side by side
  auto attention = dyn_cast<AttentionOp>(op);    // widens keys and values as it loads them
  bool widens = attention && llvm::is_contained({attention.getKeys(), attention.getValues()}, operand.get());
  if (!op->hasTrait<Root>() || readsRows(op) || (isWindow && !isFreeView(view)) ||
      ((isWindow || widens) && isWidening(view)))
    return false;
  auto product = dyn_cast<SumsProducts>(op);
  return !product || attention || llvm::is_contained(product.getFactors(), &operand);
}

bool isPartOfCode(Operation *op) {
  auto constant = dyn_cast_or_null<ConstantOp>(op);
  return constant && constant.getValue().isSplat();
}

/// Whether the last two axes are what they were.
static bool keepsMatrices(ReshapeOp reshape) {
  SymbolScope scope(reshape.getContext());
  SmallVector<AffineExpr> before = scope.dims(reshape.getInput()), after = scope.dims(reshape.getOutput());
  return before.size() >= 2 && after.size() >= 2 && ArrayRef(before).take_back(2) == ArrayRef(after).take_back(2);
}

/// Whether a convolution has too few filters, in a group or at all, to give each a lane, so that lanes are channels of
/// the input. `filters` are those of a group, `channels` all that an output pixel reads in it.
static bool hasFewFilters(int64_t groups, int64_t channels, int64_t filters, ArrayRef<AffineExpr> window) {
  bool isPointwise = llvm::all_of(window, [](AffineExpr extent) { return constantValue(extent) == 1; });
  return groups > 1 ? filters < 16 : !isPointwise && filters <= 8 && filters * 4 <= channels;
}

/// Whether a pool reads elements of an input of @main more than once: its windows overlap. Inside, planes are rare.
template <typename Pool>
static bool rereadsInput(Pool pool) {
  auto count = [](ArrayRef<int64_t> sizes) {
    return std::accumulate(sizes.begin(), sizes.end(), int64_t(1), std::multiplies<>());
  };
  Value source = pool.getInput();
  while (isFreeView(source.getDefiningOp()) && source.getDefiningOp()->getNumOperands() == 1)
    source = source.getDefiningOp()->getOperand(0);
  return isa<BlockArgument>(source) && count(pool.getWindow()) > count(pool.getStrides());
}

/// Whether an algorithm with fewer products may be made for the convolution, which transforms tiles of the input, some
/// channels at once. Of small maps, reading the weights takes the time.
static bool hasTiles(ConvOp conv, SymbolScope &scope) {
  constexpr int64_t leastChannels = 32, leastPixels = 128;
  SmallVector<AffineExpr> filter = scope.dims(conv.getFilter()), output = scope.dims(conv.getOutput());
  auto fills = [](AffineExpr extent) {
    auto known = constantValue(extent);
    return known && *known >= leastChannels && *known % 16 == 0;
  };
  auto height = constantValue(output[1]), width = constantValue(output[output.size() - 2]);
  if (output.size() != 4 || !height || !width || *height * *width < leastPixels || conv.getGroups() != 1 ||
      !fills(filter[2]) || !fills(filter[3]) || filter[0] != filter[1] || !llvm::all_equal(conv.getStrides()) ||
      llvm::any_of(conv.getDilations(), [](int64_t step) { return step != 1; }))
    return false;
  int64_t stride = conv.getStrides()[0];
  int64_t taps = constantValue(filter[0]).value_or(0);
  return (taps == 3 && stride <= 2) || (taps == 4 && stride == 2) || (taps == 5 && stride == 1);
}

static bool readsChannels(Operation *op) {
  if (auto pool = dyn_cast<MaxPoolOp>(op))
    return rereadsInput(pool);
  if (auto pool = dyn_cast<AvgPoolOp>(op))
    return rereadsInput(pool);
  SymbolScope scope(op->getContext());
  auto conv = dyn_cast<ConvOp>(op);
  auto transposed = dyn_cast<ConvTransposeOp>(op);
  if (!conv && !transposed)
    return false;
  SmallVector<AffineExpr> filter = scope.dims(op->getOperand(1));
  auto inner = constantValue(filter[filter.size() - 2]), last = constantValue(filter.back());
  ArrayRef<AffineExpr> window = ArrayRef(filter).drop_back(2);
  if (!inner || !last)
    return false;
  if (conv)
    return hasFewFilters(conv.getGroups(), *inner, *last / int64_t(conv.getGroups()), window) || hasTiles(conv, scope);
  // In groups, only a depthwise one reads channels together.
  int64_t groups = transposed.getGroups();
  bool isDepthwise = *inner == 1 && *last == groups;
  return (groups == 1 || isDepthwise) && hasFewFilters(groups, *last / groups, *inner, window);
}

Grouping::Grouping(func::FuncOp main) : main(main) {
  Block &block = main.getBody().front();
  for (auto [index, op] : llvm::enumerate(block))
    places[&op] = index;
  reach = llvm::to_vector(llvm::seq<size_t>(0, places.size()));
  markMaterialized();
  for (Operation &op : block.without_terminator())
    if (!isa<ConstantOp>(op) && (!isFreeView(&op) || materialized.contains(&op)))
      place(&op);
  sinkIntoReaders();
}

SmallVector<Group *> Grouping::getGroups() const {
  SmallVector<Group *> result;
  for (auto &group : groups)
    if (!group->ops.empty())
      result.push_back(group.get());
  llvm::sort(result, [](Group *a, Group *b) { return a->first < b->first; });
  return result;
}

bool Grouping::isUsedOutside(Value value, const Group &group) const {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    if (group.ops.contains(user))
      return false;
    if (isFreeView(user) && !owners.contains(user) && !materialized.contains(user))
      return isUsedOutside(user->getResult(0), group);
    return true;
  });
}

/// What @main returns lies in memory, and so does what a root could only read in pieces.
void Grouping::markMaterialized() {
  Block &block = main.getBody().front();
  for (Value operand : block.getTerminator()->getOperands())
    markReturned(operand);
  for (Operation &op : block)
    if (op.hasTrait<Root>())
      for (OpOperand &operand : op.getOpOperands()) {
        markReadByRoot(operand.get(), isa<AttentionOp>(op));
        if (readsInPlace(operand))
          markWidened(operand.get());
      }
  for (Operation &op : block)
    if (readsChannels(&op))
      markReadByChannels(op.getOperand(0));
  main.walk([&](ConvFilterGradientOp op) {
    markReadByChannels(op.getGradient());
    // Vectors are taken from the gradient alone, and from the input only element by element.
    if (auto channels = constantValue(SymbolScope(op.getContext()).dims(op.getInput()).back());
        !channels || *channels >= 8)
      markReadByChannels(op.getInput());
  });
  for (auto attention : block.getOps<AttentionOp>()) {
    markReadAlongRows(attention.getValues());
    if (attention.getMask())
      markReadAlongRows(attention.getMask());
  }
}

/// What is read sixteen neighbours of the last axis at a time, many times over, must have them side by side.
void Grouping::markReadAlongRows(Value value) {
  for (Operation *view = value.getDefiningOp(); isFreeView(view) && view->getNumOperands() == 1;
       view = view->getOperand(0).getDefiningOp()) {
    auto transpose = dyn_cast<TransposeOp>(view);
    if (!transpose)
      continue;
    auto input = cast<RankedTensorType>(transpose.getInput().getType());
    bool isMoved = !keepsLastAxis(transpose) && input.getShape().back() != 1 &&
                   input.getDimSize(transpose.getPermutation().back()) != 1;
    if (isMoved)
      materialized.insert(view);
  }
}

void Grouping::markReturned(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getInput();
  if (Operation *producer = value.getDefiningOp(); isFreeView(producer))
    materialized.insert(producer);
}

/// A reshape that puts axes together which a view has moved apart leaves no rows to read: the view's result must lie in
/// memory, as in matmul(reshape(transpose(attention))). Only rows and columns count for `onlyMatrices`, which find
/// their way to each matrix by index arithmetic.
void Grouping::markReadByRoot(Value value, bool onlyMatrices) {
  for (Operation *view = value.getDefiningOp(); isFreeView(view) && view->getNumOperands() == 1;
       view = view->getOperand(0).getDefiningOp()) {
    auto reshape = dyn_cast<ReshapeOp>(view);
    Operation *source = reshape ? reshape.getInput().getDefiningOp() : nullptr;
    bool isMoved = isa_and_nonnull<TransposeOp, SliceOp, BroadcastOp>(source);
    if (isMoved && !(onlyMatrices && keepsMatrices(reshape)) &&
        mergesAxes(cast<RankedTensorType>(reshape.getInput().getType()), cast<RankedTensorType>(reshape.getType())))
      materialized.insert(source);
  }
}

/// A root finds its operands by address arithmetic: they are float32 in memory.
void Grouping::markWidened(Value value) {
  for (Operation *view = value.getDefiningOp(); isFreeView(view) && view->getNumOperands() == 1;
       view = view->getOperand(0).getDefiningOp())
    if (isWidening(view))
      materialized.insert(view);
}

/// A root reads channels together, again and again: what a view that takes them apart shows must lie in memory.
void Grouping::markReadByChannels(Value value) {
  for (Operation *view = value.getDefiningOp(); isFreeView(view); view = view->getOperand(0).getDefiningOp()) {
    auto transpose = dyn_cast<TransposeOp>(view);
    auto slice = dyn_cast<SliceOp>(view);
    if (isa<ReshapeOp>(view) || (slice && slice.getStep().back() == 1) || (transpose && keepsLastAxis(transpose)))
      continue;
    materialized.insert(view);
    return;
  }
}

void Grouping::merge(Group &into, Group &from) {
  llvm::SetVector<Operation *> ops = from.ops;
  ops.insert(into.ops.begin(), into.ops.end());
  into.ops = std::move(ops);
  into.root = into.root ? into.root : from.root;
  into.first = std::min(into.first, from.first);
  into.last = std::max(into.last, from.last);
  for (Operation *op : from.ops)
    owners[op] = &into;
  from.ops.clear();
  extendReach(into);
}

void Grouping::extendReach(const Group &group) {
  for (size_t place = group.first; place < reach.size() && reach[place] < group.last; ++place)
    reach[place] = group.last;
}

/// Whether the group cannot depend on `source`: all groups that it may depend on, through whichever others, end before
/// the source begins. A group's early operation does not wait for the source, but its kernel waits for its late ones.
bool Grouping::isBefore(const Group &group, const Group &source) const {
  size_t place = group.last;
  while (place < source.first && reach[place] > place)
    place = reach[place];
  return place < source.first;
}

/// Whether there is a way source -> (another group) -> user: then the two cannot be one kernel.
bool Grouping::dependsThroughOthers(const Group &user, const Group &source) const {
  SmallVector<std::pair<Value, bool>> open; // and whether another group lies on the way
  llvm::DenseSet<std::pair<Operation *, int>> seen;
  auto addOperands = [&](Operation *op, bool isOutside) {
    for (Value operand : op->getOperands())
      open.emplace_back(operand, isOutside);
  };
  for (Operation *op : user.ops)
    addOperands(op, false);
  while (!open.empty()) {
    auto [value, isOutside] = open.pop_back_val();
    Operation *producer = value.getDefiningOp();
    if (!producer || !seen.insert({producer, int(isOutside)}).second)
      continue;
    Group *owner = groupOf(producer);
    if (owner == &source && isOutside)
      return true;
    if (owner == &source || owner == &user)
      continue;
    if (!owner) {
      addOperands(producer, isOutside);
    } else if (!isBefore(*owner, source)) {
      for (Operation *op : owner->ops)
        addOperands(op, true);
    }
  }
  return false;
}

/// Backward computes again what forward has forgotten: it must not be computed beside forward and kept after all.
static bool isLate(const Group &group) { return group.ops.front()->hasAttr("ingot.late"); }

bool Grouping::canMerge(Group &one, Group &other) const {
  return &one != &other && isLate(one) == isLate(other) && one.ops.size() + other.ops.size() <= mostOperations &&
         !dependsThroughOthers(one, other) && !dependsThroughOthers(other, one);
}

} // namespace ingot
