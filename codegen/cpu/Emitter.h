//===- Emitter.h - What a kernel emitter gets and gives ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTER_H
#define INGOT_CODEGEN_CPU_EMITTER_H

#include "codegen/Codegen.h"
#include "codegen/cpu/Evaluator.h"
#include "codegen/cpu/Target.h"

namespace ingot::cpu {

/// How a kernel's work is divided and shaped, decided by its emitter.
struct Division {
  /// Number of parallel items, over module-wide symbols.
  mlir::AffineExpr items;
  /// Items below which splitting does not pay (about half a microsecond). Negative: one piece for each thread.
  int64_t grain = 1;
  /// Bytes of scratch memory each thread needs.
  int64_t scratchBytes = 0;
  /// How many threads may share an item's steps, how many groups the items come in, and where in the scratch a team's
  /// memory lies (see ingot/team.h).
  int64_t mostMembers = 1, groups = 1, sharedOffset = 0;
  /// What the cost model expects of an item, and of a launch besides its items, on one core.
  double itemMicroseconds = 0, launchMicroseconds = 0;
  /// What was decided: see KernelSchedule, whose fields these are.
  std::vector<std::pair<std::string, std::string>> choices = {};
  KernelChoice schedule = {};
  std::vector<KernelChoice> alternatives = {};
  std::string emitter = {};
  /// Whether the kernel asks for Emission::runNumber().
  bool readsRunNumber = false;
};

/// One kernel being emitted. The emitter writes a function body that does the items [begin, end).
struct Emission {
  kernel::FuncOp kernel;
  /// The heavy operation, null in a pointwise kernel.
  mlir::Operation *root;
  const Target &target;
  Evaluator &evaluator;
  KernelBuilder &builder;
  Index begin, end;
  mlir::Value scratch; // !llvm.ptr, 64-byte aligned
  /// Measured choices to use in place of the cost model's, as far as the emitter knows them.
  KernelChoice schedule = {};
  /// The kernel's argument of that name (ingot_kernel in ingot/program.h).
  mlir::Value buffers = {};

  /// How many runs the session has done before this one. For a Division that says so.
  Index runNumber() {
    int64_t position = kernel.getArgumentTypes().size() + kernel.getResultTypes().size();
    return builder.load(buffers, builder.op().getI64Type(), position);
  }

  /// The argument of the kernel that holds `tensor` unchanged, if any.
  mlir::BlockArgument argument(mlir::Value tensor) const { return llvm::dyn_cast<mlir::BlockArgument>(tensor); }
};

/// Emits the kernel, or fails when it does not apply to this kernel (then the next emitter is asked; the plain loops
/// apply to everything). Nothing may have been emitted when it fails.
using Emitter = mlir::FailureOr<Division> (*)(Emission &emission);

// In the order in which they are asked (emitters/<root>.cpp). The last, loops, always applies.
mlir::FailureOr<Division> emitAttention(Emission &emission);      // attention
mlir::FailureOr<Division> emitLongProduct(Emission &emission);    // matmul over the rows of both operands
mlir::FailureOr<Division> emitContraction(Emission &emission);    // matmul
mlir::FailureOr<Division> emitDepthwise(Emission &emission);      // conv, conv_transpose with one channel per group
mlir::FailureOr<Division> emitGrouped(Emission &emission);        // conv with few channels per group
mlir::FailureOr<Division> emitWinograd(Emission &emission);       // conv, conv_transpose with transformed filters
mlir::FailureOr<Division> emitWinogradFilter(Emission &emission); // kernel.pack that transforms a filter
mlir::FailureOr<Division> emitWinogradFilterGradient(Emission &emission); // conv_filter_gradient marked for it
mlir::FailureOr<Division> emitConvolution(Emission &emission);            // conv, conv_transpose
mlir::FailureOr<Division> emitFilterGradient(Emission &emission);         // conv_filter_gradient
mlir::FailureOr<Division> emitWindow(Emission &emission);                 // max_pool, avg_pool
mlir::FailureOr<Division> emitResize(Emission &emission);                 // resize
mlir::FailureOr<Division> emitRows(Emission &emission);                   // softmax, normalize, reduce, arg_reduce
mlir::FailureOr<Division> emitTopK(Emission &emission);                   // top_k with a known k
mlir::FailureOr<Division> emitRecurrent(Emission &emission);              // lstm, gru, rnn and their gradients
mlir::FailureOr<Division> emitPointwise(Emission &emission);              // kernels without a root
mlir::FailureOr<Division> emitLoops(Emission &emission);                  // everything else, element by element

} // namespace ingot::cpu

#endif
