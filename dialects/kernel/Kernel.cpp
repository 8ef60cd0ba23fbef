//===- Kernel.cpp - Registration and verifiers of the kernel dialect ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/kernel/Kernel.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "dialects/kernel/KernelDialect.cpp.inc"
#include "dialects/kernel/KernelEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/kernel/KernelAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/kernel/KernelOps.cpp.inc"

namespace ingot::kernel {

void KernelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/kernel/KernelAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/kernel/KernelOps.cpp.inc"
      >();
}

ParseResult FuncOp::parse(OpAsmParser &parser, OperationState &result) {
  auto buildType = [](Builder &builder, ArrayRef<Type> inputs, ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag,
                      std::string &) { return builder.getFunctionType(inputs, results); };
  return function_interface_impl::parseFunctionOp(parser, result, /*allowVariadic=*/false,
                                                  getFunctionTypeAttrName(result.name), buildType,
                                                  getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void FuncOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(printer, *this, /*isVariadic=*/false, getFunctionTypeAttrName(),
                                           getArgAttrsAttrName(), getResAttrsAttrName());
}

/// Whether `packed` is `plain` with its axes permuted and cut into blocks.
static LogicalResult verifyLayout(Operation *op, Type plain, Type packed, ArrayRef<int64_t> permutation,
                                  ArrayRef<int64_t> blocks) {
  auto input = cast<RankedTensorType>(plain), output = cast<RankedTensorType>(packed);
  if (!input.hasStaticShape() || !output.hasStaticShape())
    return op->emitOpError("is for constants: the shapes must be constant");
  size_t rank = input.getRank();
  if (permutation.size() != rank || blocks.size() != rank)
    return op->emitOpError("needs one permutation entry and one block size per axis");
  SmallVector<int64_t> expected, inner, shape(input.getShape());
  // A filter may be transformed on the way: [r, r, C, F] becomes [m + r - 1, m + r - 1, C, F] for Winograd's tiles of m
  // x m; four taps are two of even and two of odd samples, with m + 1 elements each.
  if (auto tile = op->getAttrOfType<IntegerAttr>("kernel.winograd")) {
    int64_t winograd = tile.getInt();
    bool isKnown = rank == 4 && shape[0] == shape[1] &&
                   (winograd == 2 ? shape[0] >= 3 && shape[0] <= 5 : winograd == 4 && (shape[0] == 3 || shape[0] == 4));
    if (!isKnown)
      return op->emitOpError("transforms filters [r, r, C, F] of 3 or 4 taps for tiles of 2 or 4, of 5 for tiles of 2");
    shape[0] = shape[1] = shape[0] == 4 ? 2 * (winograd + 1) : winograd + shape[0] - 1;
  }
  for (auto [axis, block] : llvm::zip(permutation, blocks)) {
    if (axis < 0 || axis >= int64_t(rank) || block < 1)
      return op->emitOpError("has an axis or a block size out of range");
    expected.push_back((shape[axis] + block - 1) / block);
    if (block > 1)
      inner.push_back(block);
  }
  expected.append(inner);
  if (ArrayRef<int64_t>(expected) != output.getShape())
    return op->emitOpError("packed shape does not follow from the blocks");
  return success();
}

LogicalResult PackOp::verify() {
  return verifyLayout(*this, getInput().getType(), getOutput().getType(), getPermutation(), getBlocks());
}

LogicalResult UnpackOp::verify() {
  return verifyLayout(*this, getOutput().getType(), getInput().getType(), getPermutation(), getBlocks());
}

} // namespace ingot::kernel
