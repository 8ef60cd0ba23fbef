//===- layout.cpp - The same elements at other places --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

LogicalResult importReshape(Node &node) {
  SmallVector<AffineExpr> input = node.dims(0), target;
  if (node.hasAttribute("shape")) {
    for (int64_t size : node.attribute<SmallVector<int64_t>>("shape"))
      target.push_back(node.symbols().constant(size));
  } else {
    FailureOr<SmallVector<AffineExpr>> given = node.expressions(1);
    if (failed(given))
      return failure();
    target = *given;
  }
  std::optional<size_t> open;
  for (auto [position, size] : llvm::enumerate(target)) {
    auto number = constantValue(size);
    if (number == 0 && !node.attribute<bool>("allowzero", false)) {
      if (position >= input.size())
        return node.error() << "the shape copies dimension " << position << ", but the input "
                            << describe(node.inputType(0)) << " has none";
      size = input[position];
    } else if (number && *number < 0) {
      if (*number != -1 || open)
        return node.error() << (open ? "the shape has two dimensions of -1" : "the shape has a negative dimension");
      open = position;
    }
  }
  AffineExpr total = product(input, node.getContext());
  if (open) {
    target[*open] = node.symbols().constant(1);
    AffineExpr rest = product(target, node.getContext());
    target[*open] = node.symbols().divide(total, rest);
    if (!target[*open])
      return node.error() << "cannot reshape " << describe(node.inputType(0)) << ": its " << node.symbols().print(total)
                          << " elements are no multiple of " << node.symbols().print(rest);
  }
  AffineExpr after = product(target, node.getContext());
  if (!open && !node.symbols().canBeEqual(total, after))
    return node.error() << "cannot reshape " << describe(node.inputType(0)) << " (" << node.symbols().print(total)
                        << " elements) to " << describe(node.symbols().tensor(target, node.elementType())) << " ("
                        << node.symbols().print(after) << " elements)";
  return node.result(node.reshape(node.input(0), target));
}

LogicalResult importFlatten(Node &node) {
  SmallVector<AffineExpr> dims = node.dims(0);
  int64_t rank = dims.size(), axis = node.attribute<int64_t>("axis", 1);
  if (axis < -rank || axis > rank)
    return node.error() << "axis " << axis << " is out of range for rank " << rank;
  axis += axis < 0 ? rank : 0;
  return node.result(node.reshape(node.input(0), {product(ArrayRef(dims).take_front(axis), node.getContext()),
                                                  product(ArrayRef(dims).drop_front(axis), node.getContext())}));
}

/// Axes from the attribute of old versions or the input of new ones.
FailureOr<SmallVector<int64_t>> axesOf(Node &node, size_t input, int64_t rank) {
  if (node.hasAttribute("axes"))
    return node.axes(node.attribute<SmallVector<int64_t>>("axes"), rank);
  FailureOr<SmallVector<int64_t>> given = node.integers(input);
  return failed(given) ? given : node.axes(*given, rank);
}

LogicalResult importSqueeze(Node &node) {
  SmallVector<AffineExpr> dims = node.dims(0);
  SmallVector<int64_t> axes;
  if (node.hasAttribute("axes") || node.hasInput(1)) {
    FailureOr<SmallVector<int64_t>> given = axesOf(node, 1, dims.size());
    if (failed(given))
      return failure();
    axes = *given;
  } else {
    for (auto [position, dim] : llvm::enumerate(dims))
      if (constantValue(dim) == 1)
        axes.push_back(position);
  }
  for (int64_t axis : axes)
    if (!node.symbols().canBeEqual(dims[axis], node.symbols().constant(1)))
      return node.error() << "axis " << axis << " of " << describe(node.inputType(0)) << " is not of size 1";
  return node.result(node.squeeze(node.input(0), axes));
}

LogicalResult importUnsqueeze(Node &node) {
  size_t added = node.hasAttribute("axes") ? node.attribute<SmallVector<int64_t>>("axes").size()
                 : node.known(1)           ? node.known(1)->elements.size()
                                           : 0;
  FailureOr<SmallVector<int64_t>> axes = axesOf(node, 1, node.rank(0) + added);
  return failed(axes) ? failure() : node.result(node.unsqueeze(node.input(0), *axes));
}

LogicalResult importTranspose(Node &node) {
  auto permutation = node.attribute<SmallVector<int64_t>>("perm");
  if (permutation.empty())
    for (int64_t axis = node.rank(0); axis-- > 0;)
      permutation.push_back(axis);
  return node.result(node.transpose(node.input(0), permutation));
}

LogicalResult importExpand(Node &node) {
  FailureOr<SmallVector<AffineExpr>> target = node.expressions(1);
  if (failed(target))
    return failure();
  for (AffineExpr size : *target)
    if (auto number = constantValue(size); number && *number < 0)
      return node.error() << "the shape has the negative dimension " << *number;
  FailureOr<SmallVector<AffineExpr>> dims = node.symbols().broadcast(node.dims(0), *target);
  if (failed(dims))
    return node.error() << "cannot expand " << describe(node.inputType(0)) << " to "
                        << describe(node.symbols().tensor(*target, node.elementType()));
  return node.result(node.broadcast(node.input(0), *dims));
}

/// [a, b] repeated (p, q) times: reshape to [1, a, 1, b], broadcast to [p, a, q, b], reshape to [p*a, q*b].
LogicalResult importTile(Node &node) {
  FailureOr<SmallVector<AffineExpr>> repeats = node.expressions(1);
  if (failed(repeats))
    return failure();
  SmallVector<AffineExpr> dims = node.dims(0), split, repeated, result;
  if (repeats->size() != dims.size())
    return node.error() << repeats->size() << " repeats are given for the " << dims.size() << " axes";
  for (AffineExpr times : *repeats)
    if (auto number = constantValue(times); number && *number < 0)
      return node.error() << "cannot repeat " << *number << " times";
  for (auto [dim, times] : llvm::zip(dims, *repeats)) {
    if (constantValue(times) != 1) {
      split.push_back(node.symbols().constant(1));
      repeated.push_back(times);
    }
    split.push_back(dim);
    repeated.push_back(dim);
    result.push_back(dim * times);
  }
  return node.result(node.reshape(node.broadcast(node.reshape(node.input(0), split), repeated), result));
}

LogicalResult importConcat(Node &node) {
  FailureOr<int64_t> axis = node.axis(node.attribute<int64_t>("axis", 1), node.rank(0));
  if (failed(axis))
    return failure();
  SmallVector<Value> inputs = node.inputs();
  return node.result(node.make<ConcatOp>(inputs, *axis));
}

LogicalResult importSplit(Node &node) {
  SmallVector<AffineExpr> dims = node.dims(0), sizes;
  FailureOr<int64_t> axis = node.axis(node.attribute<int64_t>("axis", 0), dims.size());
  if (failed(axis))
    return failure();
  int64_t parts = node.outputCount();
  if (node.hasInput(1)) {
    FailureOr<SmallVector<AffineExpr>> given = node.expressions(1);
    if (failed(given))
      return failure();
    sizes = *given;
  } else if (node.hasAttribute("split")) {
    for (int64_t size : node.attribute<SmallVector<int64_t>>("split"))
      sizes.push_back(node.symbols().constant(size));
  } else {
    AffineExpr part = simplifyDimension(dims[*axis].ceilDiv(parts)), rest = dims[*axis];
    if (AffineExpr exact = divideExactly(dims[*axis], node.symbols().constant(parts)))
      part = exact;
    for (int64_t i = 0; i + 1 < parts; ++i, rest = rest - part)
      sizes.push_back(part);
    sizes.push_back(rest); // what is left when the parts are not equal
  }
  if (int64_t(sizes.size()) != parts)
    return node.error() << sizes.size() << " sizes are given for " << parts << " outputs";
  AffineExpr sum = node.symbols().constant(0);
  for (AffineExpr size : sizes)
    sum = simplifyDimension(sum + size);
  if (!node.symbols().canBeEqual(sum, dims[*axis]))
    return node.error() << "the parts add up to " << node.symbols().print(sum) << ", but axis " << *axis << " of "
                        << describe(node.inputType(0)) << " is " << node.symbols().print(dims[*axis]);
  SmallVector<AffineExpr> start(dims.size(), node.symbols().constant(0)), extent(dims);
  SmallVector<int64_t> step(dims.size(), 1);
  for (auto [position, size] : llvm::enumerate(sizes)) {
    if (!node.symbols().canReach(size, node.symbols().constant(0)))
      return node.error() << "a part has the negative size " << *constantValue(size);
    extent[*axis] = size;
    if (failed(node.result(position, node.slice(node.input(0), start, step, extent))))
      return failure();
    start[*axis] = simplifyDimension(start[*axis] + size);
  }
  return success();
}

LogicalResult importPad(Node &node) {
  int64_t rank = node.rank(0);
  SmallVector<int64_t> pads = node.attribute<SmallVector<int64_t>>(node.version() < 2 ? "paddings" : "pads"), axes;
  if (node.hasInput(1)) {
    FailureOr<SmallVector<int64_t>> given = node.integers(1);
    if (failed(given))
      return failure();
    pads = *given;
  }
  if (node.hasInput(3)) {
    FailureOr<SmallVector<int64_t>> given = node.integers(3);
    if (failed(given) || failed(node.axes(*given, rank)))
      return failure();
    for (int64_t axis : *given)
      axes.push_back(axis < 0 ? axis + rank : axis);
  } else {
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  }
  if (pads.size() != 2 * axes.size())
    return node.error() << "pads has " << pads.size() << " numbers for " << axes.size() << " axes";
  for (int64_t number : pads)
    if (number < -INT32_MAX || number > INT32_MAX)
      return node.error() << "padding by " << number << " is out of range";
  SmallVector<int64_t> low(rank, 0), high(rank, 0);
  for (auto [position, axis] : llvm::enumerate(axes)) {
    low[axis] = pads[position];
    high[axis] = pads[position + axes.size()];
  }
  Value x = node.input(0);
  Value value = node.hasInput(2) ? node.input(2) : node.scalarLike(node.attribute("value", 0.0), x);
  if (node.hasInput(2) && node.rank(2) > 0)
    value = node.reshape(value, {});
  std::string name = node.attribute<std::string>("mode", "constant");
  std::optional<PadMode> mode = symbolizePadMode(name);
  if (!mode)
    return node.error() << "there is no mode \"" << name << "\"";
  return node.result(node.make<PadOp>(x, value, low, high, *mode));
}

/// DepthToSpace: channels [b, b, c] (DCR) or [c, b, b] (CRD) move into the map.
LogicalResult importDepthToSpace(Node &node) {
  int64_t block = node.attribute<int64_t>("blocksize");
  bool isColumnRow = node.attribute<std::string>("mode", "DCR") == "CRD";
  SmallVector<AffineExpr> dims = node.dims(0);
  if (dims.size() != 4 || block < 1)
    return node.error() << "needs an input of rank 4 and a positive blocksize";
  AffineExpr b = node.symbols().constant(block), depth = node.symbols().divide(dims[1], b * b);
  if (!depth)
    return node.error() << node.symbols().print(dims[1]) << " channels are no multiple of " << block * block;
  Value split = isColumnRow ? node.reshape(node.input(0), {dims[0], depth, b, b, dims[2], dims[3]})
                            : node.reshape(node.input(0), {dims[0], b, b, depth, dims[2], dims[3]});
  Value moved = isColumnRow ? node.transpose(split, {0, 1, 4, 2, 5, 3}) : node.transpose(split, {0, 3, 4, 1, 5, 2});
  return node.result(node.reshape(moved, {dims[0], depth, dims[2] * b, dims[3] * b}));
}

LogicalResult importSpaceToDepth(Node &node) {
  int64_t block = node.attribute<int64_t>("blocksize");
  SmallVector<AffineExpr> dims = node.dims(0);
  if (dims.size() != 4 || block < 1)
    return node.error() << "needs an input of rank 4 and a positive blocksize";
  AffineExpr b = node.symbols().constant(block), height = node.symbols().divide(dims[2], b),
             width = node.symbols().divide(dims[3], b);
  if (!height || !width)
    return node.error() << "the map " << describe(node.inputType(0)) << " is no multiple of " << block;
  bool isColumnRow = node.attribute<std::string>("mode", "DCR") == "CRD";
  Value split = node.reshape(node.input(0), {dims[0], dims[1], height, b, width, b});
  Value moved = isColumnRow ? node.transpose(split, {0, 1, 3, 5, 2, 4}) : node.transpose(split, {0, 3, 5, 1, 2, 4});
  return node.result(node.reshape(moved, {dims[0], dims[1] * b * b, height, width}));
}

} // namespace

LogicalResult importSlice(Node &node); // in Slice.cpp

llvm::ArrayRef<OperatorRow> layoutOperators() {
  static const OperatorRow rows[] = {
      {"Concat", 1, importConcat},
      {"DepthToSpace", 1, importDepthToSpace},
      {"Expand", 8, importExpand},
      {"Flatten", 1, importFlatten},
      {"Pad", 1, importPad},
      {"Reshape", 1, importReshape},
      {"Slice", 1, importSlice},
      {"SpaceToDepth", 1, importSpaceToDepth},
      {"Split", 1, importSplit},
      {"Squeeze", 1, importSqueeze},
      {"Tile", 6, importTile},
      {"Transpose", 1, importTranspose},
      {"Unsqueeze", 1, importUnsqueeze},
  };
  return rows;
}

} // namespace ingot::frontend
