//===- Inspections.cpp - What --detect-anomaly tells ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where each launch of a step comes from, which launch computes each of its operands, and which results must be finite:
// the loss, and all that goes into the state. The runtime follows this table back to where a NaN began.
//
//===----------------------------------------------------------------------===//
#include "compiler/Inspections.h"
#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"
#include "frontends/Frontend.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Path.h"
#include <fmt/format.h>

using namespace mlir;

namespace ingot {
namespace {

bool isBelow(Location location, StringRef name) {
  bool isFound = false;
  location->walk([&](Location part) {
    auto named = dyn_cast<NameLoc>(part);
    isFound |= named && named.getName() == name;
    return WalkResult::advance();
  });
  return isFound;
}

/// The place in a recipe, "gan.toml:7:26", where it computes something itself; else "".
std::string expressionOf(Location location) {
  std::string place;
  location->walk([&](Location part) {
    auto file = dyn_cast<FileLineColLoc>(part);
    if (file && place.empty())
      place = fmt::format("{}:{}:{}", llvm::sys::path::filename(file.getFilename()).str(), file.getLine(),
                          file.getColumn());
    return WalkResult::advance();
  });
  return place;
}

/// "node "fc/MatMul" (MatMul-13, #4), backward"
std::string placeOf(Location location) {
  std::string part = isBelow(location, "gradient") ? "backward" : "forward";
  if (findNode(location))
    return describe(location) + ", " + part;
  if (isBelow(location, "update") || isBelow(location, "loss"))
    return isBelow(location, "update") ? "the update" : "the loss, " + part;
  std::string expression = expressionOf(location);
  return expression.empty() ? part : expression + ", " + part;
}

/// Real numbers; anything else cannot be spoilt.
ingot_dtype dtypeOf(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isF32()    ? INGOT_F32
         : element.isF64()  ? INGOT_F64
         : element.isF16()  ? INGOT_F16
         : element.isBF16() ? INGOT_BF16
                            : INGOT_BOOL;
}

class Inspector {
public:
  Inspector(func::FuncOp main, ProgramDescription &program) : main(main), program(program) {}

  void run() {
    main.walk([&](kernel::LaunchOp launch) {
      if (launch.isPreparation())
        return;
      int64_t number = program.inspections.size();
      for (Value result : launch.getOutputs())
        producers[result] = number;
      program.inspections.push_back(inspect(launch, number));
    });
  }

private:
  ProgramInspection inspect(kernel::LaunchOp launch, int64_t number) {
    ProgramInspection inspection{placeOf(launch.getLoc()), launch.getNumOperands(), {}};
    auto plan = llvm::to_vector(launch.getPlan()->getAsRange<kernel::BufferAttr>());
    for (auto [operand, buffer] : llvm::zip(launch.getOperands(), plan)) {
      int64_t producer = producerOf(operand);
      inspection.buffers.push_back(
          {dtypeOf(operand.getType()), producer, producer < 0 ? nameOf(buffer) : std::string()});
    }
    for (auto [result, buffer] : llvm::zip(launch.getOutputs(), ArrayRef(plan).drop_front(launch.getNumOperands())))
      inspection.buffers.push_back({dtypeOf(result.getType()), number, mustBeFinite(buffer) ? nameOf(buffer) : ""});
    return inspection;
  }

  int64_t producerOf(Value value) {
    while (auto reshape = value.getDefiningOp<ReshapeOp>())
      value = reshape.getInput();
    auto known = producers.find(value);
    return known == producers.end() ? -1 : known->second;
  }

  bool mustBeFinite(kernel::BufferAttr buffer) {
    if (buffer.getSpace() == kernel::Space::State)
      return true;
    if (buffer.getSpace() != kernel::Space::Output)
      return false;
    ingot_role role = program.outputs[buffer.getPosition()].role;
    return role == INGOT_LOSS || role == INGOT_GRADIENT;
  }

  std::string nameOf(kernel::BufferAttr buffer) {
    switch (buffer.getSpace()) {
    case kernel::Space::Input:
      return "input \"" + program.inputs[buffer.getPosition()].name + "\"";
    case kernel::Space::Output:
      return nameOf(program.outputs[buffer.getPosition()]);
    case kernel::Space::State:
      for (const ProgramStateTensor &tensor : program.state)
        if (tensor.offset == buffer.getPosition())
          return nameOf(tensor.port);
      return "the state";
    default:
      return "a constant";
    }
  }

  static std::string nameOf(const ProgramPort &port) {
    switch (port.role) {
    case INGOT_LOSS:
      return "the loss";
    case INGOT_PARAMETER:
      return "parameter \"" + port.name + "\"";
    case INGOT_SLOT:
      return "the optimizer's \"" + port.name + "\"";
    case INGOT_STATISTIC:
      return "statistic \"" + port.name + "\"";
    default:
      return "\"" + port.name + "\"";
    }
  }

  func::FuncOp main;
  ProgramDescription &program;
  llvm::DenseMap<Value, int64_t> producers;
};

} // namespace

void addInspections(ModuleOp planned, ProgramDescription &program) {
  auto main = planned.lookupSymbol<func::FuncOp>("main");
  if (main->hasAttr("ingot.detect_anomaly"))
    Inspector(main, program).run();
}

} // namespace ingot
