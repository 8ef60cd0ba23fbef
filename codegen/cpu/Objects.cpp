//===- Objects.cpp - Objects of a planned module --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels of every target are cut into parts that are compiled independently of each other. How they are cut
// depends on the module alone, so that the number of threads never shows in the result.
//
//===----------------------------------------------------------------------===//
#include "codegen/Codegen.h"
#include "codegen/cpu/Algorithms.h"
#include "codegen/cpu/Emission.h"
#include "codegen/cpu/Lowering.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

namespace ingot {
namespace {
using namespace cpu;

constexpr size_t kernelsPerPart = 8;

/// Some kernels for one target: one object. The last part of a target holds its entry function.
struct Part {
  const Target *target;
  std::vector<kernel::FuncOp> kernels;
  std::vector<Division> divisions;
  llvm::SmallVector<char, 0> code;
  bool hasFailed = false;
};

enum class Form { Object, Assembly, Llvm };

class Compiler {
public:
  Compiler(ModuleOp planned, const CpuOptions &options, Form form) : planned(planned), options(options), form(form) {}

  LogicalResult run() {
    loadCodeDialects(*planned.getContext());
    if (failed(chooseTargets()))
      return failure();
    cut();
    if (failed(compile([this](Part &part) { compileKernels(part); }, parts)))
      return failure();
    for (const Target &target : targets)
      entries.push_back({&target, {}, {}, {}, false});
    return compile([this](Part &part) { compileEntry(part); }, entries);
  }

  std::vector<Target> targets;
  std::vector<Part> parts, entries;

private:
  LogicalResult chooseTargets() {
    targets.reserve(options.targets.size());
    for (const std::string &name : options.targets) {
      std::string error;
      FailureOr<Target> target = makeTarget(name, options.triple, error);
      if (failed(target))
        return planned.emitError(error);
      targets.push_back(*target);
      makeMachine(*target, 0); // registers LLVM's back end before threads need it
    }
    return success();
  }

  void cut() {
    std::vector<kernel::FuncOp> kernels(planned.getOps<kernel::FuncOp>().begin(),
                                        planned.getOps<kernel::FuncOp>().end());
    for (const Target &target : targets)
      for (size_t first = 0; first < kernels.size(); first += kernelsPerPart) {
        size_t last = std::min(first + kernelsPerPart, kernels.size());
        parts.push_back({&target, {kernels.begin() + first, kernels.begin() + last}, {}, {}, false});
      }
  }

  LogicalResult compile(const std::function<void(Part &)> &one, std::vector<Part> &list) {
    if (options.jobs > 1 && planned.getContext()->isMultithreadingEnabled()) {
      llvm::DefaultThreadPool pool(llvm::hardware_concurrency(options.jobs));
      for (Part &part : list)
        pool.async([&one, &part] { one(part); });
      pool.wait();
    } else {
      llvm::for_each(list, one);
    }
    return failure(llvm::any_of(list, [](const Part &part) { return part.hasFailed; }));
  }

  KernelChoice measuredSchedule(kernel::FuncOp kernel, const Target &target) {
    if (options.schedules.empty())
      return {};
    auto found = options.schedules.find(scheduleKey(target.name, fingerprint(kernel)));
    return found == options.schedules.end() ? KernelChoice() : found->second;
  }

  void compileKernels(Part &part) {
    OwningOpRef<ModuleOp> code = ModuleOp::create(planned.getLoc());
    for (kernel::FuncOp kernel : part.kernels) {
      FailureOr<Division> division = emitKernel(*code, kernel, *part.target, measuredSchedule(kernel, *part.target));
      if (failed(division)) {
        part.hasFailed = true;
        return;
      }
      part.divisions.push_back(*division);
    }
    finish(*code, part);
  }

  void compileEntry(Part &part) {
    llvm::StringMap<Division> divisions;
    for (const Part &other : parts)
      if (other.target == part.target)
        for (auto [kernel, division] : llvm::zip(other.kernels, other.divisions))
          divisions[const_cast<kernel::FuncOp &>(kernel).getName()] = division;
    OwningOpRef<ModuleOp> code = ModuleOp::create(planned.getLoc());
    part.hasFailed = failed(emitEntry(*code, planned, *part.target, divisions));
    if (!part.hasFailed)
      finish(*code, part);
  }

  void finish(ModuleOp code, Part &part) {
    std::unique_ptr<llvm::TargetMachine> machine = makeMachine(*part.target, options.optimization);
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> module = lowerToLlvm(code, context, *machine, *part.target, options.optimization);
    if (!module) {
      part.hasFailed = true;
    } else if (form == Form::Llvm) {
      llvm::raw_svector_ostream out(part.code);
      module->print(out, nullptr);
    } else {
      part.code = generateCode(*module, *machine, form == Form::Assembly);
    }
  }

  ModuleOp planned;
  const CpuOptions &options;
  Form form;
};

} // namespace

static KernelSchedule describe(kernel::FuncOp kernel, const Division &division) {
  return {kernel.getName().str(),
          fingerprint(kernel),
          division.emitter,
          division.choices,
          division.schedule,
          division.alternatives,
          division.items,
          std::abs(division.grain),
          division.scratchBytes,
          division.itemMicroseconds,
          division.launchMicroseconds,
          algorithmOf(kernel)};
}

FailureOr<CpuCode> emitObjects(ModuleOp planned, const CpuOptions &options) {
  Compiler compiler(planned, options, Form::Object);
  if (failed(compiler.run()))
    return failure();
  CpuCode result;
  for (const Target &target : compiler.targets)
    result.variants.push_back({target.name, target.required, {}});
  result.schedules.resize(compiler.targets.size());
  auto add = [&](Part &part) {
    size_t number = part.target - compiler.targets.data();
    auto &variant = result.variants[number];
    for (auto [kernel, division] : llvm::zip(part.kernels, part.divisions)) {
      result.scratchBytes = std::max(result.scratchBytes, division.scratchBytes);
      result.schedules[number].push_back(describe(kernel, division));
    }
    variant.objects.push_back(std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(part.code)));
  };
  llvm::for_each(compiler.parts, add);
  llvm::for_each(compiler.entries, add);
  return result;
}

FailureOr<std::string> emitText(ModuleOp planned, const CpuOptions &options, CpuText kind) {
  Compiler compiler(planned, options, kind == CpuText::Llvm ? Form::Llvm : Form::Assembly);
  if (failed(compiler.run()))
    return failure();
  std::string text;
  for (auto *list : {&compiler.parts, &compiler.entries})
    for (const Part &part : *list)
      text.append(part.code.begin(), part.code.end());
  return text;
}

} // namespace ingot
