//===- normalize.cpp - Normalisation ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

/// x scaled and shifted by vectors along the channels.
Value scaleAndShift(Node &node, Value x, Value scale, Value bias, int64_t rank) {
  return node.make<AddOp>(node.make<MulOp>(x, node.alongChannels(scale, rank)), node.alongChannels(bias, rank));
}

/// Half precision is computed in single precision like everything (passes/quantize/WidenHalf.cpp), so that stash_type,
/// which says so, changes nothing.
Value normalize(Node &node, Value x, ArrayRef<int64_t> axes, double epsilon, bool isCentered) {
  return x ? node.make<NormalizeOp>(x, axes, APFloat(epsilon), isCentered) : Value();
}

/// In training: normalised by the batch's own mean and (population) variance, which also move the running ones:
/// running * momentum + batch * (1 - momentum).
LogicalResult importTrainingBatchNormalization(Node &node) {
  Value x = node.input(0);
  SmallVector<int64_t> axes{0};
  axes.append(llvm::to_vector(llvm::seq<int64_t>(2, node.rank(0))));
  Value y = normalize(node, x, axes, node.attribute("epsilon", double(1e-5f)), true);
  if (failed(node.result(0, scaleAndShift(node, y, node.input(1), node.input(2), node.rank(0)))))
    return failure();
  double momentum = node.attribute("momentum", double(0.9f));
  Value mean = node.reduce(ReduceKind::Mean, x, axes), centered = node.make<SubOp>(x, mean);
  Value variance = node.reduce(ReduceKind::Mean, node.make<MulOp>(centered, centered), axes);
  for (size_t i : {1, 2}) {
    Value running = node.input(i + 2), batch = node.squeeze(i == 1 ? mean : variance, axes);
    Value kept = node.make<MulOp>(running, node.scalarLike(momentum, running));
    batch = node.cast(batch, getElementTypeOrSelf(running));
    Value next = node.make<AddOp>(kept, node.make<MulOp>(batch, node.scalarLike(1 - momentum, running)));
    node.getGraph().addSuccessor(node.inputTensor(i + 2), next);
    if (!next || (node.hasOutput(i) && failed(node.result(i, next))))
      return failure();
  }
  return success();
}

/// In an evaluation: statistics that do not move.
LogicalResult keepStatistics(Node &node) {
  for (size_t i : {1, 2}) {
    node.getGraph().addSuccessor(node.inputTensor(i + 2), node.input(i + 2));
    if (node.hasOutput(i) && failed(node.forward(i, i + 2)))
      return failure();
  }
  return success();
}

/// (x - mean) * scale / sqrt(variance + epsilon) + bias, folded to x * a + b on the parameters.
LogicalResult importBatchNormalization(Node &node) {
  bool isTraining = node.attribute<bool>("training_mode", false);
  if (isTraining && !node.getGraph().isEvaluation())
    return importTrainingBatchNormalization(node);
  if (isTraining && failed(keepStatistics(node)))
    return failure();
  if (!node.attribute<bool>("spatial", true))
    return node.unsupported("BatchNormalization with spatial=0");
  Value x = node.input(0), scale = node.input(1), bias = node.input(2), mean = node.input(3), variance = node.input(4);
  if (!x || !scale || !bias || !mean || !variance)
    return failure();
  for (size_t i = 1; i < 5; ++i)
    if (node.rank(i) != 1)
      return node.error() << "input \"" << node.inputName(i) << "\" must be a vector, but is "
                          << describe(node.inputType(i));
  Type type = getElementTypeOrSelf(x);
  auto epsilon = node.scalarLike(node.attribute("epsilon", double(1e-5f)), variance);
  Value deviation = node.make<SqrtOp>(node.make<AddOp>(variance, epsilon));
  Value factor = node.make<DivOp>(node.cast(scale, getElementTypeOrSelf(variance)), deviation);
  Value shift = node.make<SubOp>(node.cast(bias, getElementTypeOrSelf(variance)),
                                 node.make<MulOp>(node.cast(mean, getElementTypeOrSelf(variance)), factor));
  return node.result(scaleAndShift(node, x, node.cast(factor, type), node.cast(shift, type), node.rank(0)));
}

FailureOr<SmallVector<int64_t>> axesFrom(Node &node) {
  FailureOr<int64_t> axis = node.axis(node.attribute<int64_t>("axis", -1), node.rank(0));
  if (failed(axis))
    return failure();
  return llvm::to_vector(llvm::seq<int64_t>(*axis, node.rank(0)));
}

/// The optional outputs Mean and InvStdDev.
LogicalResult layerStatistics(Node &node, ArrayRef<int64_t> axes, double epsilon) {
  if (!node.hasOutput(1) && !node.hasOutput(2))
    return success();
  Value x = node.input(0);
  if (x && node.attribute<int64_t>("stash_type", 1) == 1)
    x = node.cast(x, Float32Type::get(node.getContext()));
  Value mean = node.reduce(ReduceKind::Mean, x, axes), centered = node.make<SubOp>(x, mean);
  Value variance = node.reduce(ReduceKind::Mean, node.make<MulOp>(centered, centered), axes);
  Value deviation = node.make<SqrtOp>(node.make<AddOp>(variance, node.scalarLike(epsilon, variance)));
  return success(succeeded(node.result(1, mean)) && succeeded(node.result(2, node.make<ReciprocalOp>(deviation))));
}

LogicalResult importLayerNormalization(Node &node) {
  FailureOr<SmallVector<int64_t>> axes = axesFrom(node);
  double epsilon = node.attribute("epsilon", double(1e-5f));
  if (failed(axes) || failed(layerStatistics(node, *axes, epsilon)))
    return failure();
  Value result = node.make<MulOp>(normalize(node, node.input(0), *axes, epsilon, true), node.input(1));
  if (node.hasInput(2))
    result = node.make<AddOp>(result, node.input(2));
  return node.result(result);
}

LogicalResult importRmsNormalization(Node &node) {
  FailureOr<SmallVector<int64_t>> axes = axesFrom(node);
  if (failed(axes))
    return failure();
  Value result = normalize(node, node.input(0), *axes, node.attribute("epsilon", double(1e-5f)), false);
  return node.result(node.make<MulOp>(result, node.input(1)));
}

LogicalResult importInstanceNormalization(Node &node) {
  int64_t rank = node.rank(0);
  if (rank < 3)
    return node.error() << "needs an input of rank 3 or more, but has " << describe(node.inputType(0));
  Value result = normalize(node, node.input(0), llvm::to_vector(llvm::seq<int64_t>(2, rank)),
                           node.attribute("epsilon", double(1e-5f)), true);
  return node.result(scaleAndShift(node, result, node.input(1), node.input(2), rank));
}

/// [N, C, ...] seen as [N, groups, C / groups * ...], each row of which is normalised.
LogicalResult importGroupNormalization(Node &node) {
  SmallVector<AffineExpr> dims = node.dims(0);
  int64_t groups = node.attribute<int64_t>("num_groups");
  if (dims.size() < 2 || groups < 1)
    return node.error() << "needs channels and a positive num_groups";
  AffineExpr each = node.symbols().divide(dims[1], node.symbols().constant(groups));
  if (!each)
    return node.error() << node.symbols().print(dims[1]) << " channels are no multiple of " << groups << " groups";
  AffineExpr row = each * product(ArrayRef(dims).drop_front(2), node.getContext());
  Value grouped = node.reshape(node.input(0), {dims[0], node.symbols().constant(groups), row});
  Value result = normalize(node, grouped, {2}, node.attribute("epsilon", double(1e-5f)), true);
  Value scale = node.input(1), bias = node.input(2);
  if (node.version() < 21) // one scale per group, not per channel
    return node.result(node.reshape(scaleAndShift(node, result, scale, bias, 3), dims));
  return node.result(scaleAndShift(node, node.reshape(result, dims), scale, bias, dims.size()));
}

/// x / (bias + alpha * mean of x^2 over neighbouring channels)^beta: [N, C, S] is a one-dimensional map over C.
LogicalResult importLrn(Node &node) {
  SmallVector<AffineExpr> dims = node.dims(0);
  int64_t size = node.attribute<int64_t>("size");
  if (dims.size() < 2 || size < 1)
    return node.error() << "needs channels and a positive size";
  Value x = node.input(0);
  Value squares = node.reshape(node.make<MulOp>(x, x),
                               {dims[0], dims[1], product(ArrayRef(dims).drop_front(2), node.getContext())});
  int64_t low = (size - 1) / 2, high = size - 1 - low, one = 1;
  Value mean =
      node.make<AvgPoolOp>(squares, ArrayRef(size), ArrayRef(one), ArrayRef(one), ArrayRef(low), ArrayRef(high),
                           /*ceil_mode=*/false, /*count_include_pad=*/true);
  Value scaled = node.make<MulOp>(node.reshape(mean, dims), node.scalarLike(node.attribute("alpha", double(1e-4f)), x));
  Value base = node.make<AddOp>(scaled, node.scalarLike(node.attribute("bias", 1.0), x));
  return node.result(node.make<DivOp>(x, node.make<PowOp>(base, node.scalarLike(node.attribute("beta", 0.75), x))));
}

LogicalResult importLpNormalization(Node &node) {
  Value x = node.input(0);
  FailureOr<int64_t> axis = node.axis(node.attribute<int64_t>("axis", -1), node.rank(0));
  if (failed(axis))
    return failure();
  Value norm;
  if (node.attribute<int64_t>("p", 2) == 1)
    norm = node.reduce(ReduceKind::Sum, node.make<AbsOp>(x), *axis);
  else
    norm = node.make<SqrtOp>(node.reduce(ReduceKind::Sum, node.make<MulOp>(x, x), *axis));
  // A row of zeros stays one.
  Value zero = node.scalarLike(0, x), quotient = node.make<DivOp>(x, norm);
  return node.result(node.make<SelectOp>(node.make<EqualOp>(norm, zero), zero, quotient));
}

} // namespace

llvm::ArrayRef<OperatorRow> normalizeOperators() {
  static const OperatorRow rows[] = {
      {"BatchNormalization", 1, importBatchNormalization},       {"GroupNormalization", 18, importGroupNormalization},
      {"InstanceNormalization", 1, importInstanceNormalization}, {"LRN", 1, importLrn},
      {"LayerNormalization", 17, importLayerNormalization},      {"LpNormalization", 1, importLpNormalization},
      {"RMSNormalization", 23, importRmsNormalization},
  };
  return rows;
}

} // namespace ingot::frontend
