//===- Compiler.cpp - The straight line -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// import -> simplify -> fuse -> plan -> emit -> link. Each stage changes or reads one mlir::ModuleOp; `--emit` stops
// after any of them.
//
//===----------------------------------------------------------------------===//
#include "compiler/Compiler.h"
#include "codegen/Codegen.h"
#include "compiler/Describe.h"
#include "compiler/Diagnostics.h"
#include "compiler/Explain.h"
#include "compiler/FormatOptions.h"
#include "compiler/Inspections.h"
#include "compiler/MemoryBudget.h"
#include "compiler/Parts.h"
#include "compiler/Pipeline.h"
#include "compiler/RecipePrograms.h"
#include "compiler/SourceHash.h"
#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"
#include "frontends/Frontend.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/TargetParser/Host.h"
#include <chrono>

using namespace mlir;

namespace ingot {
namespace {

class Compilation {
public:
  Compilation(const CompileOptions &options, CompileReport &report, const CompileEvents &events)
      : options(options), report(report), events(events),
        diagnostics(&context, options.input, events.onDiagnostic ? events.onDiagnostic : printToStandardError) {
    context.printOpOnDiagnostic(false); // an error names the model's node, on one line
    context.loadDialect<IngotDialect, kernel::KernelDialect, func::FuncDialect>();
  }

  CompileStatus run() {
    auto started = std::chrono::steady_clock::now();
    LogicalResult result = straightLine();
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return succeeded(result) ? CompileStatus::Done : failureStatus();
  }

  CompileStatus exportWeights(const ExportRequest &request) {
    std::string actual = hashOfFile(options.input);
    if (!request.hash.empty() && !actual.empty() && actual != request.hash) {
      emitError(UnknownLoc::get(&context))
          << "this is not the model file that was trained: its hash is " << actual << ", expected " << request.hash;
      return failureStatus();
    }
    std::vector<TensorContents> tensors;
    for (const TrainedTensor &tensor : request.weights)
      tensors.push_back({tensor.name, tensor.type, tensor.shape, ArrayRef(tensor.data, tensor.bytes)});
    ExportChanges changes{request.forInference, request.loraScale, std::nullopt};
    if (!request.scaledOutput.empty())
      changes.scaling = OutputScaling{request.scaledOutput, request.mean, request.deviation};
    return succeeded(exportOnnx(options.input, tensors, changes, options.output, &context)) ? CompileStatus::Done
                                                                                            : failureStatus();
  }

  CompileStatus describe(std::string &json) {
    if (failed(import()) || diagnostics.sawError())
      return failureStatus();
    FailureOr<ProgramDescription> program = describeProgram(*module);
    if (failed(program))
      return failureStatus();
    json = formatDescription(*program);
    return CompileStatus::Done;
  }

private:
  static void printToStandardError(const std::string &text) { llvm::errs() << text; }

  /// Runs one stage; afterwards, whether to go on with the next.
  LogicalResult stage(StringRef name, const std::string &phrase, function_ref<LogicalResult()> work) {
    if (events.onStage)
      events.onStage(phrase);
    auto started = std::chrono::steady_clock::now();
    LogicalResult result = work();
    report.stages.push_back(
        {name.str(), std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count()});
    return success(succeeded(result) && !diagnostics.sawError());
  }

  LogicalResult straightLine() {
    // Before minutes of work, not after.
    if (options.emit >= Stage::Object && failed(checkArtifactPath(options.output, UnknownLoc::get(&context))))
      return failure();
    std::string problem;
    if (!options.precisionKeep.empty() && !llvm::Regex(options.precisionKeep).isValid(problem))
      return emitError(UnknownLoc::get(&context))
             << "--precision-keep: \"" << options.precisionKeep << "\" is not a regular expression: " << problem;
    if (failed(stage("import", "reading " + options.input, [&] { return import(); })))
      return failure();
    if (options.emit == Stage::Import)
      return print();
    if (failed(stage("differentiate", "differentiating", [&] { return differentiateModule(); })))
      return failure();
    isAccepted = true;
    if (options.emit == Stage::Grad)
      return print();
    if (failed(stage("simplify", "simplifying the graph", [&] { return simplify(*module, options); })))
      return failure();
    if (options.emit == Stage::Simplified)
      return print();
    bool hasBackward = options.train.isWanted || (recipe && recipe->hasBackwardPass(recipe->main()));
    if (hasBackward && failed(stage("budget", "choosing what to keep", [&] { return fitBudget(); })))
      return failure();
    if (failed(stage("fuse", "forming kernels", [&] { return fuse(*module, options); })))
      return failure();
    if (options.emit == Stage::Fused)
      return print();
    if (failed(stage("plan", "planning memory", [&] { return planMemory(*module); })))
      return failure();
    measurePlan();
    if (options.emit == Stage::Plan)
      return print();
    if (options.emit == Stage::Llvm || options.emit == Stage::Assembly)
      return stage("emit", "generating code", [&] { return emitText(); });
    FailureOr<CpuCode> code = failure();
    if (failed(stage("emit", "generating code",
                     [&]() -> LogicalResult { return code = emitObjects(*module, cpuOptions(options)); })))
      return failure();
    if (options.train.isWanted &&
        failed(stage("evaluation", "compiling the evaluation", [&] { return addPart(LibraryPart::Evaluation); })))
      return failure();
    if (options.train.isWanted && options.train.splitUpdate &&
        failed(stage("update", "compiling the update", [&] { return addPart(LibraryPart::Update); })))
      return failure();
    for (const RecipeProgram &program : recipe ? recipe->others() : std::vector<RecipeProgram>())
      if (failed(stage("part", "compiling " + program.name(), [&] { return addProgram(program); })))
        return failure();
    return stage("link", "writing " + options.output, [&] { return link(std::move(*code)); });
  }

  ImportOptions importOptions() const {
    ImportOptions importOptions;
    importOptions.keepParameters = options.train.isWanted || options.isRecipe;
    importOptions.outputs = options.outputs;
    importOptions.outputs.insert(importOptions.outputs.end(), options.train.gradientsAt.begin(),
                                 options.train.gradientsAt.end());
    importOptions.name = libraryName();
    for (auto &[name, range] : options.dims)
      importOptions.dims[name] = {range.least, range.greatest};
    return importOptions;
  }

  std::string libraryName() const { return options.name.empty() ? identifierFor(options.input) : options.name; }

  LogicalResult import() {
    if (options.isRecipe)
      return importRecipe();
    module = importOnnx(options.input, importOptions(), &context);
    return success(bool(module));
  }

  /// A budget that is too small is the request's fault.
  LogicalResult fitBudget() {
    CompileReport::MemoryBudget budget;
    LogicalResult result = fitMemoryBudget(*module, options, budget);
    isAccepted = succeeded(result);
    noteBudget(std::move(budget), recipe ? recipe->main().entryName : "");
    return result;
  }

  void noteBudget(CompileReport::MemoryBudget budget, const std::string &step) {
    budget.step = step;
    if (options.train.memoryBudget > 0)
      report.budgets.push_back(std::move(budget));
  }

  LogicalResult importRecipe() {
    FailureOr<std::unique_ptr<RecipePrograms>> programs = RecipePrograms::read(options, importOptions(), &context);
    if (failed(programs))
      return failure();
    recipe = std::move(*programs);
    if (recipe->file().isMixed)
      options.precision = Precision::BFloat16;
    return success();
  }

  LogicalResult differentiateModule() {
    if (!recipe)
      return differentiate(*module, options);
    module = recipe->build(recipe->main());
    return success(bool(module));
  }

  LogicalResult addProgram(const RecipeProgram &program) {
    partModules.push_back(recipe->build(program));
    isAccepted = bool(partModules.back());
    if (!isAccepted)
      return failure();
    CompileReport::MemoryBudget budget;
    bool hasBackward = recipe->hasBackwardPass(program);
    FailureOr<std::unique_ptr<Artifact>> part =
        ingot::compilePart(*partModules.back(), options, hasBackward ? &budget : nullptr);
    if (hasBackward)
      noteBudget(budget, program.entryName);
    if (failed(part)) { // a budget that is too small is the request's fault
      isAccepted = !(hasBackward && options.train.memoryBudget > 0 && budget.arenaBytes == 0);
      return failure();
    }
    parts.push_back(std::move(*part));
    return success();
  }

  LogicalResult addPart(LibraryPart part) {
    partModules.emplace_back();
    auto made = compilePart(part, options, importOptions(), &context, partModules.back());
    if (failed(made))
      return failure();
    parts.push_back(std::move(*made));
    return success();
  }

  /// Writes the module in text form to the output file or standard output, without the contents of large tensors.
  LogicalResult print() {
    // The printer spells a tensor out before it finds it too large. This is the line's last stage.
    module->walk([](ConstantOp op) {
      if (auto resource = dyn_cast<DenseResourceElementsAttr>(op.getValue()))
        resource.getRawHandle().getResource()->setBlob(AsmResourceBlob());
    });
    return writeText([&](raw_ostream &out) {
      OpPrintingFlags flags;
      flags.elideLargeElementsAttrs(64).elideLargeResourceString(64);
      module->print(out, flags);
      out << '\n';
    });
  }

  LogicalResult emitText() {
    CpuText kind = options.emit == Stage::Assembly ? CpuText::Assembly : CpuText::Llvm;
    FailureOr<std::string> text = ingot::emitText(*module, cpuOptions(options), kind);
    if (failed(text))
      return failure();
    return writeText([&](raw_ostream &out) { out << *text; });
  }

  LogicalResult writeText(function_ref<void(raw_ostream &)> write) {
    std::error_code error;
    llvm::ToolOutputFile file(options.output.empty() ? "-" : options.output, error, llvm::sys::fs::OF_Text);
    if (error)
      return emitError(UnknownLoc::get(&context)) << "cannot write " << options.output << ": " << error.message();
    write(file.os());
    file.keep();
    return success();
  }

  void measurePlan() {
    module->walk([&](kernel::FuncOp) { ++report.kernels; });
    module->walk([&](kernel::LaunchOp launch) { report.launches += !launch.isPreparation(); });
    auto main = module->lookupSymbol<func::FuncOp>("main");
    auto number = [&](StringRef name) {
      auto attr = main->getAttrOfType<IntegerAttr>(name);
      return attr ? attr.getInt() : 0;
    };
    report.arenaBytes = number("kernel.arena_bytes");
    report.arenaLowerBound = number("kernel.arena_lower_bound");
    report.constantBytes = number("kernel.constant_bytes");
    report.preparedBytes = number("kernel.prepared_bytes");
    report.winogradBytes = winogradBytes(*module);
    report.reducedWeights = listReducedWeights(*module);
  }

  LogicalResult link(CpuCode code) {
    FailureOr<ProgramDescription> program = describeProgram(*module);
    if (failed(program))
      return failure();
    // To write trained weights back, the model file is needed again; else a library should not depend on where it was.
    bool trains = options.train.isWanted || recipe;
    program->source = trains ? options.input : llvm::sys::path::filename(options.input).str();
    program->sourceHash = recipe ? recipe->file().hash() : hashOfFile(options.input);
    program->options = formatOptions(options, report.reducedWeights);
    if (recipe)
      program->options += recipe->file().formatOptions();
    program->triple = llvm::sys::getDefaultTargetTriple();
    program->scratchBytes = code.scratchBytes;
    program->winogradBytes = report.winogradBytes;
    if (options.explain)
      report.program = explain(*module, *program, code);
    addInspections(*module, *program);
    for (const std::unique_ptr<Artifact> &part : parts) {
      for (auto field : {&ProgramDescription::source, &ProgramDescription::sourceHash, &ProgramDescription::options,
                         &ProgramDescription::triple})
        part->program.*field = (*program).*field;
      auto about = std::make_shared<const ProgramDescription>(part->program);
      program->parts.push_back({about->name.substr(program->name.size() + 1), about});
    }
    Artifact artifact{std::move(*program), std::move(code.variants), collectConstants(*module), std::move(parts)};
    if (failed(writeArtifact(artifact, options.output, module->getLoc(), options.cxxHeader)))
      return failure();
    uint64_t size = 0;
    llvm::sys::fs::file_size(options.output, size);
    report.outputBytes = size;
    return success();
  }

  /// Whose fault a failure is: the model's, or the request's, until it is differentiated, or when something is not
  /// supported yet; else ours.
  CompileStatus failureStatus() {
    if (!isAccepted || diagnostics.sawOnlyUnsupported())
      return CompileStatus::BadInput;
    emitError(module->getLoc()) << "this is an error in Ingot, not in the model; please report it with the model";
    return CompileStatus::Bug;
  }

  CompileOptions options;
  CompileReport &report;
  const CompileEvents &events;
  MLIRContext context;
  DiagnosticPrinter diagnostics;
  OwningOpRef<ModuleOp> module;
  /// Null without a recipe; `module` is one of its programs.
  std::unique_ptr<RecipePrograms> recipe;
  /// The library's further programs, and what they refer to.
  std::vector<std::unique_ptr<Artifact>> parts;
  std::vector<OwningOpRef<ModuleOp>> partModules;
  bool isAccepted = false;
};

} // namespace

CompileStatus compile(const CompileOptions &options, CompileReport &report, const CompileEvents &events) {
  return Compilation(options, report, events).run();
}

CompileStatus describeModel(const CompileOptions &options, std::string &json, const CompileEvents &events) {
  CompileReport report;
  return Compilation(options, report, events).describe(json);
}

CompileStatus exportModel(const ExportRequest &request, const CompileEvents &events) {
  CompileOptions options;
  options.input = request.model;
  options.output = request.output;
  CompileReport report;
  return Compilation(options, report, events).exportWeights(request);
}

std::string identifierFor(const std::string &path) {
  std::string name = llvm::sys::path::stem(path).str();
  for (char &c : name)
    if (!isalnum(static_cast<unsigned char>(c)))
      c = '_';
  return name.empty() || isdigit(static_cast<unsigned char>(name[0])) ? "model_" + name : name;
}

} // namespace ingot
