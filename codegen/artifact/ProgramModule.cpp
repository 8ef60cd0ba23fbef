// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes ingot_program (program.h) as constant data, and these functions:
//   ingot_sizes, ingot_broken_assumption   what depends on the symbols (ShapeFunctions.h)
//   X_model, X_error, X_run (or X_train_step, X_state_initialize)   the exported ones, each a call into the runtime
#include "codegen/artifact/ProgramModule.h"

#include "codegen/artifact/Constants.h"
#include "codegen/artifact/Names.h"
#include "codegen/artifact/ShapeFunctions.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace ingot {
namespace {

class ProgramModule {
public:
  ProgramModule(LLVMContext &context, const Artifact &artifact)
      : artifact(artifact), program(artifact.program), module("program", context), builder(context),
        pointer(PointerType::get(context, 0)), i32(builder.getInt32Ty()), i64(builder.getInt64Ty()) {}

  Module &build() {
    Constant *sizes = buildSizes(program, module);
    Constant *brokenAssumption = buildBrokenAssumption(program, module);
    exportCall(program.name + "_model", pointer, {}, "ingot_library_model");
    buildDescriptor(sizes, brokenAssumption);
    exportCall(program.name + "_error", pointer, {}, "ingot_library_error");
    if (program.stateBytes)
      exportCall(program.name + "_state_initialize", i32, {pointer}, "ingot_library_state_initialize");
    buildRun();
    return module;
  }
  Module &get() { return module; }

private:
  Constant *number(int64_t value) { return ConstantInt::get(i64, value, /*isSigned=*/true); }
  Constant *shortNumber(int64_t value) { return ConstantInt::get(i32, value, /*isSigned=*/true); }

  GlobalVariable *data(Constant *contents, const Twine &name, GlobalValue::LinkageTypes linkage) {
    return new GlobalVariable(module, contents->getType(), /*isConstant=*/true, linkage, contents, name);
  }
  Constant *text(StringRef contents) {
    GlobalVariable *variable =
        data(ConstantDataArray::getString(module.getContext(), contents), "", GlobalValue::PrivateLinkage);
    variable->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    return variable;
  }
  Constant *table(ArrayRef<Constant *> entries) {
    if (entries.empty())
      return ConstantPointerNull::get(pointer);
    return data(ConstantArray::get(ArrayType::get(entries[0]->getType(), entries.size()), entries), "",
                GlobalValue::PrivateLinkage);
  }
  // Structs have the C layout: LLVM pads a non-packed struct the same way.
  Constant *record(ArrayRef<Constant *> fields) { return ConstantStruct::getAnon(fields); }

  Function *function(const Twine &name, Type *result, ArrayRef<Type *> parameters, bool isHidden) {
    auto *type = FunctionType::get(result, parameters, false);
    auto *made = Function::Create(type, GlobalValue::ExternalLinkage, name, module);
    if (isHidden)
      made->setVisibility(GlobalValue::HiddenVisibility);
    return made;
  }
  Function *defined(const Twine &name, Type *result, ArrayRef<Type *> parameters, bool isHidden) {
    Function *made = function(name, result, parameters, isHidden);
    made->addFnAttr(Attribute::NoUnwind);
    builder.SetInsertPoint(BasicBlock::Create(module.getContext(), "", made));
    return made;
  }

  Constant *describePort(const ProgramPort &port) {
    SmallVector<Constant *> dims;
    for (mlir::AffineExpr dim : port.dims)
      dims.push_back(number(encodeDimension(dim)));
    if (port.role == INGOT_LENGTH)
      dims.push_back(number(-1 - port.symbol));
    return record({text(port.name), shortNumber(port.dtype), shortNumber(port.dims.size()), table(dims),
                   shortNumber(port.role), ConstantFP::get(builder.getDoubleTy(), port.standard)});
  }
  Constant *ports(ArrayRef<ProgramPort> all) {
    SmallVector<Constant *> entries;
    for (const ProgramPort &port : all)
      entries.push_back(describePort(port));
    return table(entries);
  }
  Constant *states() {
    SmallVector<Constant *> entries;
    for (const ProgramStateTensor &tensor : program.state)
      entries.push_back(record({describePort(tensor.port), number(tensor.offset), number(tensor.bytes)}));
    return table(entries);
  }

  Constant *classChecks() {
    SmallVector<Constant *> entries;
    for (const ProgramClasses &check : program.classes)
      entries.push_back(record({number(check.input), number(check.classes), number(check.ignored)}));
    return table(entries);
  }
  Constant *completions() {
    SmallVector<Constant *> entries;
    for (auto [launch, tensor] : program.completions)
      entries.push_back(record({shortNumber(launch), shortNumber(tensor)}));
    return table(entries);
  }
  Constant *inspections() {
    SmallVector<Constant *> entries;
    for (const ProgramInspection &inspection : program.inspections) {
      SmallVector<Constant *> values;
      for (const ProgramInspection::Buffer &buffer : inspection.buffers)
        values.push_back(record({shortNumber(buffer.dtype), shortNumber(buffer.producer),
                                 buffer.name.empty() ? ConstantPointerNull::get(pointer) : text(buffer.name)}));
      entries.push_back(record({text(inspection.place), shortNumber(inspection.operandCount),
                                shortNumber(inspection.buffers.size()), table(values)}));
    }
    return table(entries);
  }

  // This program's own model function is defined before.
  Constant *parts() {
    if (program.parts.empty())
      return ConstantPointerNull::get(pointer);
    SmallVector<Constant *> entries = {record({text(program.entry), module.getFunction(program.name + "_model")})};
    for (const ProgramPart &part : program.parts)
      entries.push_back(record({text(part.name), function(part.program->name + "_model", pointer, {}, false)}));
    return table(entries);
  }

  Constant *buildDescription() {
    SmallVector<Constant *> symbols, launches;
    for (const ProgramSymbol &symbol : program.symbols)
      symbols.push_back(record({text(symbol.name), number(symbol.minimum), number(symbol.maximum)}));
    for (StringRef launch : program.launches)
      launches.push_back(text(launch));
    return record({text(program.name),
                   text(INGOT_VERSION),
                   text(program.sourceHash),
                   text(program.options),
                   text(program.triple),
                   text(""),
                   shortNumber(program.inputs.size()),
                   shortNumber(program.outputs.size()),
                   shortNumber(program.symbols.size()),
                   shortNumber(program.launches.size()),
                   ports(program.inputs),
                   ports(program.outputs),
                   table(symbols),
                   table(launches),
                   number(program.constantBytes),
                   number(program.arenaBytes),
                   number(program.arenaLowerBound),
                   number(program.scratchBytes),
                   text(program.entry),
                   text(program.source),
                   text(program.optimizer),
                   states(),
                   number(program.state.size()),
                   number(program.stateBytes),
                   parts(),
                   number(program.parts.empty() ? 0 : program.parts.size() + 1),
                   number(program.preparedBytes),
                   number(program.winogradBytes)});
  }

  void buildDescriptor(Constant *sizes, Constant *brokenAssumption) {
    SmallVector<Constant *> variants, initial;
    for (const ProgramStateTensor &tensor : program.state)
      initial.push_back(number(tensor.initial));
    for (const CodeVariant &variant : artifact.variants) {
      auto entry = [&](const std::string &name) -> Constant * {
        return function(name, i32, {pointer, pointer, pointer, pointer, pointer}, true);
      };
      Constant *prepare = program.preparedBytes ? entry(prepareName(variant.isa)) : ConstantPointerNull::get(pointer);
      variants.push_back(record(
          {text(variant.isa), number(static_cast<int64_t>(variant.features)), entry(entryName(variant.isa)), prepare}));
    }
    module.setModuleInlineAsm(reserveConstants(Triple(program.triple), program.constantBytes, program.isPart));
    auto *constants =
        new GlobalVariable(module, builder.getInt8Ty(), true, GlobalValue::ExternalLinkage, nullptr, constantsSymbol);
    constants->setVisibility(GlobalValue::HiddenVisibility);
    Constant *fields = record({number(INGOT_PROGRAM_ABI), buildDescription(), number(variants.size()), table(variants),
                               sizes, brokenAssumption, constants, table(initial), number(program.classes.size()),
                               classChecks(), number(program.completions.size()), completions(), inspections()});
    data(fields, "ingot_library_program", GlobalValue::ExternalLinkage)->setVisibility(GlobalValue::HiddenVisibility);
  }

  void exportCall(const Twine &name, Type *result, ArrayRef<Type *> parameters, StringRef callee) {
    Function *target = function(callee, result, parameters, true);
    Function *caller = defined(name, result, parameters, false);
    SmallVector<Value *> arguments(make_pointer_range(caller->args()));
    builder.CreateRet(builder.CreateCall(target, arguments));
  }

  // X_run([dims,] inputs..., [state,] outputs...): collects the pointers in an array, the state last. Hyperparameters
  // come as numbers, lengths with the dims.
  void buildRun() {
    SmallVector<Type *> types(program.isStatic() ? 0 : 1, pointer);
    size_t first = types.size(), inputs = program.inputs.size(), outputs = program.outputs.size();
    for (const ProgramPort &port : program.inputs)
      if (port.role != INGOT_LENGTH)
        types.push_back(port.role == INGOT_HYPER ? builder.getDoubleTy() : static_cast<Type *>(pointer));
    size_t states = program.stateBytes ? 1 : 0;
    types.append(states + outputs, pointer);
    Function *target = function("ingot_library_run", i32, {pointer, pointer}, true);
    Function *run = defined(program.function(), i32, types, false);
    Value *io = builder.CreateAlloca(ArrayType::get(pointer, std::max<size_t>(inputs + outputs + states, 1)));
    auto place = [&](size_t i, Value *address) {
      builder.CreateStore(address, builder.CreateConstGEP1_64(pointer, io, i));
    };
    size_t next = first;
    for (size_t i = 0; i < inputs; ++i)
      place(i, program.inputs[i].role == INGOT_LENGTH ? ConstantPointerNull::get(pointer)
                                                      : addressOf(run->getArg(next++)));
    if (states)
      place(inputs + outputs, run->getArg(next++));
    for (size_t i = 0; i < outputs; ++i)
      place(inputs + i, run->getArg(next++));
    Value *symbols = first ? static_cast<Value *>(run->getArg(0)) : ConstantPointerNull::get(pointer);
    builder.CreateRet(builder.CreateCall(target, {io, symbols}));
  }

  Value *addressOf(Value *argument) {
    if (argument->getType()->isPointerTy())
      return argument;
    Value *memory = builder.CreateAlloca(argument->getType());
    builder.CreateStore(argument, memory);
    return memory;
  }

  const Artifact &artifact;
  const ProgramDescription &program;
  Module module;
  IRBuilder<> builder;
  PointerType *pointer;
  IntegerType *i32, *i64;
};

Expected<std::unique_ptr<TargetMachine>> makeTargetMachine(const std::string &triple) {
  static bool initialized =
      (InitializeAllTargets(), InitializeAllTargetMCs(), InitializeAllAsmPrinters(), InitializeAllAsmParsers(), true);
  (void)initialized;
  std::string message;
  const Target *target = TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return createStringError(inconvertibleErrorCode(), "unknown target '%s': %s", triple.c_str(), message.c_str());
  return std::unique_ptr<TargetMachine>(
      target->createTargetMachine(triple, /*CPU=*/"", "", TargetOptions(), Reloc::PIC_));
}

} // namespace

std::vector<std::string> exportedNames(const ProgramDescription &program) {
  std::vector<std::string> names = {program.name + "_error", program.name + "_model", program.function()};
  for (const ProgramPart &part : program.parts)
    names.insert(names.end(), {part.program->name + "_model", part.program->function()});
  if (program.stateBytes)
    names.push_back(program.name + "_state_initialize");
  return names;
}

std::string entryName(StringRef isa) { return "ingot_entry_" + makeIdentifier(isa); }

std::string prepareName(StringRef isa) { return "ingot_prepare_" + makeIdentifier(isa); }

Expected<std::unique_ptr<MemoryBuffer>> emitProgramObject(const Artifact &artifact) {
  LLVMContext context;
  ProgramModule program(context, artifact);
  Expected<std::unique_ptr<TargetMachine>> machine = makeTargetMachine(artifact.program.triple);
  if (!machine)
    return machine.takeError();
  Module &module = program.get();
  module.setTargetTriple(artifact.program.triple);
  module.setDataLayout((*machine)->createDataLayout());
  module.setPICLevel(PICLevel::BigPIC);
  program.build();
  SmallVector<char, 0> bytes;
  raw_svector_ostream stream(bytes);
  legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr, CodeGenFileType::ObjectFile))
    return createStringError(inconvertibleErrorCode(), "the target cannot write objects");
  passes.run(module);
  return std::make_unique<SmallVectorMemoryBuffer>(std::move(bytes), "program.o", /*RequiresNullTerminator=*/false);
}

} // namespace ingot
