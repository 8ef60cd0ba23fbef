//===- StateTensors.h - What carries over, while a step is built -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_STATETENSORS_H
#define INGOT_PASSES_AUTODIFF_STATETENSORS_H

#include "passes/autodiff/MainFunction.h"
#include "llvm/ADT/StringMap.h"

namespace ingot {

/// The tensors of the state in a program under construction: inputs of @main by name, and what has become of each. All
/// programs of a library have the same ones, each at the same place.
class StateTensors {
public:
  explicit StateTensors(MainFunction &main) : main(main) {}

  /// A new input of @main. `initial`, if any, is what training starts from.
  mlir::Value add(llvm::StringRef name, mlir::Type type, llvm::StringRef role, mlir::Attribute initial = {});
  /// The tensor as it came; null when there is none of that name.
  mlir::Value original(llvm::StringRef name) const { return originals.lookup(name); }
  /// The tensor as it is now.
  mlir::Value value(llvm::StringRef name) const { return values.lookup(name); }
  void set(llvm::StringRef name, mlir::Value value);
  /// All tensors are as they came.
  void reset();

  /// Lets @main return what has changed as `NAME.next`, in the order in which it was first set, and gives every tensor
  /// its place in the block; `slots` are all optimizers' (StateLayout.h).
  void finish(llvm::ArrayRef<llvm::StringRef> slots);

private:
  MainFunction &main;
  llvm::StringMap<mlir::Value> originals, values;
  llvm::StringMap<std::string> roles;
  llvm::SmallVector<std::string> changed;
};

} // namespace ingot

#endif
