// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Data for tests of matrix products and convolutions: small whole numbers, so that every order of summation gives the
// same result and runs can be compared exactly.
#pragma once
#include "KernelRunner.h"
#include <string>
#include <vector>

/// Whole numbers from -3 to 3.
std::vector<float> wholeNumbers(size_t count, unsigned seed);

/// A tensor type's text; a dimension < 0 is symbol number -1 - d of `names`.
std::string typeText(const std::vector<int64_t> &shape, const std::vector<std::string> &names = {});

/// What kernel.pack makes of `values`, and the shape of it.
struct Packed {
  std::vector<float> values;
  std::vector<int64_t> shape;
};
Packed pack(const std::vector<float> &values, const std::vector<int64_t> &shape,
            const std::vector<int64_t> &permutation, const std::vector<int64_t> &blocks);

/// "1, 2, 3"
std::string listText(const std::vector<int64_t> &values);

int64_t count(const std::vector<int64_t> &shape);
