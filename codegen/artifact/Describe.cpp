// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads what a library tells about itself from a planned module's attributes and types.
#include "codegen/Codegen.h"

#include "codegen/artifact/Names.h"
#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace ingot {
namespace {

std::optional<ingot_dtype> dtypeOf(Type type) {
  if (type.isF32())
    return INGOT_F32;
  if (type.isF64())
    return INGOT_F64;
  if (type.isF16())
    return INGOT_F16;
  if (type.isBF16())
    return INGOT_BF16;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return std::nullopt;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return INGOT_BOOL;
  case 8:
    return isUnsigned ? INGOT_U8 : INGOT_I8;
  case 16:
    return isUnsigned ? INGOT_U16 : INGOT_I16;
  case 32:
    return isUnsigned ? INGOT_U32 : INGOT_I32;
  case 64:
    return isUnsigned ? INGOT_U64 : INGOT_I64;
  default:
    return std::nullopt;
  }
}

ingot_role roleOf(StringRef name) {
  return llvm::StringSwitch<ingot_role>(name)
      .Case("target", INGOT_TARGET)
      .Case("hyper", INGOT_HYPER)
      .Case("loss", INGOT_LOSS)
      .Case("gradient", INGOT_GRADIENT)
      .Case("parameter", INGOT_PARAMETER)
      .Case("slot", INGOT_SLOT)
      .Case("statistic", INGOT_STATISTIC)
      .Case("step", INGOT_STEP)
      .Case("generator", INGOT_GENERATOR)
      .Case("cache", INGOT_CACHE)
      .Case("length", INGOT_LENGTH)
      .Default(INGOT_DATA);
}

// The ONNX node's name, the most useful thing to read in a profile.
std::string launchName(kernel::LaunchOp launch) {
  auto name = launch.getLoc()->findInstanceOf<NameLoc>();
  return launch.getCallee().str() + (name ? " " + name.getName().str() : "");
}

class Describer {
public:
  Describer(ModuleOp module, func::FuncOp main) : module(module), main(main), scope(module.getContext()) {}

  FailureOr<ProgramDescription> run() {
    program.name = getString("ingot.name", "model");
    program.source = getString("ingot.source", program.name + ".onnx");
    readSymbols();
    for (auto [index, type] : llvm::enumerate(main.getArgumentTypes()))
      if (failed(addArgument(index, type)))
        return failure();
    llvm::sort(program.state, [](auto &a, auto &b) { return a.offset < b.offset; });
    for (auto [index, type] : llvm::enumerate(main.getResultTypes()))
      // What is written in place is among the arguments.
      if (!main.getResultAttr(index, "ingot.state") && !main.getResultAttr(index, "ingot.cache") &&
          failed(addPort(program.outputs, "output", index, type, main.getResultAttrDict(index))))
        return failure();
    readLaunches();
    program.constantBytes = getNumber("kernel.constant_bytes");
    program.preparedBytes = getNumber("kernel.prepared_bytes");
    program.arenaBytes = getNumber("kernel.arena_bytes");
    program.arenaLowerBound = getNumber("kernel.arena_lower_bound");
    program.stateBytes = getNumber("ingot.state_bytes");
    if (auto entry = main->getAttrOfType<StringAttr>("ingot.entry"))
      program.entry = entry.str();
    if (auto optimizer = main->getAttrOfType<StringAttr>("ingot.optimizer"))
      program.optimizer = optimizer.str();
    if (auto slots = main->getAttrOfType<ArrayAttr>("kernel.slots"))
      for (auto slot : slots.getAsRange<ShapeAttr>())
        llvm::append_range(program.slots, scope.adopt(slot));
    if (auto assumptions = module->getAttrOfType<ShapeAttr>("ingot.requires"))
      llvm::append_range(program.assumptions, scope.adopt(assumptions));
    if (scope.getNames().size() != program.symbols.size())
      return main.emitError("has a dimension that is not among the module's symbols: ") << scope.getNames().back();
    return program;
  }

private:
  std::string getString(StringRef name, std::string otherwise) {
    auto text = module->getAttrOfType<StringAttr>(name);
    return text ? text.str() : otherwise;
  }

  int64_t getNumber(StringRef name) {
    auto number = main->getAttrOfType<IntegerAttr>(name);
    return number ? number.getInt() : 0;
  }

  void readSymbols() {
    auto names = module->getAttrOfType<ArrayAttr>("ingot.symbols");
    auto bounds = module->getAttrOfType<ArrayAttr>("ingot.symbol_bounds");
    if (!names)
      return;
    for (auto [index, name] : llvm::enumerate(names.getAsRange<StringAttr>())) {
      scope.symbol(name);
      program.symbols.push_back({name.str(), 0, -1});
      if (!bounds || index >= bounds.size())
        continue;
      auto pair = cast<DenseI64ArrayAttr>(bounds[index]);
      program.symbols.back().minimum = pair[0];
      program.symbols.back().maximum = pair[1];
    }
  }

  /// Their names, and when each gradient of the state is complete.
  void readLaunches() {
    main.walk([&](kernel::LaunchOp launch) {
      if (launch.isPreparation())
        return;
      int64_t number = program.launches.size();
      program.launches.push_back(launchName(launch));
      if (!launch.getPlan())
        return;
      auto plan = llvm::to_vector(launch.getPlan()->getAsRange<kernel::BufferAttr>());
      for (kernel::BufferAttr result : ArrayRef(plan).drop_front(launch.getNumOperands()))
        for (auto [index, tensor] : llvm::enumerate(program.state))
          if (result.getSpace() == kernel::Space::State && tensor.offset == result.getPosition() &&
              tensor.port.role == INGOT_GRADIENT)
            program.completions.push_back({number, int64_t(index)});
    });
  }

  LogicalResult addArgument(size_t index, Type type) {
    auto place = main.getArgAttrOfType<IntegerAttr>(index, "ingot.state");
    if (!place) {
      if (auto classes = main.getArgAttrOfType<DenseI64ArrayAttr>(index, "ingot.classes"))
        program.classes.push_back({int64_t(program.inputs.size()), classes[0], classes[1]});
      return addPort(program.inputs, "input", index, type, main.getArgAttrDict(index));
    }
    std::vector<ProgramPort> ports;
    if (failed(addPort(ports, "state", index, type, main.getArgAttrDict(index))))
      return failure();
    auto tensor = cast<RankedTensorType>(type);
    if (!tensor.hasStaticShape())
      return main.emitError() << "state \"" << ports[0].name << "\" has no constant shape: " << type;
    int64_t bytes = tensor.getNumElements() * elementBytes(tensor.getElementType());
    auto initial = main.getArgAttrOfType<IntegerAttr>(index, "kernel.initial");
    program.state.push_back({ports[0], place.getInt(), bytes, initial ? initial.getInt() : -1});
    return success();
  }

  /// `attributes` are those of the argument or result; null when it has none.
  LogicalResult addPort(std::vector<ProgramPort> &ports, const char *kind, size_t index, Type type,
                        DictionaryAttr attributes) {
    auto name = attributes ? attributes.getAs<StringAttr>("ingot.name") : StringAttr();
    std::string title = name ? name.str() : kind + std::to_string(index);
    auto tensor = dyn_cast<RankedTensorType>(type);
    std::optional<ingot_dtype> dtype = dtypeOf(getElementTypeOrSelf(type));
    if (!tensor || !dtype)
      return emitError(main.getLoc()) << kind << " \"" << title << "\" has a type that a library cannot pass: " << type;
    if (tensor.getRank() > INGOT_MAX_RANK)
      return emitError(main.getLoc()) << kind << " \"" << title << "\" has " << tensor.getRank()
                                      << " dimensions, not supported yet beyond " << INGOT_MAX_RANK;
    SmallVector<AffineExpr> dims = scope.dims(tensor);
    ports.push_back({title, *dtype, {dims.begin(), dims.end()}});
    if (auto role = attributes ? attributes.getAs<StringAttr>("ingot.role") : StringAttr())
      ports.back().role = roleOf(role.getValue());
    if (auto symbol = attributes ? attributes.getAs<StringAttr>("ingot.symbol") : StringAttr())
      ports.back().symbol = cast<AffineSymbolExpr>(scope.symbol(symbol)).getPosition();
    if (auto standard = attributes ? attributes.getAs<FloatAttr>("ingot.default") : FloatAttr())
      ports.back().standard = standard.getValueAsDouble();
    return success();
  }

  ModuleOp module;
  func::FuncOp main;
  SymbolScope scope;
  ProgramDescription program;
};

} // namespace

FailureOr<ProgramDescription> describeProgram(ModuleOp module) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return module.emitError("has no function @main");
  return Describer(module, main).run();
}

} // namespace ingot
