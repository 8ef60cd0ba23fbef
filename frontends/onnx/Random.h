//===- Random.h - Random numbers as graphs ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random numbers are a pure function of a counter (Philox 4x32-10; Salmon, Moraes, Dror, Shaw: Parallel Random Numbers:
// As Easy as 1, 2, 3, SC 2011): the same for any number of threads, and computed anew in a backward pass instead of
// stored.
//
// The generator is a constant int64[2] that carries the attribute `ingot.generator`: a seed and the number of runs
// done. A training step makes it state and counts the runs; elsewhere it stays as it is, and every run draws the same
// numbers.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_FRONTENDS_ONNX_RANDOM_H
#define INGOT_FRONTENDS_ONNX_RANDOM_H

#include "frontends/onnx/Node.h"

namespace ingot::frontend {

/// Numbers of type `element` (f32 or f64) evenly distributed in [0, 1), with these dimensions, drawn for this node
/// alone; multiples of 2^-24. `seed` takes the place of the generator's own seed. Null after an error.
mlir::Value drawUniform(Node &node, llvm::ArrayRef<mlir::AffineExpr> dims, mlir::Type element,
                        std::optional<int64_t> seed);

} // namespace ingot::frontend

#endif
