//===- Ingot.h - The ingot dialect: the only door of its folder -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_DIALECTS_INGOT_INGOT_H
#define INGOT_DIALECTS_INGOT_INGOT_H

#include "dialects/ingot/Cost.h"
#include "dialects/ingot/Shape.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/ingot/IngotDialect.h.inc"
#include "dialects/ingot/IngotEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/ingot/IngotAttrs.h.inc"

namespace ingot {

/// Element i of the result depends on element i of the (broadcast) operands alone.
template <typename Op>
class Pointwise : public mlir::OpTrait::TraitBase<Op, Pointwise> {};
/// The result is the operands seen through an index map; costs no pass over memory inside a kernel.
template <typename Op>
class View : public mlir::OpTrait::TraitBase<Op, View> {};
/// The root of a kernel: at most one in each kernel.
template <typename Op>
class Root : public mlir::OpTrait::TraitBase<Op, Root> {};

/// Whether a result may have the type `given` where the shape rule says `inferred`: equal elements and rank, and no
/// constant extent contradicted.
bool areCompatible(mlir::TypeRange inferred, mlir::TypeRange given);

/// Shape rules report through this: an error at `where` when there is a place to report to, else plain failure.
template <typename... Args>
mlir::LogicalResult reject(std::optional<mlir::Location> where, Args &&...args) {
  return mlir::emitOptionalError(where, std::forward<Args>(args)...);
}

/// The operand's type as text for error messages: "4x8" or "batchx8".
std::string describe(mlir::Type tensor);

/// Bytes of one element in memory; i1 takes one byte.
int64_t elementBytes(mlir::Type element);

} // namespace ingot

#define GET_OP_CLASSES
#include "dialects/ingot/IngotOps.h.inc"

namespace ingot {

/// What a shape rule sees of its operation. A parser asks for result types before it fills in the attributes' default
/// values; here they are filled in.
template <typename Op>
typename Op::Adaptor adaptorOf(mlir::MLIRContext *context, mlir::ValueRange operands, mlir::DictionaryAttr attributes,
                               mlir::OpaqueProperties given, mlir::RegionRange regions) {
  typename Op::Properties properties;
  if (given)
    properties = *given.as<typename Op::Properties *>();
  mlir::OperationName(Op::getOperationName(), context).populateDefaultProperties(&properties);
  return typename Op::Adaptor(operands, attributes, mlir::OpaqueProperties(&properties), regions);
}

} // namespace ingot

#endif
