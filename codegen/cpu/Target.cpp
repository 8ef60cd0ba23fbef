//===- Target.cpp - The processor that code is made for -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Target.h"
#include "ingot/program.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

// Processor names carry the features of the x86-64 levels; the second name is the one whose pipeline model is used.
constexpr llvm::StringLiteral featuresOfV3 = "+64bit,+cx16,+sahf,+cmov,+popcnt,+sse3,+ssse3,+sse4.1,+sse4.2,+avx,+avx2,"
                                             "+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+xsave";
constexpr llvm::StringLiteral featuresOfV4 = ",+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl";

void setWide(Target &target) {
  target.vectorBytes = 64;
  target.vectorRegisters = 32;
  target.hasMaskedMemory = true;
}

/// LLVM 19 does not know processors newer than itself and then calls them by the name of an old one, so the pipeline
/// model is chosen by what the processor can do.
void describeHost(Target &target) {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  auto has = [&](StringRef name) { return features.lookup(name); };
  SmallVector<std::string> list;
  for (auto &feature : features)
    list.push_back((feature.getValue() ? "+" : "-") + feature.getKey().str());
  llvm::sort(list); // a StringMap has no order
  target.features = llvm::join(list, ",");
  target.processor = has("avx512vl") ? "skylake-avx512" : has("avx2") ? "haswell" : "x86-64";
  if (has("sse4a") && has("avx512vl"))
    target.processor = "znver4";
  if (has("avx512vl"))
    setWide(target);
  target.required = has("avx512vl") ? INGOT_CPU_V4 | INGOT_CPU_V3 : has("avx2") ? uint64_t(INGOT_CPU_V3) : 0;
  if (has("avx512vnni"))
    target.required |= INGOT_CPU_VNNI;
  if (has("avx512bf16"))
    target.required |= INGOT_CPU_BF16;
}

} // namespace

bool Target::hasByteProduct() const { return vectorBytes == 64 && (required & INGOT_CPU_VNNI); }

FailureOr<Target> makeTarget(StringRef name, StringRef triple, std::string &error) {
  Target target;
  target.name = name.str();
  target.triple = triple.empty() ? llvm::sys::getDefaultTargetTriple() : triple.str();
  if (!llvm::Triple(target.triple).isX86()) {
    error = "code for " + target.triple + " is not supported yet; x86-64 is";
    return failure();
  }
  if (name == "native") {
    describeHost(target);
    return target;
  }
  target.features = featuresOfV3.str();
  target.processor = "haswell";
  target.required = INGOT_CPU_V3;
  if (name == "x86-64-v3")
    return target;
  if (name != "x86-64-v4" && name != "x86-64-v4-vnni") {
    error = "there is no target \"" + name.str() + "\"; native, x86-64-v3, x86-64-v4 and x86-64-v4-vnni are";
    return failure();
  }
  target.features += featuresOfV4;
  target.processor = "skylake-avx512";
  target.required |= INGOT_CPU_V4;
  setWide(target);
  if (name == "x86-64-v4-vnni") {
    target.features += ",+avx512vnni";
    target.processor = "icelake-server";
    target.required |= INGOT_CPU_VNNI;
  }
  return target;
}

std::unique_ptr<llvm::TargetMachine> makeMachine(const Target &target, int optimization) {
  static bool isInitialized = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    return true;
  }();
  (void)isInitialized;
  std::string error;
  const llvm::Target *backend = llvm::TargetRegistry::lookupTarget(target.triple, error);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard; // kernels ask for fused operations themselves
  options.FunctionSections = true;
  auto level = static_cast<llvm::CodeGenOptLevel>(std::clamp(optimization, 0, 3));
  // The processor name alone would add features; tuning comes from the "tune-cpu" attribute of functions.
  return std::unique_ptr<llvm::TargetMachine>(backend->createTargetMachine(
      target.triple, "x86-64", target.features, options, llvm::Reloc::PIC_, llvm::CodeModel::Small, level));
}

} // namespace ingot::cpu
