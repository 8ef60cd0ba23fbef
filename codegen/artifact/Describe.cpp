// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads what a library tells about itself from a planned module's attributes and types.
#include "codegen/Codegen.h"

#include "codegen/artifact/Names.h"
#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/TypeUtilities.h"

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
      if (failed(addPort(program.inputs, "input", index, type, main.getArgAttrOfType<StringAttr>(index, "ingot.name"))))
        return failure();
    for (auto [index, type] : llvm::enumerate(main.getResultTypes()))
      if (failed(addPort(program.outputs, "output", index, type,
                         main.getResultAttrOfType<StringAttr>(index, "ingot.name"))))
        return failure();
    main.walk([&](kernel::LaunchOp launch) { program.launches.push_back(launchName(launch)); });
    program.constantBytes = getNumber("kernel.constant_bytes");
    program.arenaBytes = getNumber("kernel.arena_bytes");
    program.arenaLowerBound = getNumber("kernel.arena_lower_bound");
    if (auto slots = main->getAttrOfType<ArrayAttr>("kernel.slots"))
      for (auto slot : slots.getAsRange<ShapeAttr>())
        llvm::append_range(program.slots, scope.adopt(slot));
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

  LogicalResult addPort(std::vector<ProgramPort> &ports, const char *kind, size_t index, Type type, StringAttr name) {
    std::string title = name ? name.str() : kind + std::to_string(index);
    auto tensor = dyn_cast<RankedTensorType>(type);
    std::optional<ingot_dtype> dtype = dtypeOf(getElementTypeOrSelf(type));
    if (!tensor || !dtype)
      return main.emitError() << kind << " \"" << title << "\" has a type that a library cannot pass: " << type;
    if (tensor.getRank() > INGOT_MAX_RANK)
      return main.emitError() << kind << " \"" << title << "\" has " << tensor.getRank()
                              << " dimensions, not supported yet beyond " << INGOT_MAX_RANK;
    SmallVector<AffineExpr> dims = scope.dims(tensor);
    ports.push_back({title, *dtype, {dims.begin(), dims.end()}});
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
