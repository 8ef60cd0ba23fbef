// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "KernelRunner.h"
#include "GuardedBuffer.h"
#include "codegen/cpu/Jit.h"
#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/TargetParser/Host.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace ingot;

namespace {

/// @main that launches @k once, straight from its inputs to its outputs.
void addMain(ModuleOp module, kernel::FuncOp kernel) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Location loc = kernel.getLoc();
  auto main = builder.create<func::FuncOp>(loc, "main", kernel.getFunctionType());
  builder.setInsertionPointToStart(main.addEntryBlock());
  auto launch = builder.create<kernel::LaunchOp>(loc, kernel.getResultTypes(), kernel.getName(), main.getArguments(),
                                                 ArrayAttr());
  SmallVector<Attribute> plan;
  for (size_t i = 0; i < kernel.getArgumentTypes().size(); ++i)
    plan.push_back(kernel::BufferAttr::get(module.getContext(), kernel::Space::Input, i));
  for (size_t i = 0; i < kernel.getResultTypes().size(); ++i)
    plan.push_back(kernel::BufferAttr::get(module.getContext(), kernel::Space::Output, i));
  launch.setPlanAttr(builder.getArrayAttr(plan));
  builder.create<func::ReturnOp>(loc, launch.getResults());
}

size_t bytesOf(Type type, const std::vector<std::string> &names, const std::vector<int64_t> &symbols) {
  SmallVector<StringAttr> scoped;
  for (const std::string &name : names)
    scoped.push_back(StringAttr::get(type.getContext(), name));
  SymbolScope scope(type.getContext(), scoped);
  AffineExpr count = product(scope.dims(type), type.getContext());
  SmallVector<AffineExpr> values;
  for (int64_t symbol : symbols)
    values.push_back(scope.constant(symbol));
  return *constantValue(count.replaceSymbols(values)) * elementBytes(cast<RankedTensorType>(type).getElementType());
}

std::vector<Bytes> runOnce(cpu::JitProgram &program, kernel::FuncOp kernel, const std::vector<Bytes> &operands,
                           const std::vector<size_t> &resultBytes, const std::vector<int64_t> &symbols, Guard side,
                           int64_t chunk) {
  std::vector<GuardedBuffer> buffers;
  std::vector<void *> io;
  for (const Bytes &operand : operands) {
    buffers.emplace_back(operand.size(), side);
    if (!operand.empty())
      std::memcpy(buffers.back().data(), operand.data(), operand.size());
  }
  for (size_t bytes : resultBytes) {
    buffers.emplace_back(bytes, side);
    std::memset(buffers.back().data(), 0xa5, bytes);
  }
  for (GuardedBuffer &buffer : buffers)
    io.push_back(buffer.data());
  if (failed(program.run(io, symbols, chunk)))
    throw std::runtime_error("the entry function failed");
  std::vector<Bytes> results;
  for (size_t i = 0; i < resultBytes.size(); ++i) {
    const char *data = buffers[operands.size() + i].data();
    results.emplace_back(std::vector<char>(data, data + resultBytes[i]));
  }
  return results;
}

} // namespace

std::vector<Bytes> runKernel(const std::string &text, const std::vector<Bytes> &operands,
                             const std::vector<std::string> &symbolNames, const std::vector<int64_t> &symbols) {
  MLIRContext context;
  context.loadDialect<IngotDialect, kernel::KernelDialect, func::FuncDialect>();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    throw std::runtime_error("the kernel's text is wrong");
  SmallVector<StringRef> names(symbolNames.begin(), symbolNames.end());
  (*module)->setAttr("ingot.symbols", Builder(&context).getStrArrayAttr(names));
  auto kernel = module->lookupSymbol<kernel::FuncOp>("k");
  addMain(*module, kernel);
  std::vector<size_t> resultBytes;
  for (Type type : kernel.getResultTypes())
    resultBytes.push_back(bytesOf(type, symbolNames, symbols));
  std::vector<Bytes> first;
  for (const char *target : {"x86-64-v3", "x86-64-v4"}) {
    if (target == std::string("x86-64-v4") && !llvm::sys::getHostCPUFeatures().lookup("avx512vl"))
      continue;
    auto program = cpu::JitProgram::create(*module, target);
    if (failed(program))
      throw std::runtime_error("the kernel does not compile");
    for (Guard side : {Guard::Before, Guard::After})
      for (int64_t chunk : {0, 1, 3}) {
        std::vector<Bytes> results = runOnce(**program, kernel, operands, resultBytes, symbols, side, chunk);
        if (first.empty())
          first = results;
        else
          for (size_t i = 0; i < results.size(); ++i)
            EXPECT_TRUE(results[i] == first[i]) << target << ", chunk " << chunk << ": result " << i << " differs";
      }
  }
  return first;
}

std::vector<float> ramp(size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = float(i % 97) * (i % 3 == 2 ? -1.0f : 1.0f);
  return values;
}
