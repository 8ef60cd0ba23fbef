//===- ElementTypes.h - Which elements an operator takes --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_FRONTENDS_ONNX_ELEMENTTYPES_H
#define INGOT_FRONTENDS_ONNX_ELEMENTTYPES_H

#include "frontends/onnx/Node.h"
#include "onnx/defs/schema.h"

namespace ingot::frontend {

/// An error where an input's elements are of a kind (real numbers, integers, booleans) that its operator's schema does
/// not have there. Widths do not count, nor kinds that a later operator set adds: exporters run ahead of them.
mlir::LogicalResult checkElementTypes(Node &node, const ::onnx::OpSchema &schema);

} // namespace ingot::frontend

#endif
