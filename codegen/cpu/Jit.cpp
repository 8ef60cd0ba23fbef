//===- Jit.cpp - Planned modules run in this process ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Jit.h"
#include "dialects/ingot/Shape.h"
#include "ingot/team.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace mlir;

namespace {

/// The host's side of a run.
struct Run {
  char *prepared; // as ingot_context begins
  int64_t number;
  char *scratch;
  int64_t chunk;
};

void launch(Run *run, ingot_kernel kernel, void *const *buffers, const int64_t *symbols, int64_t items, int64_t,
            int32_t) {
  int64_t step = run->chunk ? run->chunk : std::max<int64_t>(items, 1);
  for (int64_t begin = 0; begin < items; begin += step)
    kernel(buffers, symbols, begin, std::min(begin + step, items), run->scratch);
}

/// Here a team has one member.
void launchTeam(Run *run, ingot_kernel kernel, void *const *buffers, const int64_t *symbols, int64_t items, int64_t,
                int64_t grain, int64_t, int64_t sharedOffset, int32_t launchIndex) {
  *reinterpret_cast<ingot_team *>(run->scratch) = {run->scratch + sharedOffset + INGOT_TEAM_BYTES, 1, 0, 0};
  launch(run, kernel, buffers, symbols, items, grain, launchIndex);
}
int64_t nextPart(ingot_team *, int64_t part) { return part < 0 ? 0 : -1; }

/// The first place in `bytes` that is aligned and has slack before it.
char *alignedStart(std::vector<char> &bytes) {
  return reinterpret_cast<char *>(llvm::alignTo(uint64_t(bytes.data()) + INGOT_SLACK, INGOT_ALIGNMENT));
}

/// Memory as the runtime would give it: aligned, with slack on both sides.
class AlignedBytes {
public:
  explicit AlignedBytes(int64_t size) : bytes(size + 3 * INGOT_SLACK) {}
  char *data() { return alignedStart(bytes); }

private:
  std::vector<char> bytes;
};

int64_t evaluate(AffineExpr expr, ArrayRef<int64_t> symbols) {
  SmallVector<AffineExpr> values;
  for (int64_t symbol : symbols)
    values.push_back(getAffineConstantExpr(symbol, expr.getContext()));
  return ingot::constantValue(expr.replaceSymbols(values)).value_or(0);
}

LogicalResult report(ModuleOp module, llvm::Error error) {
  if (!error)
    return success();
  return module.emitError("code could not be run in this process: ") << llvm::toString(std::move(error));
}

} // namespace

namespace ingot::cpu {

JitProgram::~JitProgram() = default;

FailureOr<std::unique_ptr<JitProgram>> JitProgram::create(ModuleOp planned, StringRef target) {
  CpuOptions options;
  options.targets = {target.str()};
  options.optimization = 1;
  FailureOr<CpuCode> code = emitObjects(planned, options);
  FailureOr<ProgramDescription> description = describeProgram(planned);
  if (failed(code) || failed(description))
    return failure();
  std::unique_ptr<JitProgram> program(new JitProgram);
  program->description = std::move(*description);
  program->scratchBytes = code->scratchBytes;
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return report(planned, jit.takeError());
  program->jit = std::move(*jit);
  llvm::orc::JITDylib &library = program->jit->getMainJITDylib();
  auto process = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess('\0');
  if (!process)
    return report(planned, process.takeError());
  library.addGenerator(std::move(*process));
  llvm::orc::SymbolMap host;
  auto provide = [&](StringRef name, auto *function) {
    host[program->jit->mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                                                 llvm::JITSymbolFlags::Exported};
  };
  provide("ingot_launch", &launch);
  provide("ingot_launch_team", &launchTeam);
  provide("ingot_team_next", &nextPart);
  if (failed(report(planned, library.define(llvm::orc::absoluteSymbols(host)))))
    return failure();
  for (auto &object : code->variants[0].objects)
    if (failed(report(planned, program->jit->addObjectFile(std::move(object)))))
      return failure();
  auto entry = program->jit->lookup(entryName(target));
  if (!entry)
    return report(planned, entry.takeError());
  program->entry = entry->toPtr<ingot_entry>();
  if (program->description.preparedBytes) {
    auto prepare = program->jit->lookup(prepareName(target));
    if (!prepare)
      return report(planned, prepare.takeError());
    program->prepare = prepare->toPtr<ingot_entry>();
  }
  program->constants.resize(program->description.constantBytes + 3 * INGOT_SLACK);
  char *constants = alignedStart(program->constants);
  for (const ConstantPiece &piece : collectConstants(planned))
    piece.fill(llvm::MutableArrayRef<char>(constants + piece.offset, piece.bytes));
  return program;
}

LogicalResult JitProgram::run(ArrayRef<void *> io, ArrayRef<int64_t> symbols, int64_t chunk) {
  int64_t arenaBytes = llvm::alignTo(description.arenaBytes, INGOT_ALIGNMENT);
  for (AffineExpr slot : description.slots)
    arenaBytes += llvm::alignTo(evaluate(slot, symbols), INGOT_ALIGNMENT);
  AlignedBytes arena(arenaBytes), scratch(scratchBytes);
  bool isFirst = prepare && prepared.empty();
  if (isFirst)
    prepared.resize(description.preparedBytes + 3 * INGOT_SLACK);
  Run run{prepare ? alignedStart(prepared) : nullptr, runs++, scratch.data(), chunk};
  auto *context = reinterpret_cast<ingot_context *>(&run);
  char *start = alignedStart(constants);
  if (isFirst && prepare(context, nullptr, start, nullptr, nullptr) != 0)
    return failure();
  return success(entry(context, io.data(), start, arena.data(), symbols.data()) == 0);
}

} // namespace ingot::cpu

namespace ingot {

LogicalResult runInProcess(ModuleOp planned, ArrayRef<void *> io, ArrayRef<int64_t> symbols) {
  FailureOr<std::unique_ptr<cpu::JitProgram>> program = cpu::JitProgram::create(planned);
  return failed(program) ? failure() : (*program)->run(io, symbols);
}

} // namespace ingot
