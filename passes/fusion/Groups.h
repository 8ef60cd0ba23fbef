//===- Groups.h - Which operations share a kernel ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The decision: every operation of @main that costs anything is put into one group; each group becomes a kernel. Free
// views (index maps such as transpose) belong to no group: each kernel that reads through one has its own copy, except
// those that must lie in memory.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_FUSION_GROUPS_H
#define INGOT_PASSES_FUSION_GROUPS_H

#include "dialects/ingot/Ingot.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"

namespace ingot {

/// The operations of one kernel.
struct Group {
  llvm::SetVector<mlir::Operation *> ops;
  /// The one heavy operation, if any.
  mlir::Operation *root = nullptr;
  /// Places of the first and last operation in @main.
  size_t first = 0, last = 0;
};

/// bfloat16 or float16 as float32: exact, and an instruction or two in registers.
bool isWidening(mlir::Operation *op);
/// float32 as bfloat16 or float16.
bool isNarrowing(mlir::Operation *op);

/// An index map or a widening: costs nothing inside a kernel, however often it is copied.
bool isFreeView(mlir::Operation *op);

/// Neighbours along the last axis stay neighbours.
bool keepsLastAxis(TransposeOp transpose);

/// Reads every element of its operand a few times at most, row by row.
bool readsRows(mlir::Operation *op);

/// Whether a root reads this operand where it lies, element by element and many times over: what it multiplies, mostly.
bool readsInPlace(mlir::OpOperand &operand);

/// A constant with one element, or many equal ones: part of the kernel's code.
bool isPartOfCode(mlir::Operation *op);

class Grouping {
public:
  explicit Grouping(mlir::func::FuncOp main);

  /// In program order of their first operations.
  llvm::SmallVector<Group *> getGroups() const;
  /// Null for constants, free views and what is not an operation.
  Group *groupOf(mlir::Operation *op) const { return op ? owners.lookup(op) : nullptr; }
  /// Whether somebody outside the group needs `value`, directly or through free views.
  bool isUsedOutside(mlir::Value value, const Group &group) const;

private:
  void markMaterialized();
  void markReturned(mlir::Value value);
  void markReadByRoot(mlir::Value value, bool onlyMatrices);
  void markWidened(mlir::Value value);
  void markReadAlongRows(mlir::Value value);
  void markReadByChannels(mlir::Value value);
  void place(mlir::Operation *op);

  // What may join (see Joining.cpp).
  /// From an operand up through free views to the value that it shows, and the group that computes that value.
  struct Path {
    mlir::Value source;
    Group *group = nullptr;
    bool isDirect = true;     // no index maps on the way
    bool isRelabeling = true; // only reshapes and transpositions: every element occurs once
    bool keepsRows = true;    // neighbours in memory stay neighbours
    bool isUsedOnce = true;   // nobody else looks through these views
  };
  Path pathOf(mlir::Operation *op, mlir::Value operand) const;
  Group *findEpilogueHost(mlir::Operation *op, Group &own) const;
  bool readsOnePoint(mlir::Operation *op, const Path &path) const;
  bool canBeEpilogue(mlir::Operation *op, const Path &path, Group &own) const;
  bool canBePrologue(mlir::Operation *op, const Path &path, Group &own) const;
  bool isReadByRoot(const Group &producer, const Group &own) const;
  bool hasOtherResults(const Path &path, const Group &own) const;
  bool canMerge(Group &one, Group &other) const;
  bool dependsThroughOthers(const Group &user, const Group &source) const;
  bool isBefore(const Group &group, const Group &source) const;
  void extendReach(const Group &group);
  void merge(Group &into, Group &from);

  // What readers compute better themselves (see Sinking.cpp).
  void sinkIntoReaders();
  Group *soleReader(mlir::Operation *op) const;
  mlir::Value sourceIn(const Group &host, mlir::Operation *op) const;
  int64_t savedBytes(const Group &host, mlir::Value source, llvm::ArrayRef<mlir::Operation *> ops) const;

  /// Larger kernels take long to compile and spill registers.
  static constexpr size_t mostOperations = 96;

  mlir::func::FuncOp main;
  llvm::DenseMap<mlir::Operation *, size_t> places;
  llvm::DenseSet<mlir::Operation *> materialized; // free views that lie in memory all the same
  std::vector<std::unique_ptr<Group>> groups;
  llvm::DenseMap<mlir::Operation *, Group *> owners;
  /// For each place in @main where the last operation lies of all groups that begin there or before.
  llvm::SmallVector<size_t> reach;
};

} // namespace ingot

#endif
