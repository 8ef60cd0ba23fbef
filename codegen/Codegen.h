//===- Codegen.h - Machine code and artifacts: the door of its folder -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two steps: machine code (codegen/cpu) turns a planned module into objects, the artifact (codegen/artifact) wraps the
// objects and the constants into a library.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CODEGEN_H
#define INGOT_CODEGEN_CODEGEN_H

#include "codegen/KernelChoice.h"
#include "ingot/program.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/MemoryBuffer.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ingot {

//===----------------------------------------------------------------------===//
// Artifact
//===----------------------------------------------------------------------===//

/// An input or output of a program. Dimensions are expressions over the program's symbols (s0 is symbols[0]).
struct ProgramPort {
  std::string name;
  ingot_dtype dtype;
  std::vector<mlir::AffineExpr> dims;
  ingot_role role = INGOT_DATA;
  double standard = 0; ///< of a hyperparameter
  int64_t symbol = -1; ///< of INGOT_LENGTH: which one it tells
};

/// A tensor in the state block.
struct ProgramStateTensor {
  ProgramPort port;
  int64_t offset, bytes;
  int64_t initial = -1; ///< where in the constants its first value is; -1: zeros
};

/// A named dimension and its bounds; maximum -1: none.
struct ProgramSymbol {
  std::string name;
  int64_t minimum = 0, maximum = -1;
};

struct ProgramDescription;

/// One of a library's further programs, which it exports under the name of the first one, X, and its own: X_NAME_model.
struct ProgramPart {
  std::string name;
  std::shared_ptr<const ProgramDescription> program; ///< its name is X_NAME
};

/// An input of class numbers, below `classes` or `ignored`.
struct ProgramClasses {
  int64_t input, classes, ignored;
};

/// What --detect-anomaly says about a launch; see ingot_inspection.
struct ProgramInspection {
  struct Buffer {
    ingot_dtype dtype;
    int64_t producer;
    std::string name;
  };
  std::string place;
  int64_t operandCount;
  std::vector<Buffer> buffers;
};

/// What a library tells about itself: becomes the ingot_program, the exported functions and the header.
struct ProgramDescription {
  std::string name;          ///< prefix of every exported symbol; a C identifier
  std::string entry = "run"; ///< what a run computes
  std::string source;        ///< file name of the model; of a training step its path
  std::string optimizer;     ///< of a training step
  std::string sourceHash;    ///< of the model file
  std::string options;       ///< of the compilation
  std::string triple;        ///< target
  std::vector<ProgramSymbol> symbols;
  std::vector<ProgramPort> inputs, outputs;
  std::vector<ProgramStateTensor> state; ///< in order of offsets
  int64_t stateBytes = 0;
  /// Of a library of several programs: those besides this one, which is the first. They share its state.
  std::vector<ProgramPart> parts;
  bool isPart = false; ///< it is one of those
  std::vector<ProgramClasses> classes;
  std::vector<std::pair<int64_t, int64_t>> completions; ///< launch, and number of the state's gradient it completes
  std::vector<ProgramInspection> inspections;           ///< of each launch; empty without --detect-anomaly
  std::vector<std::string> launches;                    ///< launch names in order of launch_index
  int64_t constantBytes = 0;
  int64_t preparedBytes = 0; ///< computed from the constants before the first run
  int64_t winogradBytes = 0; ///< what filters take more in Winograd's form, among the constants or what is prepared
  int64_t arenaBytes = 0;    ///< static part
  int64_t arenaLowerBound = 0;
  int64_t scratchBytes = 0;                  ///< per thread, most of any kernel
  std::vector<mlir::AffineExpr> assumptions; ///< of the symbols: not below zero, or a run is refused
  std::vector<mlir::AffineExpr> slots;       ///< bytes of the pieces behind the static part, each aligned to 64

  /// Whether every input and output has a constant shape.
  bool isStatic() const { return symbols.empty(); }
  /// The C function that does a run.
  std::string function() const { return isPart ? name : name + "_" + entry; }
};

/// Reads a planned module (see passes/Passes.h): name, symbols, ports, launches and the plan's numbers. `sourceHash`,
/// `source`'s path, `options`, `triple`, `scratchBytes` and `winogradBytes` stay for the caller to fill in.
mlir::FailureOr<ProgramDescription> describeProgram(mlir::ModuleOp module);

/// The code for one instruction set: an ELF object whose only symbol needed from outside is the entry (see ingot_entry
/// in program.h), named entryName(isa). It may refer to ingot_launch, libc and libm. All its symbols should be hidden
/// or local: objects of different variants must not define the same global name.
struct CodeVariant {
  std::string isa;       ///< "x86-64-v4"
  uint64_t features = 0; ///< INGOT_CPU_* bits it needs
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
};

/// The entry's symbol: "ingot_entry_x86_64_v4".
std::string entryName(llvm::StringRef isa);

/// The symbol of what runs once before it: "ingot_prepare_x86_64_v4".
std::string prepareName(llvm::StringRef isa);

/// A piece of the constants. `fill` writes exactly `bytes` bytes straight into the mapped output file; pieces are
/// filled in order of their offsets, and gaps are zero. Offsets count from the start of what the entry receives as
/// `constants`.
struct ConstantPiece {
  int64_t offset = 0, bytes = 0;
  std::function<void(llvm::MutableArrayRef<char>)> fill;
};

struct Artifact {
  ProgramDescription program;
  std::vector<CodeVariant> variants; ///< best first
  std::vector<ConstantPiece> constants;
  /// The library's other programs, as ProgramDescription::parts has them. Each has a runtime and constants of its own.
  std::vector<std::unique_ptr<Artifact>> parts;
};

/// Writes a shared library (*.so), a static one (*.a) or an object (*.o), as the path's ending says, and the header X.h
/// (with `cppHeader` also X.hpp) beside it. Nothing is left behind when it fails; the same input gives the same bytes.
/// Errors are reported at `where`.
///
/// The library's ingot_sizes function comes from the program's dimensions and slots: objects need not define one.
mlir::LogicalResult writeArtifact(const Artifact &artifact, llvm::StringRef path, mlir::Location where,
                                  bool cppHeader = false);

/// Whether writeArtifact can write to this path: to be asked before the work is done.
mlir::LogicalResult checkArtifactPath(llvm::StringRef path, mlir::Location where);

/// The C header for a program, and the C++ one that builds on it, as writeArtifact writes them.
std::string formatHeader(const ProgramDescription &program);
std::string formatCppHeader(const ProgramDescription &program);

//===----------------------------------------------------------------------===//
// CPU
//===----------------------------------------------------------------------===//

/// Which algorithm a kernel was given before its constants were packed for it.
struct KernelAlgorithm {
  /// Of the kernel as it was then: equal whatever was chosen. Empty: nothing to choose.
  std::string fingerprint;
  KernelChoice chosen;
  double microseconds = 0; ///< that the cost model expects of a launch, on one core
  /// Others that are expected to take not much longer, the best first.
  std::vector<KernelChoice> alternatives;
};

/// How one kernel was turned into code for one target.
struct KernelSchedule {
  std::string kernel;      ///< the kernel.func's name
  std::string fingerprint; ///< of what it computes: equal in every model that has the same kernel
  std::string emitter;
  /// In words for people: what was chosen ("block", "6 rows x 4 vectors").
  std::vector<std::pair<std::string, std::string>> choices;
  KernelChoice schedule;
  /// Other values that this kernel's emitter accepts and that may be faster. Empty: nothing to choose.
  std::vector<KernelChoice> alternatives;
  mlir::AffineExpr items; ///< parallel items, over the module's symbols
  int64_t grain = 1;      ///< items that are worth a thread
  int64_t scratchBytes = 0;
  /// What the cost model expects of an item, and of a launch besides its items, on one core; both 0 where it does not
  /// know.
  double itemMicroseconds = 0, launchMicroseconds = 0;
  KernelAlgorithm algorithm;
};

struct CpuOptions {
  /// One variant of the code for each, best first: "x86-64-v4", "x86-64-v3", or "native" (this machine).
  std::vector<std::string> targets = {"x86-64-v4", "x86-64-v3"};
  /// LLVM's target triple; empty means this machine's.
  std::string triple;
  /// Threads that generate code; more than one only when the MLIR context allows threads. The result does not depend on
  /// it.
  int jobs = 1;
  /// 0 to 3, as LLVM's.
  int optimization = 2;
  /// Whether 3 x 3 convolutions may use Winograd's algorithm (faster, with a larger rounding error).
  bool winograd = false;
  /// Whether constant filters are transformed for it before the first run, not by the compiler.
  bool prepareWinograd = false;
  /// Measured schedules, by target and kernel as scheduleKey names them; algorithms under the fingerprints of kernels
  /// before packing, which is the same for all targets: the first that is known decides. What is not here is chosen by
  /// the cost model.
  std::map<std::string, KernelChoice> schedules;
};

/// The key of a kernel in CpuOptions::schedules.
inline std::string scheduleKey(const std::string &target, const std::string &fingerprint) {
  return target + "/" + fingerprint;
}

/// Gives operands the layouts that the kernels read fastest: a constant becomes kernel.pack of it, what is computed or
/// trained is packed by a launch of its own. Runs between fusion and memory planning.
void packOperands(mlir::ModuleOp module, const CpuOptions &options);

struct CpuCode {
  std::vector<CodeVariant> variants;                  ///< in the order of CpuOptions::targets
  int64_t scratchBytes = 0;                           ///< that a thread needs, most of any kernel of any variant
  std::vector<std::vector<KernelSchedule>> schedules; ///< of each variant, in the order of the module's kernels
};

/// How many more bytes the filters of a planned module have in Winograd's form than in the model's: among its
/// constants, or in what is prepared from them.
int64_t winogradBytes(mlir::ModuleOp planned);

/// The kernels of a planned module and, for each target, the entry function.
mlir::FailureOr<CpuCode> emitObjects(mlir::ModuleOp planned, const CpuOptions &options);

/// LLVM IR or assembly text in place of objects.
enum class CpuText { Llvm, Assembly };
mlir::FailureOr<std::string> emitText(mlir::ModuleOp planned, const CpuOptions &options, CpuText kind);

/// The constants of a planned module, where the plan says. They refer to `planned`, which must stay.
std::vector<ConstantPiece> collectConstants(mlir::ModuleOp planned);

/// Compiles a planned module for this machine and runs it in this process on one thread. `io` are the buffers of
/// @main's inputs, then its outputs; `symbols` the values of the module's symbols.
mlir::LogicalResult runInProcess(mlir::ModuleOp planned, llvm::ArrayRef<void *> io,
                                 llvm::ArrayRef<int64_t> symbols = {});

} // namespace ingot

#endif
