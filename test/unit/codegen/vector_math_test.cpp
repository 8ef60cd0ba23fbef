// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The error of every float32 function, against float64, over bit patterns of all magnitudes and both signs: subnormal
// and huge numbers, infinities and NaN. INGOT_SWEEP_STEP=1 visits all 2^32 of them; the table in docs/numerics.md was
// made with 512.
#include "KernelRunner.h"
#include "fmt/format.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>
#include <limits>

namespace {

struct Function {
  const char *name;
  double (*reference)(double);
  double ulps;
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

std::string kernelOf(const char *op, size_t count) {
  return fmt::format(R"(
    kernel.func private @k(%x: tensor<{0}xf32>) -> tensor<{0}xf32> {{
      %0 = ingot.{1} %x : tensor<{0}xf32>
      kernel.return %0 : tensor<{0}xf32>
    }})",
                     count, op);
}

/// The distance from `reference` in units of the last place that a float32 has there.
double ulpsBetween(float value, double reference) {
  double limit = 0x1p128;
  if (std::isnan(reference) || std::isnan(value))
    return std::isnan(reference) && std::isnan(value) ? 0 : limit;
  int exponent = std::max(std::ilogb(reference), -126);
  if (reference == 0 || std::abs(reference) < 0x1p-149)
    exponent = -126;
  double clamped = std::clamp(reference, -limit, limit),
         given = std::isinf(value) ? std::copysign(limit, value) : value;
  if (std::isinf(reference) || exponent > 127)
    exponent = 127;
  return std::abs(given - clamped) / std::ldexp(1.0, exponent - 23);
}

std::vector<float> allMagnitudes() {
  const char *setting = std::getenv("INGOT_SWEEP_STEP");
  uint64_t step = setting ? std::max<uint64_t>(1, std::strtoull(setting, nullptr, 10)) : 8191;
  std::vector<float> values;
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += step) {
    uint32_t pattern = uint32_t(bits);
    float value;
    std::memcpy(&value, &pattern, sizeof value);
    values.push_back(value);
  }
  // Where functions are not monotonous, cancel or change their formula.
  for (int i = -200000; i <= 200000; ++i)
    values.push_back(float(i) * 6e-5f);
  float infinity = std::numeric_limits<float>::infinity();
  for (float value : {0.0f, -0.0f, 1.0f, -1.0f, 0.5f, -0.5f, infinity, -infinity, std::nanf(""), 1e-45f, -1e-45f})
    values.push_back(value);
  return values;
}

class VectorMath : public testing::TestWithParam<Function> {};

TEST_P(VectorMath, StaysWithinItsBound) {
  const Function &function = GetParam();
  std::vector<float> x = allMagnitudes();
  std::vector<float> y = runKernel(kernelOf(function.name, x.size()), {x})[0].as<float>();
  double worst = 0;
  float where = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    double error = ulpsBetween(y[i], function.reference(x[i]));
    if (error > worst) {
      worst = error;
      where = x[i];
    }
  }
  RecordProperty("ulps", fmt::format("{:.3f}", worst));
  fmt::print("{:8} {:.3f} ulp at {}\n", function.name, worst, where);
  EXPECT_LE(worst, function.ulps) << "at " << where;
}

INSTANTIATE_TEST_SUITE_P(
    Float32, VectorMath,
    testing::Values(Function{"exp", std::exp, 4}, Function{"log", std::log, 4}, Function{"sin", std::sin, 4},
                    Function{"cos", std::cos, 4}, Function{"tan", std::tan, 4}, Function{"asin", std::asin, 4},
                    Function{"acos", std::acos, 4}, Function{"atan", std::atan, 4}, Function{"sinh", std::sinh, 4},
                    Function{"cosh", std::cosh, 4}, Function{"asinh", std::asinh, 4}, Function{"acosh", std::acosh, 4},
                    Function{"atanh", std::atanh, 4}, Function{"tanh", std::tanh, 4}, Function{"erf", std::erf, 4},
                    Function{"sigmoid", sigmoid, 4}, Function{"sqrt", std::sqrt, 0.5}),
    [](const auto &info) { return std::string(info.param.name); });

TEST(VectorMathBounds, GeluErrsByAFractionOfX) {
  std::vector<float> x = allMagnitudes();
  std::vector<float> y = runKernel(kernelOf("gelu", x.size()), {x})[0].as<float>();
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    double exact = x[i] * 0.5 * std::erfc(-x[i] / std::sqrt(2.0));
    if (std::isnan(exact) || std::abs(x[i]) < 1e-30f) // -inf * 0, and subnormal numbers
      continue;
    double error = std::isinf(exact) ? (std::isinf(y[i]) ? 0 : 1) : std::abs(y[i] - exact) / std::abs(x[i]);
    worst = std::max(worst, error);
  }
  fmt::print("gelu     {:.3e} |x|\n", worst);
  EXPECT_LE(worst, 2.5e-7);
}

TEST(VectorMathBounds, PowStaysWithinItsBound) {
  std::vector<float> x, y;
  float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> special = {0.0f,      -0.0f,         1.0f,        -1.0f, 2.0f,       -2.0f,  0.5f,
                                3.0f,      -3.0f,         2.5f,        1e30f, -1e30f,     1e-40f, infinity,
                                -infinity, std::nanf(""), 16777217.0f, 1e10f, 0.99999994f};
  for (float base : special)
    for (float exponent : special) {
      x.push_back(base);
      y.push_back(exponent);
    }
  for (int i = 1; i < 400; ++i)
    for (int j = -300; j <= 300; ++j) {
      x.push_back(i * i * 0.011f);
      y.push_back(j * 0.13f);
    }
  std::string text = fmt::format(R"(
    kernel.func private @k(%x: tensor<{0}xf32>, %y: tensor<{0}xf32>) -> tensor<{0}xf32> {{
      %0 = ingot.pow %x, %y : tensor<{0}xf32>, tensor<{0}xf32>
      kernel.return %0 : tensor<{0}xf32>
    }})",
                                 x.size());
  std::vector<float> z = runKernel(text, {x, y})[0].as<float>();
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    double error = ulpsBetween(z[i], std::pow(double(x[i]), double(y[i])));
    EXPECT_LE(error, 4) << x[i] << " ^ " << y[i] << " = " << z[i];
    worst = std::max(worst, error);
  }
  fmt::print("pow      {:.3f} ulp\n", worst);
}

} // namespace
