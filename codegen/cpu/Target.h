//===- Target.h - The processor that code is made for -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_TARGET_H
#define INGOT_CODEGEN_CPU_TARGET_H

#include "mlir/Support/LogicalResult.h"
#include "llvm/ADT/StringRef.h"
#include <memory>
#include <string>

namespace llvm {
class TargetMachine;
}

namespace ingot::cpu {

/// Kernels compute on 16 float lanes everywhere (panels of packed weights have 16 columns); a narrower machine takes
/// two or four registers for one such vector.
inline constexpr int64_t panelLanes = 16;

struct Target {
  /// "x86-64-v3", "x86-64-v4", "native".
  std::string name;
  std::string triple;
  /// LLVM's processor name for scheduling, and the features ("+avx2,+fma").
  std::string processor, features;
  /// Bytes of a vector register, and how many there are.
  int64_t vectorBytes = 32, vectorRegisters = 16;
  bool hasMaskedMemory = false; // cheap masked loads and stores (AVX-512)
  /// INGOT_CPU_* bits that the code needs.
  uint64_t required = 0;

  /// Whether four unsigned times signed bytes are multiplied and added in each of sixteen lanes by one instruction.
  bool hasByteProduct() const;

  int64_t floatLanes() const { return vectorBytes / 4; }
  /// Vectors of 16 floats that fit in the register file.
  int64_t panelRegisters() const { return vectorRegisters * vectorBytes / (panelLanes * 4); }
};

/// The target called `name` (see CpuOptions::targets) for `triple` (empty: this machine's). Fails, with the reason in
/// `error`, when there is no such target.
mlir::FailureOr<Target> makeTarget(llvm::StringRef name, llvm::StringRef triple, std::string &error);

/// LLVM's code generator for the target at -O`optimization`.
std::unique_ptr<llvm::TargetMachine> makeMachine(const Target &target, int optimization);

} // namespace ingot::cpu

#endif
