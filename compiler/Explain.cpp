//===- Explain.cpp - From a planned module to a ProgramReport -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/Explain.h"
#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot {
namespace {

class Explainer {
public:
  Explainer(ModuleOp planned, const ProgramDescription &program, const CpuCode &code)
      : planned(planned), main(planned.lookupSymbol<func::FuncOp>("main")), program(program), code(code),
        scope(planned.getContext()) {}

  ProgramReport run() {
    chooseSymbols();
    for (auto kernel : planned.getOps<kernel::FuncOp>())
      addKernel(kernel);
    for (auto launch : main.getBody().front().getOps<kernel::LaunchOp>())
      if (!launch.isPreparation())
        addLaunch(launch);
    nameOutputs();
    return std::move(report);
  }

private:
  void chooseSymbols() {
    for (const ProgramSymbol &symbol : program.symbols) {
      scope.symbol(symbol.name);
      int64_t size = symbol.maximum >= 0 ? symbol.maximum : std::max<int64_t>(symbol.minimum, 1);
      report.symbols.push_back({symbol.name, size});
      values.push_back(scope.constant(size));
    }
  }

  int64_t evaluate(AffineExpr expr) {
    return constantValue(simplifyDimension(expr.replaceSymbols(values))).value_or(0);
  }

  SmallVector<int64_t> sizes(Value tensor) {
    return llvm::to_vector(llvm::map_range(scope.dims(tensor), [&](AffineExpr dim) { return evaluate(dim); }));
  }

  int64_t bytesOf(Value tensor) {
    return int64_t(countElements(sizes(tensor))) * elementBytes(getElementTypeOrSelf(tensor));
  }

  // Kernels
  // ---------------------------------------------------------------------------------------------------------

  void addKernel(kernel::FuncOp kernel) {
    kernelNumbers[kernel.getName()] = report.kernels.size();
    ProgramReport::Kernel &entry = report.kernels.emplace_back();
    entry.name = kernel.getName().str();
    for (Operation &op : kernel.getBody().front())
      if (!isa<kernel::ReturnOp>(op))
        entry.operations.push_back((op.hasTrait<Root>() ? "*" : "") + op.getName().stripDialect().str());
    for (auto [variant, schedules] : llvm::zip(code.variants, code.schedules))
      for (const KernelSchedule &schedule : schedules)
        if (schedule.kernel == entry.name)
          entry.schedules.push_back(describe(variant.isa, schedule));
  }

  ProgramReport::Schedule describe(const std::string &variant, const KernelSchedule &schedule) {
    ProgramReport::Schedule entry;
    entry.variant = variant;
    entry.emitter = schedule.emitter;
    entry.choices = schedule.choices;
    entry.items = evaluate(schedule.items);
    entry.grain = schedule.grain;
    entry.scratchBytes = schedule.scratchBytes;
    double expected = double(entry.items) * schedule.itemMicroseconds + schedule.launchMicroseconds;
    entry.division = describe(variant, schedule.fingerprint, schedule.schedule, expected, schedule.alternatives);
    if (const KernelAlgorithm &algorithm = schedule.algorithm; !algorithm.fingerprint.empty())
      entry.algorithm =
          describe(variant, algorithm.fingerprint, algorithm.chosen, algorithm.microseconds, algorithm.alternatives);
    return entry;
  }

  static ProgramReport::Decision describe(const std::string &variant, const std::string &fingerprint,
                                          const KernelChoice &chosen, double microseconds,
                                          const std::vector<KernelChoice> &alternatives) {
    return {scheduleKey(variant, fingerprint), chosen, microseconds, alternatives};
  }

  double operationsOf(kernel::FuncOp kernel) {
    double sum = 0;
    for (Operation &op : kernel.getBody().front())
      sum += countOperations(&op, [&](Value tensor) { return sizes(tensor); });
    return sum;
  }

  /// What a kernel reads of an argument: all of it, what its views select, nothing of a cache that it appends to.
  double bytesRead(BlockArgument argument) {
    double selected = 0, all = double(bytesOf(argument));
    for (Operation *user : argument.getUsers())
      if (bool isFirst = user->getOperand(0) == argument; isFirst && user->hasTrait<View>())
        selected += double(bytesOf(user->getResult(0)));
      else if (!isFirst || !isa<AppendOp>(user))
        selected += all;
    return std::min(selected, all);
  }

  /// What a kernel writes for one of the values it returns: of a cache, the rows that it appends.
  double bytesWritten(Value returned) {
    auto append = returned.getDefiningOp<AppendOp>();
    return double(bytesOf(append ? append.getRows() : returned));
  }

  // Launches
  // --------------------------------------------------------------------------------------------------------

  /// Reshapes are other names for a buffer.
  static Value bufferOf(Value value) {
    while (auto reshape = value.getDefiningOp<ReshapeOp>())
      value = reshape.getInput();
    return value;
  }

  static std::string nodeName(Operation *op) {
    auto name = op->getLoc()->findInstanceOf<NameLoc>();
    return name ? name.getName().str() : "";
  }

  /// An initializer's name, through its packing for a kernel; empty for what was computed or made up.
  static std::string constantName(Operation *op) {
    if (isa<kernel::PackOp, kernel::LaunchOp>(op) && op->getOperand(0).getDefiningOp())
      return constantName(op->getOperand(0).getDefiningOp());
    return nodeName(op);
  }

  std::string typeOf(Value tensor) {
    std::string text;
    llvm::raw_string_ostream out(text);
    llvm::interleave(sizes(tensor), out, "x");
    out << (text.empty() ? "" : " ") << getElementTypeOrSelf(tensor);
    return text;
  }

  size_t tensorNumber(Value value, kernel::BufferAttr place) {
    Value buffer = bufferOf(value);
    auto [entry, isNew] = tensorNumbers.try_emplace(buffer, report.tensors.size());
    if (!isNew)
      return entry->second;
    ProgramReport::Tensor &tensor = report.tensors.emplace_back();
    tensor.type = typeOf(buffer);
    tensor.bytes = bytesOf(buffer);
    tensor.space = kernel::stringifySpace(place.getSpace()).str();
    tensor.position = place.getPosition();
    if (place.getSpace() == kernel::Space::Input)
      tensor.name = program.inputs[place.getPosition()].name;
    else if (place.getSpace() == kernel::Space::Constant || place.getSpace() == kernel::Space::Prepared)
      tensor.name = constantName(buffer.getDefiningOp());
    else if (place.getSpace() == kernel::Space::State)
      for (const ProgramStateTensor &state : program.state)
        if (state.offset == place.getPosition())
          tensor.name = state.port.name;
    return entry->second;
  }

  void addLaunch(kernel::LaunchOp launch) {
    auto kernel = planned.lookupSymbol<kernel::FuncOp>(launch.getCallee());
    int64_t number = int64_t(report.launches.size());
    ProgramReport::Launch entry;
    entry.node = nodeName(launch);
    entry.kernel = kernelNumbers.lookup(launch.getCallee());
    entry.operations = operationsOf(kernel);
    auto places = llvm::to_vector(launch.getPlan()->getAsRange<kernel::BufferAttr>());
    for (auto [operand, argument, place] : llvm::zip(launch.getOperands(), kernel.getBody().getArguments(), places)) {
      entry.reads.push_back(tensorNumber(operand, place));
      entry.bytesRead += bytesRead(argument);
      use(entry.reads.back(), number);
    }
    auto returned = kernel.getBody().front().getTerminator()->getOperands();
    for (auto [result, value, place] :
         llvm::zip(launch.getOutputs(), returned, ArrayRef(places).drop_front(launch.getNumOperands()))) {
      entry.writes.push_back(tensorNumber(result, place));
      entry.bytesWritten += bytesWritten(value);
      report.tensors[entry.writes.back()].producer = number;
      use(entry.writes.back(), number);
    }
    report.launches.push_back(std::move(entry));
  }

  void use(size_t tensor, int64_t launch) {
    if (report.tensors[tensor].firstUse < 0)
      report.tensors[tensor].firstUse = launch;
    report.tensors[tensor].lastUse = launch;
  }

  void nameOutputs() {
    for (ProgramReport::Tensor &tensor : report.tensors)
      if (tensor.space == "output")
        tensor.name = program.outputs[tensor.position].name;
  }

  ModuleOp planned;
  func::FuncOp main;
  const ProgramDescription &program;
  const CpuCode &code;
  SymbolScope scope;
  SmallVector<AffineExpr> values;
  llvm::StringMap<size_t> kernelNumbers;
  llvm::DenseMap<Value, size_t> tensorNumbers;
  ProgramReport report;
};

const char *nameOfStorage(Type element) { return element.isF16() ? "float16" : element.isBF16() ? "bfloat16" : "int8"; }

} // namespace

std::vector<CompileReport::ReducedWeight> listReducedWeights(ModuleOp fused) {
  std::vector<CompileReport::ReducedWeight> weights;
  fused.walk([&](kernel::PackOp pack) {
    auto rounding = pack->getAttrOfType<DenseF64ArrayAttr>("kernel.rounding");
    if (!rounding)
      return;
    auto from = cast<RankedTensorType>(pack.getInput().getType()), to = cast<RankedTensorType>(pack.getType());
    // The initializer's name; of computed weights, that of the product they are for.
    auto name = pack.getLoc()->findInstanceOf<NameLoc>();
    if (!name && !pack->use_empty())
      name = (*pack->user_begin())->getLoc()->findInstanceOf<NameLoc>();
    weights.push_back({name ? name.getName().str() : "", nameOfStorage(to.getElementType()), from.getShape(),
                       to.getNumElements() * elementBytes(to.getElementType()), rounding[0], rounding[1]});
  });
  return weights;
}

ProgramReport explain(ModuleOp planned, const ProgramDescription &program, const CpuCode &code) {
  return Explainer(planned, program, code).run();
}

} // namespace ingot
