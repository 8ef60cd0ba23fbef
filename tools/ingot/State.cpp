// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "State.h"

#include "Array.h"
#include "Failure.h"

#include <cstring>
#include <fmt/format.h>
#include <new>

namespace ingot {

// Gradients are there between the halves of a step alone, and no part of a file.
static bool isKept(const ingot_state_tensor &tensor) { return tensor.port.role != INGOT_GRADIENT; }

State::State(const Library &library) : about(library.description()) {
  if (!about.state_bytes)
    return;
  block.reset(static_cast<char *>(std::aligned_alloc(64, static_cast<size_t>(about.state_bytes))));
  if (!block)
    throw std::bad_alloc();
  library.initializeState(block.get());
}

TensorView State::viewOf(const ingot_state_tensor &tensor) const {
  const ingot_port &port = tensor.port;
  return {static_cast<ingot_dtype>(port.dtype),
          {port.dims, port.dims + port.rank},
          block.get() + tensor.offset,
          static_cast<size_t>(tensor.bytes)};
}

int64_t State::steps() const {
  int64_t sum = 0;
  for (int64_t i = 0; i < about.state_count; ++i)
    if (about.state[i].port.role == INGOT_STEP) {
      int64_t steps;
      std::memcpy(&steps, block.get() + about.state[i].offset, sizeof steps);
      sum += steps;
    }
  return sum;
}

int64_t State::steps(const std::string &entry) const {
  int64_t steps = 0;
  const char *own = const_cast<State *>(this)->find(entry + ".step");
  if (!own)
    return this->steps();
  std::memcpy(&steps, own, sizeof steps);
  return steps;
}

const ingot_state_tensor *State::tensorOf(const std::string &name) const {
  for (int64_t i = 0; i < about.state_count; ++i)
    if (name == about.state[i].port.name)
      return &about.state[i];
  return nullptr;
}

char *State::find(const std::string &name) {
  const ingot_state_tensor *tensor = tensorOf(name);
  return tensor ? block.get() + tensor->offset : nullptr;
}

void State::check(const std::string &path, const SafetensorsFile &file) const {
  auto expect = [&](const char *key, const char *expected, const char *what) {
    auto given = file.metadata.find(key);
    if (given != file.metadata.end() && given->second != expected)
      throw Failure(exitBadInput, path,
                    fmt::format("the state is {} ({} {}, expected {})", what, key, given->second, expected));
  };
  expect("source_hash", about.source_hash, "made from another model file");
  expect("optimizer", about.optimizer, "of another optimizer");
  size_t expected = 0;
  for (int64_t i = 0; i < about.state_count; ++i) {
    if (!isKept(about.state[i]))
      continue;
    ++expected;
    TensorView wanted = viewOf(about.state[i]);
    const char *name = about.state[i].port.name;
    auto given = file.tensors.find(name);
    if (given == file.tensors.end())
      throw Failure(exitBadInput, path, fmt::format("has no tensor \"{}\"", name));
    if (given->second.dtype != wanted.dtype || given->second.shape != wanted.shape)
      throw Failure(exitBadInput, path,
                    fmt::format("tensor \"{}\" is {}, expected {}", name,
                                describe(given->second.dtype, given->second.shape),
                                describe(wanted.dtype, wanted.shape)));
  }
  if (file.tensors.size() == expected)
    return;
  for (auto &entry : file.tensors)
    if (const ingot_state_tensor *tensor = tensorOf(entry.first); !tensor || !isKept(*tensor))
      throw Failure(exitBadInput, path, fmt::format("the model's state has no tensor \"{}\"", entry.first));
}

std::map<std::string, std::string> State::load(const std::string &path) {
  SafetensorsFile file = readSafetensors(path);
  check(path, file);
  for (int64_t i = 0; i < about.state_count; ++i) {
    char *place = block.get() + about.state[i].offset;
    if (isKept(about.state[i]))
      std::memcpy(place, file.tensors.at(about.state[i].port.name).data, size_t(about.state[i].bytes));
    else
      std::memset(place, 0, size_t(about.state[i].bytes));
  }
  return std::move(file.metadata);
}

void State::save(const std::string &path, const std::map<std::string, std::string> &notes) const {
  std::vector<std::pair<std::string, TensorView>> tensors;
  for (int64_t i = 0; i < about.state_count; ++i)
    if (isKept(about.state[i]))
      tensors.emplace_back(about.state[i].port.name, viewOf(about.state[i]));
  std::map<std::string, std::string> metadata = {
      {"format", "ingot"}, {"model", about.name}, {"source_hash", about.source_hash}, {"optimizer", about.optimizer}};
  metadata.insert(notes.begin(), notes.end());
  writeSafetensors(path, metadata, tensors);
}

} // namespace ingot
