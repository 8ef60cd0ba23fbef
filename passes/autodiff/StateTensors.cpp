//===- StateTensors.cpp - What carries over, while a step is built --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/StateTensors.h"
#include "passes/autodiff/StateLayout.h"

using namespace mlir;

namespace ingot {

Value StateTensors::add(StringRef name, Type type, StringRef role, Attribute initial) {
  Value tensor = main.addInput(name, type, role);
  if (initial)
    main.setInputAttribute(main.inputCount() - 1, "ingot.initial", initial);
  roles[name] = role.str();
  return originals[name] = values[name] = tensor;
}

void StateTensors::set(StringRef name, Value value) {
  if (!llvm::is_contained(changed, name))
    changed.push_back(name.str());
  values[name] = value;
}

void StateTensors::reset() {
  for (const std::string &name : changed)
    values[name] = originals.lookup(name);
  changed.clear();
}

void StateTensors::finish(ArrayRef<StringRef> slots) {
  for (const std::string &name : changed)
    if (values.lookup(name) != originals.lookup(name))
      main.outputs.push_back({name + ".next", roles.lookup(name), values.lookup(name)});
  layOutState(main, slots);
}

} // namespace ingot
