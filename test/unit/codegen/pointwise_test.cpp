// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "KernelRunner.h"
#include "fmt/format.h"
#include <gtest/gtest.h>

namespace {

class PointwiseSizes : public testing::TestWithParam<int64_t> {};

TEST_P(PointwiseSizes, AddsTensorsOfOneShape) {
  int64_t n = GetParam();
  std::string text = fmt::format(R"(
    kernel.func private @k(%a: tensor<{0}xf32>, %b: tensor<{0}xf32>) -> tensor<{0}xf32> {{
      %0 = ingot.add %a, %b : tensor<{0}xf32>, tensor<{0}xf32>
      %1 = ingot.relu %0 : tensor<{0}xf32>
      kernel.return %1 : tensor<{0}xf32>
    }})",
                                 n);
  std::vector<float> a = ramp(n), b = ramp(n + 1);
  b.erase(b.begin());
  std::vector<float> y = runKernel(text, {a, b})[0].as<float>();
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(y[i], std::max(a[i] + b[i], 0.0f)) << i;
}

TEST_P(PointwiseSizes, AddsABiasToRows) {
  int64_t n = GetParam();
  std::string text = fmt::format(R"(
    kernel.func private @k(%a: tensor<7x{0}xf32>, %b: tensor<{0}xf32>) -> tensor<7x{0}xf32> {{
      %0 = ingot.add %a, %b : tensor<7x{0}xf32>, tensor<{0}xf32>
      kernel.return %0 : tensor<7x{0}xf32>
    }})",
                                 n);
  std::vector<float> a = ramp(7 * n), b = ramp(n);
  std::vector<float> y = runKernel(text, {a, b})[0].as<float>();
  for (int64_t i = 0; i < 7 * n; ++i)
    ASSERT_EQ(y[i], a[i] + b[i % n]) << i;
}

TEST_P(PointwiseSizes, RunsOnSymbolicSizes) {
  int64_t n = GetParam();
  std::string text = R"(
    kernel.func private @k(%a: tensor<?x5xf32, #ingot.shape<[n, 5]>>, %b: tensor<5xf32>) -> tensor<?x5xf32, #ingot.shape<[n, 5]>> {
      %0 = ingot.mul %a, %b : tensor<?x5xf32, #ingot.shape<[n, 5]>>, tensor<5xf32>
      kernel.return %0 : tensor<?x5xf32, #ingot.shape<[n, 5]>>
    })";
  std::vector<float> a = ramp(5 * n), b = ramp(5);
  std::vector<float> y = runKernel(text, {a, b}, {"n"}, {n})[0].as<float>();
  for (int64_t i = 0; i < 5 * n; ++i)
    ASSERT_EQ(y[i], a[i] * b[i % 5]) << i;
}

INSTANTIATE_TEST_SUITE_P(Odd, PointwiseSizes, testing::Values(1, 2, 5, 15, 16, 17, 31, 97, 1009, 10007));

} // namespace
