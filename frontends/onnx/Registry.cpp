//===- Registry.cpp - Which importer takes an operator --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every family of dialects/families.def defines <family>Operators(), the table at the end of ops/<family>.cpp; a family
// without one does not link.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Registry.h"
#include "frontends/Frontend.h"
#include "llvm/ADT/StringMap.h"
#include <vector>

namespace ingot {
namespace frontend {

#define FAMILY(name) llvm::ArrayRef<OperatorRow> name##Operators();
#include "frontends/Families.inc"
#undef FAMILY

llvm::ArrayRef<OperatorRow> allOperators() {
  static const std::vector<OperatorRow> rows = [] {
    std::vector<OperatorRow> all;
    auto append = [&](const char *family, llvm::ArrayRef<OperatorRow> table) {
      for (OperatorRow row : table) {
        row.family = family;
        all.push_back(row);
      }
    };
#define FAMILY(name) append(#name, name##Operators());
#include "frontends/Families.inc"
#undef FAMILY
    return all;
  }();
  return rows;
}

const OperatorRow *findOperator(llvm::StringRef name, int64_t version) {
  static const llvm::StringMap<std::vector<const OperatorRow *>> index = [] {
    llvm::StringMap<std::vector<const OperatorRow *>> byName;
    for (const OperatorRow &row : allOperators())
      byName[row.name].push_back(&row);
    return byName;
  }();
  auto rows = index.find(name);
  const OperatorRow *best = nullptr;
  if (rows != index.end())
    for (const OperatorRow *row : rows->second)
      if (row->since <= version && (!best || row->since > best->since))
        best = row;
  return best;
}

} // namespace frontend

std::vector<ImportableOperator> importableOperators() {
  std::vector<ImportableOperator> result;
  for (const frontend::OperatorRow &row : frontend::allOperators())
    result.push_back({row.name, row.since, row.family});
  return result;
}

} // namespace ingot
