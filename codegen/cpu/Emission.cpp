//===- Emission.cpp - Functions made from kernels -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Emission.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// In the order in which they are asked.
constexpr struct {
  const char *name;
  Emitter emit;
} emitters[] = {
    {"attention", emitAttention},
    {"long product", emitLongProduct},
    {"contraction", emitContraction},
    {"depthwise", emitDepthwise},
    {"grouped", emitGrouped},
    {"winograd", emitWinograd},
    {"winograd", emitWinogradFilter},
    {"winograd", emitWinogradFilterGradient},
    {"convolution", emitConvolution},
    {"filter gradient", emitFilterGradient},
    {"window", emitWindow},
    {"resize", emitResize},
    {"rows", emitRows},
    {"top k", emitTopK},
    {"recurrent", emitRecurrent},
    {"pointwise", emitPointwise},
    {"loops", emitLoops},
};

/// Of two, the one that makes the results.
Operation *findRoot(kernel::FuncOp kernel) {
  for (Operation &op : llvm::reverse(kernel.getBody().front()))
    if (op.hasTrait<Root>())
      return &op;
  return nullptr;
}

LLVM::LLVMFuncOp createFunction(ModuleOp into, Location loc, const Target &target, StringRef kernel) {
  OpBuilder builder = OpBuilder::atBlockEnd(into.getBody());
  Type pointer = LLVM::LLVMPointerType::get(into.getContext()), i64 = builder.getI64Type();
  auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(into.getContext()), {pointer, pointer, i64, i64, pointer});
  auto function = builder.create<LLVM::LLVMFuncOp>(loc, functionName(target, kernel), type);
  function.setVisibility_(LLVM::Visibility::Hidden);
  function.addEntryBlock(builder);
  return function;
}

/// Loads the addresses of the kernel's arguments and results.
SmallVector<Buffer> loadBuffers(KernelBuilder &builder, kernel::FuncOp kernel, Value pointers) {
  SmallVector<Buffer> buffers;
  auto load = [&](Type type) {
    Value pointer = builder.load(pointers, pointers.getType(), int64_t(buffers.size()));
    buffers.push_back({pointer, cast<RankedTensorType>(type)});
  };
  llvm::for_each(kernel.getArgumentTypes(), load);
  llvm::for_each(kernel.getResultTypes(), load);
  return buffers;
}

/// Emitters store what follows from the root's elements one to one; fusion forms no other results.
bool isEveryResultReached(Evaluator &evaluator, Operation *root) {
  auto isReached = [&](unsigned number) {
    return llvm::any_of(root->getResults(), [&](Value value) {
      Point point;
      for (AffineExpr dim : evaluator.dims(value))
        point.push_back(evaluator.unknown(dim));
      return evaluator.resultPoint(value, point, number).has_value();
    });
  };
  return llvm::all_of(llvm::seq<unsigned>(0, evaluator.getKernel().getNumResults()), isReached);
}

FailureOr<Division> tryEmitter(Emitter emitter, ModuleOp into, kernel::FuncOp kernel, const Target &target,
                               const KernelChoice &schedule) {
  Location loc = kernel.getLoc();
  LLVM::LLVMFuncOp function = createFunction(into, loc, target, kernel.getName());
  OpBuilder op = OpBuilder::atBlockEnd(&function.getBody().front());
  op.create<LLVM::ReturnOp>(loc, ValueRange());
  op.setInsertionPointToStart(&function.getBody().front());
  KernelBuilder builder(op, loc);
  SymbolScope symbols = moduleSymbols(kernel->getParentOfType<ModuleOp>());
  SmallVector<Buffer> buffers = loadBuffers(builder, kernel, function.getArgument(0));
  Evaluator evaluator(builder, kernel, buffers, symbols, function.getArgument(1));
  Emission emission{kernel,
                    findRoot(kernel),
                    target,
                    evaluator,
                    builder,
                    function.getArgument(2),
                    function.getArgument(3),
                    function.getArgument(4),
                    schedule,
                    function.getArgument(0)};
  FailureOr<Division> division = failure();
  if (!emission.root || isEveryResultReached(evaluator, emission.root))
    division = emitter(emission);
  if (failed(division))
    function.erase();
  return division;
}

} // namespace

SymbolScope moduleSymbols(ModuleOp module) {
  SmallVector<StringAttr> names;
  if (auto list = module->getAttrOfType<ArrayAttr>("ingot.symbols"))
    names.append(list.getAsRange<StringAttr>().begin(), list.getAsRange<StringAttr>().end());
  return SymbolScope(module.getContext(), names);
}

std::string functionName(const Target &target, StringRef kernel) {
  std::string name = ("ingot_" + target.name + "_" + kernel).str();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string fingerprint(kernel::FuncOp kernel) {
  std::string text;
  llvm::raw_string_ostream out(text);
  OpPrintingFlags flags;
  flags.useLocalScope();
  for (Type type : kernel.getArgumentTypes())
    out << type << ' ';
  for (Operation &op : kernel.getBody().front()) {
    op.print(out, flags);
    out << '\n';
  }
  return llvm::utohexstr(llvm::xxh3_64bits(out.str()), /*LowerCase=*/true, 16);
}

FailureOr<Division> emitKernel(ModuleOp into, kernel::FuncOp kernel, const Target &target,
                               const KernelChoice &schedule) {
  for (auto [name, emitter] : emitters)
    if (FailureOr<Division> division = tryEmitter(emitter, into, kernel, target, schedule); succeeded(division)) {
      division->emitter = name;
      if (schedule.grain > 0 && division->mostMembers == 1) {
        division->grain = division->grain < 0 ? -schedule.grain : schedule.grain;
        division->schedule.grain = schedule.grain;
      }
      return division;
    }
  return kernel.emitError("no code can be made for this kernel");
}

} // namespace ingot::cpu
