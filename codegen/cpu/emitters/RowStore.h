//===- RowStore.h - A row's elements between two passes ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Softmax and normalisations go over a row several times. What one pass computed is kept in registers (short rows), in
// the thread's scratch memory (rows of known length) or in the result's own place; when none of these is possible it is
// computed again.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_ROWSTORE_H
#define INGOT_CODEGEN_CPU_EMITTERS_ROWSTORE_H

#include "codegen/cpu/emitters/RowSpace.h"
#include <map>

namespace ingot::cpu {

class RowStore {
public:
  RowStore(Emission &emission, RowSpace &space, mlir::Type element);

  /// Whether `keep` keeps anything.
  bool canKeep() const { return where != Where::Nowhere; }
  void keep(const Cell &cell, mlir::Value value);
  /// What was kept for this cell.
  mlir::Value get(const Cell &cell);
  /// Of each thread.
  int64_t scratchBytes() const;

private:
  enum class Where { Registers, Scratch, Result, Nowhere };

  Where choose();
  std::optional<unsigned> resultToUse();
  Index offset(const Cell &cell);

  Emission &emission;
  RowSpace &space;
  mlir::Type element;
  unsigned result = 0; // before `where`, whose choice sets it
  Where where;
  std::map<int64_t, mlir::Value> registers;
};

} // namespace ingot::cpu

#endif
