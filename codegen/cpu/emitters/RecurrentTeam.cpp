//===- RecurrentTeam.cpp - Threads that share a recurrent layer's steps ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A step is one phase or a few of a team (see ingot/team.h): in each of them a member has a part of the units. States
// lie in the team's memory, sums that wait for registers in the thread's own.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Recurrence.h"
#include "ingot/team.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace ingot::cpu {

/// Each member of a team should have some 96 KB of weights: reading them takes 0.7 microseconds from the second-level
/// cache, and meeting the others at the end of a step half a microsecond.
void Recurrence::chooseMembers() {
  constexpr int64_t leastBytes = 96 * 1024;
  int64_t bytes = weightGates * hidden * padded * elementBytes(element);
  mostMembers = std::clamp<int64_t>(bytes / leastBytes, 1, std::min<int64_t>(blocks, INGOT_TEAM_MOST));
}

void Recurrence::describeTeam(Division &division) const {
  division.mostMembers = mostMembers;
  division.groups = directions;
  division.sharedOffset = llvm::alignTo(ownElements * elementBytes(element), INGOT_ALIGNMENT);
  division.scratchBytes += division.sharedOffset + INGOT_TEAM_BYTES;
  division.choices.push_back({"team", std::to_string(mostMembers) + " threads at most"});
}

/// Finds the team's memory. An item alone has its thread's scratch.
void Recurrence::enterTeam() {
  memory = emission.scratch;
  if (mostMembers == 1)
    return;
  Type pointer = emission.scratch.getType(), i64 = builder.op().getI64Type();
  memory = builder.load(emission.scratch, pointer, int64_t(offsetof(ingot_team, shared) / sizeof(void *)));
  members = builder.load(emission.scratch, i64, int64_t(offsetof(ingot_team, members) / sizeof(int64_t)));
  ownElements = llvm::divideCeil(int64_t(sizeof(ingot_team)), elementBytes(element));
  ownElements = llvm::alignTo(ownElements, panelLanes);
}

/// ingot_team_next(team, part)
Value Recurrence::nextPart(Value part) {
  Type pointer = emission.scratch.getType(), i64 = builder.op().getI64Type();
  auto module = part.getParentRegion()->getParentOfType<ModuleOp>();
  auto function = module.lookupSymbol<LLVM::LLVMFuncOp>("ingot_team_next");
  if (!function) {
    OpBuilder::InsertionGuard guard(builder.op());
    builder.op().setInsertionPointToStart(module.getBody());
    function = builder.create<LLVM::LLVMFuncOp>("ingot_team_next", LLVM::LLVMFunctionType::get(i64, {pointer, i64}));
  }
  return builder.create<LLVM::CallOp>(function, ValueRange{emission.scratch, part}).getResult();
}

void Recurrence::share(int64_t count, llvm::function_ref<void(Index, Index)> body) {
  if (mostMembers == 1)
    return body(0, count);
  OpBuilder &op = builder.op();
  Value none = builder.value(-1), first = nextPart(none);
  auto loop = builder.create<scf::WhileOp>(TypeRange(op.getI64Type()), ValueRange(first));
  OpBuilder::InsertionGuard guard(op);
  op.createBlock(&loop.getBefore(), {}, op.getI64Type(), builder.getLoc());
  Value part = loop.getBefore().getArgument(0);
  builder.create<scf::ConditionOp>(builder.less(-1, part), ValueRange(part));
  op.createBlock(&loop.getAfter(), {}, op.getI64Type(), builder.getLoc());
  part = loop.getAfter().getArgument(0);
  auto start = [&](Index number) { return builder.div(builder.mul(number, count), members); };
  body(start(part), start(builder.add(part, 1)));
  builder.create<scf::YieldOp>(nextPart(part));
}

/// Memory of this thread alone.
int64_t Recurrence::reserveOwn(int64_t elements) {
  if (mostMembers == 1)
    return reserve(elements);
  int64_t place = ownElements;
  ownElements += llvm::alignTo(elements, panelLanes);
  return place;
}

void Recurrence::forEachBlock(Index step, int64_t together, llvm::function_ref<void(Index)> body) {
  int64_t groups = blocks / together;
  Index isOdd = builder.mod(step, 2);
  share(groups, [&](Index first, Index last) {
    Index ends = builder.sub(builder.add(first, last), 1);
    builder.loop(first, last, 1, [&](Index group) {
      Index turn = builder.sub(ends, builder.mul(group, 2));
      body(builder.mul(groups > 1 ? builder.add(group, builder.mul(isOdd, turn)) : group, together));
    });
  });
}

void Recurrence::fetch(Index place, int64_t elements) {
  int64_t line = 64 / elementBytes(element);
  if (mostMembers > 1)
    builder.loop(0, int64_t(llvm::divideCeil(elements, line)), 1, [&](Index number) {
      builder.prefetch(memory, element, builder.add(place, builder.mul(number, line)));
    });
}

void Recurrence::forEachUnits(llvm::function_ref<void(const Units &)> body) {
  share(blocks,
        [&](Index first, Index last) { builder.loop(first, last, 1, [&](Index block) { body(unitsAt(block)); }); });
}

} // namespace ingot::cpu
