//===- Lowering.cpp - From kernel code to machine code --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernel code arrives already blocked and vectorised, so LLVM's loop optimiser has nothing to win and is not run: only
// clean-ups, on the MLIR side, and instruction selection.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Lowering.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

void addPasses(OpPassManager &manager) {
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(createLoopInvariantCodeMotionPass());
  manager.addPass(createConvertSCFToCFPass());
  manager.addPass(createConvertVectorToLLVMPass());
  manager.addPass(createConvertMathToLLVMPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
}

Type withIntegers(Type type) {
  Type integer = IntegerType::get(type.getContext(), 16);
  if (type.isBF16())
    return integer;
  auto vector = dyn_cast<VectorType>(type);
  return vector && vector.getElementType().isBF16() ? Type(vector.clone(integer)) : type;
}

TypedAttr withIntegers(TypedAttr attribute) {
  auto bits = [](const llvm::APFloat &number) { return number.bitcastToAPInt(); };
  Type type = withIntegers(attribute.getType());
  if (auto number = dyn_cast<FloatAttr>(attribute))
    return IntegerAttr::get(type, bits(number.getValue()));
  return cast<TypedAttr>(cast<DenseFPElementsAttr>(attribute).mapValues(getElementTypeOrSelf(type), bits));
}

/// Values of bfloat16, which are only moved, chosen and taken apart as integers, become integers. LLVM 19 calls a
/// function that nobody has, or falls over, where a processor without instructions for bfloat16 keeps one in a
/// register.
void keepHalvesAsIntegers(ModuleOp code) {
  SmallVector<arith::BitcastOp> bitcasts;
  code.walk([&](Operation *op) {
    if (auto constant = dyn_cast<arith::ConstantOp>(op);
        constant && withIntegers(constant.getType()) != constant.getType())
      constant.setValueAttr(withIntegers(constant.getValue()));
    if (auto bitcast = dyn_cast<arith::BitcastOp>(op))
      bitcasts.push_back(bitcast);
    for (Value result : op->getResults())
      result.setType(withIntegers(result.getType()));
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (BlockArgument argument : block.getArguments())
          argument.setType(withIntegers(argument.getType()));
  });
  for (arith::BitcastOp bitcast : bitcasts)
    if (bitcast.getIn().getType() == bitcast.getType()) {
      bitcast.getResult().replaceAllUsesWith(bitcast.getIn());
      bitcast.erase();
    }
}

void setAttributes(llvm::Module &module, const Target &target) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("tune-cpu", target.processor);
    function.addFnAttr("prefer-vector-width", std::to_string(target.vectorBytes * 8));
    function.addFnAttr(llvm::Attribute::NoUnwind);
    // A kernel never frees or synchronises; that lets loads of addresses move.
    function.addFnAttr(llvm::Attribute::NoFree);
  }
}

void cleanUp(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::FunctionPassManager passes;
  passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/false));
  llvm::ModulePassManager all;
  all.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(passes)));
  all.run(module, modules);
}

/// LLVM guesses that every loop runs some thirty times. Then what surrounds a reduction seems as frequent as the
/// reduction, if it has loops of its own, and the sums are spilled in favour of an activation's constants.
void markInnermostLoops(llvm::Module &module) {
  constexpr uint32_t trips = 2000;
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    llvm::DominatorTree dominators(function);
    llvm::LoopInfo loops(dominators);
    for (llvm::Loop *loop : loops.getLoopsInPreorder()) {
      auto branch = dyn_cast<llvm::BranchInst>(loop->getHeader()->getTerminator());
      if (!loop->isInnermost() || !branch || !branch->isConditional())
        continue;
      bool staysFirst = loop->contains(branch->getSuccessor(0));
      if (staysFirst == loop->contains(branch->getSuccessor(1)))
        continue; // not the loop's condition
      llvm::MDBuilder metadata(module.getContext());
      llvm::MDNode *weights = metadata.createBranchWeights(staysFirst ? trips : 1, staysFirst ? 1 : trips);
      branch->setMetadata(llvm::LLVMContext::MD_prof, weights);
    }
  }
}

} // namespace

void loadCodeDialects(MLIRContext &context) {
  context.loadDialect<arith::ArithDialect, cf::ControlFlowDialect, LLVM::LLVMDialect, math::MathDialect,
                      scf::SCFDialect, vector::VectorDialect>();
  registerBuiltinDialectTranslation(context);
  registerLLVMDialectTranslation(context);
  // A pass manager loads what its passes depend on when it runs, which is not safe on several threads.
  PassManager manager(&context);
  addPasses(manager);
  DialectRegistry registry;
  manager.getDependentDialects(registry);
  context.appendDialectRegistry(registry);
  for (StringRef name : registry.getDialectNames())
    context.getOrLoadDialect(name);
}

std::unique_ptr<llvm::Module> lowerToLlvm(ModuleOp code, llvm::LLVMContext &context, llvm::TargetMachine &machine,
                                          const Target &target, int optimization) {
  keepHalvesAsIntegers(code);
  PassManager manager(code.getContext());
  manager.enableVerifier(false);
  addPasses(manager);
  if (failed(manager.run(code)))
    return nullptr;
  std::unique_ptr<llvm::Module> module =
      translateModuleToLLVMIR(code, context, "kernels", /*disableVerification=*/true);
  if (!module)
    return nullptr;
  module->setDataLayout(machine.createDataLayout());
  module->setTargetTriple(target.triple);
  setAttributes(*module, target);
  markInnermostLoops(*module);
  if (optimization > 0)
    cleanUp(*module, machine);
  return module;
}

llvm::SmallVector<char, 0> generateCode(llvm::Module &module, llvm::TargetMachine &machine, bool asText) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager passes;
  machine.addPassesToEmitFile(passes, out, nullptr,
                              asText ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile);
  passes.run(module);
  return bytes;
}

} // namespace ingot::cpu
