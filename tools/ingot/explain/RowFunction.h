// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An inference library as a function of any number of examples.
#pragma once
#include "Library.h"
#include "Rows.h"

#include <map>

namespace ingot {

/// Rows for inputs, by name.
using RowMap = std::map<std::string, Rows>;

class RowFunction {
public:
  /// `library` must outlive this. At most so many rows are computed at once; a library whose batch is a constant takes
  /// whole batches, which are filled up. A Failure says that the library is no inference, or not one of rows.
  RowFunction(Library &library, int64_t mostRows);

  const std::string &path() const { return library.path(); }
  /// The first output: what is explained or attacked.
  const ingot_port &scores() const { return library.description().outputs[0]; }
  /// The inputs without the gradient that arrives at the first output.
  std::vector<const ingot_port *> inputs() const;
  /// Null when there is none of that name.
  const ingot_port *findOutput(const std::string &name) const;
  std::vector<std::string> outputNames() const;
  /// Whether gradients are those of any combination of the first output's elements.
  bool takesCotangent() const { return cotangent != nullptr; }
  /// A Failure says what the library has to be made with when it does not tell the gradient by this tensor.
  void expectGradient(const std::string &tensor) const;
  /// The constant extents of an input's rows; -1 where the library takes any.
  static std::vector<int64_t> rowDims(const ingot_port &port);

  /// The named outputs for these rows, in that order. `arriving` is the gradient that arrives at the first output;
  /// zeros when it is null.
  std::vector<Rows> run(const RowMap &inputs, const std::vector<std::string> &outputs, const Rows *arriving = nullptr);

private:
  std::vector<Array> makeInputs(const RowMap &inputs, size_t begin, size_t count, size_t total,
                                const Rows *arriving) const;
  Array makeZeros(const ingot_port &port, const std::vector<Array> &before, size_t total) const;
  void runSome(const RowMap &inputs, size_t begin, size_t count, const Rows *arriving,
               const std::vector<std::string> &outputs, std::vector<Rows> &results);

  Library &library;
  const ingot_port *cotangent = nullptr;
  int64_t fixedRows = 0, mostRows;
};

} // namespace ingot
