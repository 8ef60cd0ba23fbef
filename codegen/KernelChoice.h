//===- KernelChoice.h - What can be chosen for a kernel ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Apart from Codegen.h because options and reports hold choices, too, whose users need no MLIR.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_KERNELCHOICE_H
#define INGOT_CODEGEN_KERNELCHOICE_H

#include <cstdint>

namespace ingot {

/// The choices that a kernel's code leaves open. What has its initial value is the cost model's to choose.
struct KernelChoice {
  /// The register block: rows times vectors of 16 lanes.
  int64_t rows = 0, vectors = 0;
  /// Of a product: the row blocks for which all columns are computed before it is the next ones' turn; 0: all rows.
  int64_t chunk = -1;
  /// The items that are worth a thread.
  int64_t grain = 0;
  /// Of a convolution before its filters are packed: the output tile of Winograd's algorithm, 0 the direct sum.
  int64_t tile = -1;

  bool operator==(const KernelChoice &other) const {
    return rows == other.rows && vectors == other.vectors && chunk == other.chunk && grain == other.grain &&
           tile == other.tile;
  }
  bool isChosen() const { return rows > 0 && vectors > 0; }
};

} // namespace ingot

#endif
