// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a training library changes from step to step, in memory and on the disk.
#pragma once
#include "Library.h"
#include "Safetensors.h"

namespace ingot {

/// A state block of a library; begins with what training starts from. Where the library has no state, it is empty.
class State {
public:
  explicit State(const Library &library);

  bool isEmpty() const { return !block; }
  /// What ingot_session_bind_state takes: state_bytes of the description, aligned.
  char *data() { return block.get(); }
  const ingot_description &description() const { return about; }
  /// The number of steps done, all in all; or of those of a step of a recipe.
  int64_t steps() const;
  int64_t steps(const std::string &entry) const;
  /// The tensor's elements, or null when there is none of that name.
  char *find(const std::string &name);

  /// Reads what `save` (or the Python loader) wrote. A Failure says what does not fit: another model, another
  /// optimizer, a tensor that is missing, unknown, or of another type or shape; then nothing has changed. Returns the
  /// file's metadata. Gradients of a step in two halves are no part of files; reading makes them zero.
  std::map<std::string, std::string> load(const std::string &path);
  /// Over an existing file only when everything is on the disk.
  /// `notes` are further metadata.
  void save(const std::string &path, const std::map<std::string, std::string> &notes = {}) const;

private:
  TensorView viewOf(const ingot_state_tensor &tensor) const;
  const ingot_state_tensor *tensorOf(const std::string &name) const;
  void check(const std::string &path, const SafetensorsFile &file) const;

  struct Free {
    void operator()(char *memory) const { std::free(memory); }
  };
  const ingot_description &about;
  std::unique_ptr<char, Free> block;
};

} // namespace ingot
