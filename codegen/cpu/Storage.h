//===- Storage.h - The types in which weights are stored --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reduced weights are packed by words: of 32 bits for two neighbouring steps of the reduction in bfloat16, or four in
// int8, so that a vector of sixteen words serves sixteen columns, and is what the dot-product instructions take;
// float16, which loads convert, one by one.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_STORAGE_H
#define INGOT_CODEGEN_CPU_STORAGE_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include <vector>

namespace ingot::cpu {

/// How the elements of a packed float32 constant lie in memory. Int8 is symmetric, with a scale for each column.
enum class Storage { Float32, Float16, BFloat16, Int8 };

/// Steps of a reduction in a word.
inline int64_t stepsPerWord(Storage storage) {
  return storage == Storage::BFloat16 ? 2 : storage == Storage::Int8 ? 4 : 1;
}

/// Bytes of an element.
inline int64_t storedBytes(Storage storage) {
  return storage == Storage::Float32 ? 4 : storage == Storage::Int8 ? 1 : 2;
}

/// The storage of a tensor with this type, and the other way round.
Storage storageOf(mlir::Type type);
mlir::Type elementOf(Storage storage, mlir::MLIRContext *context);

/// "float32", "float16", "bfloat16", "int8".
llvm::StringRef nameOf(Storage storage);

/// What `user` may have its weights stored in: ingot.precision, which the pass ingot-choose-precision sets.
Storage wantedStorage(mlir::Operation *user);

/// The scale of each index along `axis` of a row-major tensor: the largest magnitude there over 127.
std::vector<float> scalesAlong(llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape, int64_t axis);

/// The elements as they are stored, in the same order: to the nearest, ties to even. `axis` has the scales of Int8.
std::vector<char> reduceElements(llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape, int64_t axis,
                                 Storage storage);

/// What storing costs: the root of the mean square of the errors over that of the values, and the largest error over
/// the largest magnitude. Not finite when a value cannot be stored.
struct RoundingError {
  double rms = 0, most = 0;
};
RoundingError roundingError(llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape, int64_t axis, Storage storage);

} // namespace ingot::cpu

#endif
