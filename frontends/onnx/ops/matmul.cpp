//===- matmul.cpp - Products of matrices --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"
#include "frontends/onnx/Registry.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

/// NumPy's rule: a vector on the left is a row, one on the right a column, and that axis goes again.
LogicalResult importMatMul(Node &node) {
  Value lhs = node.input(0), rhs = node.input(1);
  if (!lhs || !rhs)
    return failure();
  int64_t left = node.rank(0), right = node.rank(1);
  if (left == 0 || right == 0)
    return node.error() << "operands must have at least one dimension";
  if (left == 1)
    lhs = node.unsqueeze(lhs, {0});
  if (right == 1)
    rhs = node.unsqueeze(rhs, {1});
  Value product = node.make<MatmulOp>(lhs, rhs);
  if (!product)
    return failure();
  int64_t rank = node.dimsOf(product).size();
  SmallVector<int64_t> extra;
  if (left == 1)
    extra.push_back(rank - 2);
  if (right == 1)
    extra.push_back(rank - 1);
  return node.result(extra.empty() ? product : node.squeeze(product, extra));
}

/// alpha * A' B' + beta * C
LogicalResult importGemm(Node &node) {
  if (node.rank(0) != 2 || node.rank(1) != 2)
    return node.error() << "A and B must be matrices, but have ranks " << node.rank(0) << " and " << node.rank(1);
  Value lhs = node.input(0), rhs = node.input(1), bias = node.input(2);
  if (node.attribute<bool>("transA", false))
    lhs = node.transpose(lhs, {1, 0});
  if (node.attribute<bool>("transB", false))
    rhs = node.transpose(rhs, {1, 0});
  Value result = node.make<MatmulOp>(lhs, rhs);
  if (double alpha = node.attribute("alpha", 1.0); alpha != 1)
    result = node.make<MulOp>(result, node.scalarLike(alpha, result));
  if (!node.hasInput(2))
    return node.result(result);
  if (double beta = node.attribute("beta", 1.0); beta != 1)
    bias = node.make<MulOp>(bias, node.scalarLike(beta, bias));
  return node.result(node.make<AddOp>(result, bias));
}

} // namespace

LogicalResult importEinsum(Node &node); // in Einsum.cpp

llvm::ArrayRef<OperatorRow> matmulOperators() {
  static const OperatorRow rows[] = {
      {"Einsum", 12, importEinsum},
      {"Gemm", 1, importGemm},
      {"MatMul", 1, importMatMul},
  };
  return rows;
}

} // namespace ingot::frontend
