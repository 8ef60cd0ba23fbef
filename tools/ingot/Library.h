// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A generated library, loaded.
#pragma once
#include "Npz.h"
#include "ingot/runtime.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ingot {

/// Loads a library for the life of the process and holds one session of its model.
class Library {
public:
  explicit Library(const std::string &path);
  ~Library();
  /// The library's program of this name, which works on the same state: this one, or another that lives as long. Null
  /// (findEntry) or a Failure where there is none.
  Library *findEntry(const std::string &name);
  Library &entry(const std::string &name);
  /// The names of all programs, this one first.
  std::vector<std::string> entries() const;
  Library(const Library &) = delete;

  const ingot_description &description() const { return *ingot_describe(model); }
  const std::string &path() const { return file; }
  int32_t threads() const { return ingot_threads(model); }
  /// Before the first run.
  void setThreads(int32_t count);

  /// The word behind an option among those that the library was made with; "" without it.
  std::string optionOf(const std::string &option) const;

  /// What applies the gradients that a run of this step adds up, where the library was made with --split-update; else
  /// null.
  Library *updateOf(const std::string &step);

  /// A Failure when a run computes something else ("run", "train_step").
  void expectEntry(const std::string &entry) const;
  /// Whether a run does a step of training.
  bool isStep() const;

  /// Writes what training starts from into a block of state_bytes.
  void initializeState(void *state) const;
  /// Told of each gradient in the state as soon as it is complete; null ends it.
  void setGradientObserver(ingot_gradient_observer observer, void *state) {
    ingot_session_set_gradient_observer(openSession(), observer, state);
  }

  /// The block that runs change; it must live as long as they go on.
  void bindState(void *state);

  /// Puts the arrays into the model's order; a Failure names what is missing, unknown, or of the wrong type.
  /// Hyperparameters may be missing.
  std::vector<ingot_tensor> orderInputs(const ArrayMap &inputs) const;
  /// Outputs of the right shapes for these inputs.
  std::vector<Array> makeOutputs(const std::vector<ingot_tensor> &inputs) const;
  void run(const std::vector<ingot_tensor> &inputs, const std::vector<ingot_tensor> &outputs);
  /// All of it, by name.
  ArrayMap run(const ArrayMap &inputs);

  int64_t sessionBytes();
  /// Null ends it.
  void setProfiler(ingot_profiler profiler, void *state) { ingot_session_set_profiler(openSession(), profiler, state); }

private:
  Library(const std::string &path, const ingot_model *model) : file(path), model(model) {}
  ingot_session *openSession();
  void expect(ingot_status status) const;

  std::string file;
  const ingot_model *model = nullptr;
  ingot_session *session = nullptr;
  std::map<std::string, std::unique_ptr<Library>> others;
};

/// The tensors that refer to these arrays.
std::vector<ingot_tensor> tensorsOf(const std::vector<Array> &arrays);

/// A port's dimension as text: a number, a symbol's name, or "?".
std::string nameDimension(const ingot_description &description, int64_t dim);

} // namespace ingot
