//===- OutputScaling.h - Outputs in the units of the data -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_FRONTENDS_ONNX_OUTPUTSCALING_H
#define INGOT_FRONTENDS_ONNX_OUTPUTSCALING_H

#include "frontends/Frontend.h"
#include "onnx/onnx_pb.h"
#include "mlir/IR/Location.h"

namespace ingot::frontend {

/// y = scaled * deviation + mean behind the node that computes the output. The numbers are Constant nodes and not
/// initializers, which a later training would take for parameters. An error at `where` when they do not fit.
mlir::LogicalResult rescaleOutput(::onnx::GraphProto &graph, const OutputScaling &scaling, mlir::Location where);

} // namespace ingot::frontend

#endif
