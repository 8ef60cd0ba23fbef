// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot/runtime.hpp: ingot/runtime.h for C++17: a session that frees itself, exceptions instead of status codes.
//
//   ingot::Session session(resnet50_model());
//   std::vector<float> pixels(3 * 224 * 224), scores(1000);
//   session.run({ingot::tensor(pixels.data(), {1, 3, 224, 224})}, {ingot::tensor(scores.data(), {1, 1000})});
#pragma once
#include "runtime.h"

#include <initializer_list>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace ingot {

/// A refused or failed call; what() is the library's own text.
class Error : public std::runtime_error {
public:
  Error(ingot_status status, const char *text) : std::runtime_error(text), status_(status) {}
  ingot_status status() const { return status_; }

private:
  ingot_status status_;
};

/// The element type that holds C++'s T. bool is one byte, like INGOT_BOOL; 16-bit floats have no type of their own
/// here.
template <typename T>
constexpr ingot_dtype dtypeOf() {
  using U = std::remove_cv_t<T>;
  if constexpr (std::is_same_v<U, float>)
    return INGOT_F32;
  else if constexpr (std::is_same_v<U, double>)
    return INGOT_F64;
  else if constexpr (std::is_same_v<U, bool>)
    return INGOT_BOOL;
  else {
    static_assert(std::is_integral_v<U>, "no tensor has elements of this type");
    constexpr ingot_dtype types[2][4] = {{INGOT_U8, INGOT_U16, INGOT_U32, INGOT_U64},
                                         {INGOT_I8, INGOT_I16, INGOT_I32, INGOT_I64}};
    return types[std::is_signed_v<U>][sizeof(U) == 1 ? 0 : sizeof(U) == 2 ? 1 : sizeof(U) == 4 ? 2 : 3];
  }
}

/// A view of the caller's elements; nothing is copied or kept. Inputs are not written to.
template <typename T>
ingot_tensor tensor(T *data, std::initializer_list<int64_t> shape) {
  if (shape.size() > INGOT_MAX_RANK)
    throw Error(INGOT_INVALID, "a tensor has too many dimensions");
  ingot_tensor result = {const_cast<std::remove_cv_t<T> *>(data), dtypeOf<T>(), static_cast<int32_t>(shape.size()), {}};
  int64_t *to = result.shape;
  for (int64_t dim : shape)
    *to++ = dim;
  return result;
}

/// The memory for runs of a model, by one thread at a time.
class Session {
public:
  explicit Session(const ingot_model *model) : model_(model) { expect(ingot_session_create(model, &session_)); }
  Session(Session &&other) noexcept : model_(other.model_), session_(std::exchange(other.session_, nullptr)) {}
  Session &operator=(Session &&other) noexcept {
    std::swap(model_, other.model_);
    std::swap(session_, other.session_);
    return *this;
  }
  ~Session() { ingot_session_destroy(session_); }

  const ingot_model *model() const { return model_; }
  const ingot_description &description() const { return *ingot_describe(model_); }
  ingot_session *get() const { return session_; }

  /// Fills type, rank and shape of every output for these inputs, whose data is not read.
  void outputShapes(const ingot_tensor *inputs, ingot_tensor *outputs) const {
    expect(ingot_output_shapes(model_, inputs, outputs));
  }
  std::vector<ingot_tensor> outputShapes(const std::vector<ingot_tensor> &inputs) const {
    std::vector<ingot_tensor> outputs(static_cast<std::size_t>(description().output_count));
    outputShapes(inputs.data(), outputs.data());
    return outputs;
  }

  /// Computes the outputs. Tensors are in the description's order.
  void run(const ingot_tensor *inputs, const ingot_tensor *outputs) { expect(ingot_run(session_, inputs, outputs)); }
  void run(const std::vector<ingot_tensor> &inputs, const std::vector<ingot_tensor> &outputs) {
    if (inputs.size() != static_cast<std::size_t>(description().input_count) ||
        outputs.size() != static_cast<std::size_t>(description().output_count))
      throw Error(INGOT_INVALID, "the number of inputs or outputs is not the model's");
    run(inputs.data(), outputs.data());
  }

  /// Of a training step: writes what training starts from into a block of description().state_bytes, aligned to 64.
  void initializeState(void *state) const { expect(ingot_state_initialize(model_, state)); }
  /// The block that runs read and change. It stays the caller's, and must stay as long as the session.
  void bindState(void *state) { expect(ingot_session_bind_state(session_, state)); }

  /// Bounds the threads of this session's runs; 0 takes all of the pool.
  void setThreads(int32_t threads) { expect(ingot_session_set_threads(session_, threads)); }

private:
  void expect(ingot_status status) const {
    if (status != INGOT_OK)
      throw Error(status, ingot_last_error(model_));
  }

  const ingot_model *model_;
  ingot_session *session_ = nullptr;
};

} // namespace ingot
