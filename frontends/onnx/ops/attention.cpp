//===- attention.cpp - Attention ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Heads become a leading axis, or two when several query heads share a key head: [batch, key heads, group, ...]. Masks
// are kept as ingot.attention wants them, keys before queries. With a soft cap, or when the scores are wanted as a
// result, the operator is taken apart.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"
#include "frontends/onnx/Registry.h"
#include <limits>

using namespace mlir;

namespace ingot::frontend {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

class AttentionImporter {
public:
  explicit AttentionImporter(Node &node) : node(node) {}
  LogicalResult run();

private:
  LogicalResult readOperands();
  LogicalResult readHeads(size_t input, StringRef attribute, Value &value);
  LogicalResult appendPast();
  void groupHeads();
  LogicalResult readMask();
  void restrictPositions();
  Value attend();
  Value attendInParts();

  Value number(AffineExpr expr);
  Value transposeLast(Value value);
  void require(Value condition) { allowed = allowed ? node.make<AndOp>(allowed, condition) : condition; }
  AffineExpr one() { return node.symbols().constant(1); }
  int64_t mode() { return node.attribute<int64_t>("qk_matmul_output_mode", 0); }
  bool isInParts() { return node.attribute("softcap", 0.0) > 0 || node.hasOutput(3); }

  Node &node;
  Type element;
  Value queries, keys, values;
  AffineExpr batch, queryHeads, keyHeads, queryCount, keyCount, past;
  int64_t group = 1;
  double scale = 1;
  Value allowed, bias; // [..., key, query]
  std::optional<AffineExpr> causal;
};

/// Input [batch, heads, length, size], or [batch, length, heads * size] with the number of heads as an attribute.
LogicalResult AttentionImporter::readHeads(size_t input, StringRef attribute, Value &value) {
  value = node.input(input);
  SmallVector<AffineExpr> dims = node.dims(input);
  if (!value || dims.size() == 4)
    return success(bool(value));
  int64_t heads = node.attribute<int64_t>(attribute, 0);
  if (dims.size() != 3 || heads < 1)
    return node.error() << "input " << input << " must have four axes, or three with the attribute " << attribute
                        << ", but has " << dims.size();
  AffineExpr size = divideExactly(dims[2], node.symbols().constant(heads));
  if (auto whole = constantValue(dims[2]); !size || (whole && *whole % heads))
    return node.error() << "input " << input << " cannot be divided into " << heads
                        << " heads: " << describe(value.getType());
  value = node.transpose(node.reshape(value, {dims[0], dims[1], node.symbols().constant(heads), size}), {0, 2, 1, 3});
  return success(bool(value));
}

/// Keys and values of earlier steps come first; both together are results too.
LogicalResult AttentionImporter::appendPast() {
  past = node.symbols().constant(0);
  if (node.hasInput(4) != node.hasInput(5))
    return node.error() << "past_key and past_value must be given together";
  if (node.hasInput(4)) {
    if (node.rank(4) != 4 || node.rank(5) != 4)
      return node.error() << "past_key and past_value must have four axes";
    past = node.dims(4)[2];
    keys = node.make<ConcatOp>(ArrayRef<Value>{node.input(4), keys}, int64_t(2));
    values = node.make<ConcatOp>(ArrayRef<Value>{node.input(5), values}, int64_t(2));
  }
  for (size_t i : {1, 2})
    if (node.hasOutput(i) && failed(node.result(i, i == 1 ? keys : values)))
      return failure();
  return success(keys && values);
}

LogicalResult AttentionImporter::readOperands() {
  if (failed(readHeads(0, "q_num_heads", queries)) || failed(readHeads(1, "kv_num_heads", keys)) ||
      failed(readHeads(2, "kv_num_heads", values)) || failed(appendPast()))
    return failure();
  element = getElementTypeOrSelf(queries);
  SmallVector<AffineExpr> q = node.dimsOf(queries), k = node.dimsOf(keys);
  batch = q[0], queryHeads = q[1], queryCount = q[2], keyHeads = k[1], keyCount = k[2];
  auto heads = constantValue(queryHeads), shared = constantValue(keyHeads), size = constantValue(q[3]);
  if (!heads || !shared || !size)
    return node.unsupported("Attention with a number or size of heads that is not constant");
  if (*shared < 1 || *heads % *shared)
    return node.error() << *heads << " query heads cannot share " << *shared << " key heads equally";
  group = *heads / *shared;
  scale = node.attribute("scale", 1 / std::sqrt(double(std::max<int64_t>(*size, 1))));
  return success();
}

/// Query heads that share a key head become an axis of their own, along which keys and values broadcast.
void AttentionImporter::groupHeads() {
  if (group == 1)
    return;
  SmallVector<AffineExpr> q = node.dimsOf(queries), k = node.dimsOf(keys), v = node.dimsOf(values);
  queries = node.reshape(queries, {batch, keyHeads, node.symbols().constant(group), queryCount, q[3]});
  keys = node.reshape(keys, {k[0], keyHeads, one(), keyCount, k[3]});
  values = node.reshape(values, {v[0], keyHeads, one(), keyCount, v[3]});
}

/// attn_mask, which broadcasts to [batch, heads, query, key]; keys that it does not reach are not seen.
LogicalResult AttentionImporter::readMask() {
  if (!node.hasInput(3))
    return success();
  Value mask = node.input(3);
  SmallVector<AffineExpr> dims = node.dims(3);
  if (!mask || dims.empty() || dims.size() > 4)
    return mask ? LogicalResult(node.error() << "attn_mask must have one to four axes, but has " << dims.size())
                : failure();
  bool isBoolean = getElementTypeOrSelf(mask).isInteger(1);
  auto given = constantValue(dims.back()), wanted = constantValue(keyCount);
  if (given && wanted && *given != 1 && *given < *wanted) {
    SmallVector<int64_t> low(dims.size(), 0), high(dims.size(), 0);
    high.back() = *wanted - *given;
    mask = node.make<PadOp>(mask, node.scalarLike(isBoolean ? 0 : -infinity, mask), low, high, PadMode::Constant);
    dims.back() = keyCount;
  }
  if (dims.size() == 1)
    dims.insert(dims.begin(), one());
  if (group > 1 && dims.size() > 2) {
    size_t heads = dims.size() - 3;
    bool isShared = constantValue(dims[heads]) == 1;
    dims[heads] = isShared ? one() : keyHeads;
    dims.insert(dims.begin() + heads + 1, isShared ? one() : node.symbols().constant(group));
  }
  mask = transposeLast(node.reshape(mask, dims));
  (isBoolean ? allowed : bias) = mask;
  return success(bool(mask));
}

/// is_causal, the window and the number of keys that are no padding. A query's position is its number and what came
/// before it: the past, or what the padded keys hold beyond the queries.
void AttentionImporter::restrictPositions() {
  bool isCausal = node.attribute<bool>("is_causal", false), isPadded = node.hasInput(6);
  int64_t left = node.attribute<int64_t>("left_window_size", -1),
          right = node.attribute<int64_t>("right_window_size", -1);
  if (isCausal)
    right = 0;
  if (right >= 0 && left < 0 && !isPadded && !isInParts()) {
    causal = simplifyDimension(past + right);
    return;
  }
  if (right < 0 && left < 0 && !isPadded)
    return;
  Type i64 = IntegerType::get(node.getContext(), 64);
  Value key = node.iota({keyCount, one()}, 0, i64), position = node.iota({one(), queryCount}, 1, i64);
  Value offset = number(past);
  if (isPadded) {
    SmallVector<AffineExpr> dims(group > 1 ? 5 : 4, one());
    dims[0] = batch;
    Value length = node.reshape(node.cast(node.input(6), i64), dims);
    require(node.make<LessOp>(key, length));
    offset = node.make<SubOp>(length, number(queryCount));
  }
  position = node.make<AddOp>(position, offset);
  if (right >= 0)
    require(node.make<LessOrEqualOp>(key, node.make<AddOp>(position, node.scalar(right, i64))));
  if (left >= 0)
    require(node.make<LessOrEqualOp>(position, node.make<AddOp>(key, node.scalar(left, i64))));
}

Value AttentionImporter::number(AffineExpr expr) {
  return node.getGraph().materialize(Known{{}, {expr}, IntegerType::get(node.getContext(), 64)}, node.getLocation());
}

Value AttentionImporter::transposeLast(Value value) {
  if (!value)
    return {};
  int64_t rank = node.dimsOf(value).size();
  SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(permutation[rank - 2], permutation[rank - 1]);
  return node.transpose(value, permutation);
}

Value AttentionImporter::attend() {
  queries = node.cast(queries, element);
  keys = node.cast(keys, element);
  values = node.cast(values, element);
  if (bias)
    bias = node.cast(bias, element);
  if (isInParts())
    return attendInParts();
  Value mask = allowed;
  if (bias)
    mask = allowed ? node.make<SelectOp>(allowed, bias, node.scalarLike(-infinity, bias)) : bias;
  SmallVector<Value> operands{queries, keys, values};
  if (mask)
    operands.push_back(mask);
  if (llvm::is_contained(operands, Value()) || (node.hasInput(3) && !mask))
    return {};
  Builder builder(node.getContext());
  SmallVector<NamedAttribute> attributes{builder.getNamedAttr("scale", builder.getF64FloatAttr(scale)),
                                         builder.getNamedAttr("fill", builder.getF64FloatAttr(-infinity))};
  if (causal)
    attributes.push_back(builder.getNamedAttr("causal", node.symbols().shape(*causal)));
  return node.make<AttentionOp>(ValueRange(operands), ArrayRef<NamedAttribute>(attributes));
}

Value AttentionImporter::attendInParts() {
  Value scores = node.make<MatmulOp>(queries, transposeLast(keys));
  scores = node.make<MulOp>(scores, node.scalarLike(scale, scores));
  SmallVector<Value> stages{scores};
  if (double cap = node.attribute("softcap", 0.0); cap > 0) {
    Value limited = node.make<TanhOp>(node.make<DivOp>(scores, node.scalarLike(cap, scores)));
    scores = node.make<MulOp>(limited, node.scalarLike(cap, scores));
  }
  stages.push_back(scores);
  if (bias)
    scores = node.make<AddOp>(scores, transposeLast(bias));
  if (allowed)
    scores = node.make<SelectOp>(transposeLast(allowed), scores, node.scalarLike(-infinity, scores));
  stages.push_back(scores);
  Value weights = node.make<SoftmaxOp>(scores, int64_t(node.dimsOf(scores).size()) - 1, false);
  weights = node.make<SelectOp>(node.make<IsNanOp>(weights), node.scalarLike(0, weights), weights);
  stages.push_back(weights);
  if (node.hasOutput(3)) {
    if (mode() < 0 || mode() > 3) {
      node.error() << "qk_matmul_output_mode must be 0, 1, 2 or 3, not " << mode();
      return {};
    }
    if (failed(node.result(3, node.reshape(stages[mode()], {batch, queryHeads, queryCount, keyCount}))))
      return {};
  }
  return node.make<MatmulOp>(weights, values);
}

LogicalResult AttentionImporter::run() {
  if (failed(readOperands()))
    return failure();
  groupHeads();
  if (failed(readMask()))
    return failure();
  restrictPositions();
  Value output = attend();
  if (!output)
    return failure();
  AffineExpr size = node.dimsOf(output).back();
  output = node.reshape(output, {batch, queryHeads, queryCount, size});
  if (node.rank(0) == 3)
    output =
        node.reshape(node.transpose(output, {0, 2, 1, 3}), {batch, queryCount, simplifyDimension(queryHeads * size)});
  return node.result(output);
}

LogicalResult importAttention(Node &node) { return AttentionImporter(node).run(); }

} // namespace

llvm::ArrayRef<OperatorRow> attentionOperators() {
  static const OperatorRow rows[] = {
      {"Attention", 23, importAttention},
  };
  return rows;
}

} // namespace ingot::frontend
