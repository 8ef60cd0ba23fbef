// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compiles a kernel given as text and runs it on given operands, on every target that this machine has, with guard
// pages around every buffer, and with its work split in several ways. All these runs must agree.
#pragma once
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

/// A tensor's bytes.
struct Bytes : std::vector<char> {
  Bytes() = default;
  template <typename Element>
  Bytes(const std::vector<Element> &values) : std::vector<char>(values.size() * sizeof(Element)) {
    if (!values.empty())
      std::memcpy(data(), values.data(), size());
  }
  template <typename Element>
  std::vector<Element> as() const {
    std::vector<Element> values(size() / sizeof(Element));
    if (!values.empty())
      std::memcpy(values.data(), data(), size());
    return values;
  }
};

/// `text` is the body of a module with one kernel, @k. Its symbols are `symbolNames` with the values `symbols`. Throws
/// when it does not compile. Differences between runs are test failures.
std::vector<Bytes> runKernel(const std::string &text, const std::vector<Bytes> &operands,
                             const std::vector<std::string> &symbolNames = {},
                             const std::vector<int64_t> &symbols = {});

/// Small numbers that are exact in every float type and not symmetric: 0, 1, -2, 3, ...
std::vector<float> ramp(size_t count);
