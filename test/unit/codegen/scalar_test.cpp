// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pointwise operations where types, rounding, NaN and division by zero matter.
#include "KernelRunner.h"
#include "fmt/format.h"
#include <cmath>
#include <cstdint>
#include <gtest/gtest.h>
#include <limits>

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
const float nan = std::nanf("");

/// `op` on operands of `count` elements of type `from`; `attributes` follow the operands.
std::string kernelOf(const char *op, size_t count, const char *from, int operands, const char *to = nullptr,
                     const char *attributes = "") {
  std::string type = fmt::format("tensor<{}x{}>", count, from),
              result = fmt::format("tensor<{}x{}>", count, to ? to : from);
  bool isBinary = operands == 2;
  return fmt::format(
      "kernel.func private @k(%a: {0}{1}) -> {2} {{\n %0 = ingot.{3} %a{4} {5} : {0}{6}\n kernel.return %0 : {2}\n}}",
      type, isBinary ? ", %b: " + type : "", result, op, isBinary ? ", %b" : "", attributes,
      isBinary ? ", " + type : "");
}

template <typename Element, typename Result = Element>
std::vector<Result> unary(const char *op, const char *type, std::vector<Element> a, const char *to = nullptr,
                          const char *attributes = "") {
  return runKernel(kernelOf(op, a.size(), type, 1, to, attributes), {a})[0].template as<Result>();
}

template <typename Element, typename Result = Element>
std::vector<Result> binary(const char *op, const char *type, std::vector<Element> a, std::vector<Element> b,
                           const char *to = nullptr) {
  return runKernel(kernelOf(op, a.size(), type, 2, to), {a, b})[0].template as<Result>();
}

void expectSame(const std::vector<float> &given, const std::vector<float> &expected) {
  ASSERT_EQ(given.size(), expected.size());
  for (size_t i = 0; i < given.size(); ++i) {
    EXPECT_EQ(std::isnan(given[i]), std::isnan(expected[i])) << i;
    if (!std::isnan(expected[i]))
      EXPECT_EQ(given[i], expected[i]) << i;
  }
}

TEST(Scalar, MaximumAndMinimumKeepNan) {
  std::vector<float> a = {1, nan, 2, nan, -infinity}, b = {2, 1, nan, nan, 3};
  expectSame(binary("max", "f32", a, b), {2, nan, nan, nan, 3});
  expectSame(binary("min", "f32", a, b), {1, nan, nan, nan, -infinity});
}

TEST(Scalar, ReluKeepsNan) { expectSame(unary<float>("relu", "f32", {-1, 0, 2, nan, -infinity}), {0, 0, 2, nan, 0}); }

TEST(Scalar, RoundsHalvesToEven) {
  expectSame(unary<float>("round", "f32", {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 0.4999999f, 8388609.0f}),
             {0, 2, 2, 0, -2, 0, 8388609.0f});
  expectSame(unary<float>("floor", "f32", {-1.5f, 1.5f}), {-2, 1});
  expectSame(unary<float>("ceil", "f32", {-1.5f, 1.5f}), {-1, 2});
}

TEST(Scalar, SignOfZeroAndNan) { expectSame(unary<float>("sign", "f32", {-3, 0, 5, nan}), {-1, 0, 1, nan}); }

TEST(Scalar, DividesIntegersWithoutTraps) {
  int32_t least = std::numeric_limits<int32_t>::min();
  std::vector<int32_t> a = {7, -7, 7, -7, 5, least}, b = {2, 2, -2, -2, 0, -1};
  EXPECT_EQ(binary("div", "i32", a, b), (std::vector<int32_t>{3, -3, -3, 3, 0, least}));
  EXPECT_EQ(binary("rem", "i32", a, b), (std::vector<int32_t>{1, -1, 1, -1, 0, 0}));
  EXPECT_EQ(binary("mod", "i32", a, b), (std::vector<int32_t>{1, 1, -1, -1, 0, 0}));
  EXPECT_EQ(binary<uint8_t>("div", "ui8", {200, 7}, {3, 0}), (std::vector<uint8_t>{66, 0}));
  EXPECT_EQ(binary<int64_t>("div", "i64", {-9, 9}, {2, 4}), (std::vector<int64_t>{-4, 2}));
}

TEST(Scalar, RemaindersOfFloats) {
  expectSame(binary<float>("rem", "f32", {5.5f, -5.5f, 5.5f}, {2, 2, -2}), {1.5f, -1.5f, 1.5f});
  expectSame(binary<float>("mod", "f32", {5.5f, -5.5f, 5.5f, -4}, {2, 2, -2, 2}), {1.5f, 0.5f, -0.5f, 0});
}

TEST(Scalar, PowersOfIntegers) {
  EXPECT_EQ(binary<int64_t>("pow", "i64", {3, -2, 2, 1, -1, 2, 0}, {4, 3, 62, -5, -3, -1, 0}),
            (std::vector<int64_t>{81, -8, int64_t(1) << 62, 1, -1, 0, 1}));
}

TEST(Scalar, ShiftsByMoreThanTheWidth) {
  EXPECT_EQ(binary<uint32_t>("shift_left", "ui32", {1, 1, 3}, {4, 40, 0}), (std::vector<uint32_t>{16, 0, 3}));
  EXPECT_EQ(binary<uint32_t>("shift_right", "ui32", {0x80000000u, 16, 7}, {31, 2, 32}),
            (std::vector<uint32_t>{1, 4, 0}));
}

TEST(Scalar, ComparesUnsignedAsUnsigned) {
  EXPECT_EQ((binary<uint8_t, uint8_t>("less", "ui8", {200, 1}, {100, 2}, "i1")), (std::vector<uint8_t>{0, 1}));
  EXPECT_EQ((binary<int8_t, uint8_t>("less", "i8", {-56, 1}, {100, 1}, "i1")), (std::vector<uint8_t>{1, 0}));
  EXPECT_EQ((binary<float, uint8_t>("equal", "f32", {nan, 1, 0.0f}, {nan, 1, -0.0f}, "i1")),
            (std::vector<uint8_t>{0, 1, 1}));
}

TEST(Scalar, FindsInfinityAndNan) {
  std::vector<float> x = {1, nan, infinity, -infinity};
  EXPECT_EQ((unary<float, uint8_t>("is_nan", "f32", x, "i1")), (std::vector<uint8_t>{0, 1, 0, 0}));
  EXPECT_EQ((unary<float, uint8_t>("is_inf", "f32", x, "i1")), (std::vector<uint8_t>{0, 0, 1, 1}));
  EXPECT_EQ((unary<float, uint8_t>("is_inf", "f32", x, "i1", "<{negative = false}>")),
            (std::vector<uint8_t>{0, 0, 1, 0}));
}

TEST(Scalar, CastsSaturate) {
  std::vector<float> x = {1.9f, -1.9f, nan, 3e9f, -3e9f, infinity, 300};
  EXPECT_EQ((unary<float, int32_t>("cast", "f32", x, "i32", "to i32")),
            (std::vector<int32_t>{1, -1, 0, INT32_MAX, INT32_MIN, INT32_MAX, 300}));
  EXPECT_EQ((unary<float, uint8_t>("cast", "f32", x, "ui8", "to ui8")),
            (std::vector<uint8_t>{1, 0, 0, 255, 0, 255, 255}));
  EXPECT_EQ((unary<float, int64_t>("cast", "f32", x, "i64", "to i64")),
            (std::vector<int64_t>{1, -1, 0, 3000000000, -3000000000, INT64_MAX, 300}));
  EXPECT_EQ((unary<float, uint8_t>("cast", "f32", x, "i1", "to i1")), (std::vector<uint8_t>{1, 1, 1, 1, 1, 1, 1}));
}

TEST(Scalar, CastsBetweenIntegersKeepTheSign) {
  EXPECT_EQ((unary<int8_t, int64_t>("cast", "i8", {-3, 5}, "i64", "to i64")), (std::vector<int64_t>{-3, 5}));
  EXPECT_EQ((unary<uint8_t, int64_t>("cast", "ui8", {253, 5}, "i64", "to i64")), (std::vector<int64_t>{253, 5}));
  EXPECT_EQ((unary<uint8_t, float>("cast", "ui8", {253, 5}, "f32", "to f32")), (std::vector<float>{253, 5}));
  EXPECT_EQ((unary<int64_t, float>("cast", "i64", {-253, 5}, "f32", "to f32")), (std::vector<float>{-253, 5}));
  EXPECT_EQ((unary<uint8_t, float>("cast", "i1", {1, 0}, "f32", "to f32")), (std::vector<float>{1, 0}));
}

TEST(Scalar, HalvesRoundToEven) {
  // 1 + 2^-8 lies halfway between two bfloat16 numbers, 1 + 2^-11 between two float16 numbers.
  EXPECT_EQ((unary<float, uint16_t>("cast", "f32", {1.00390625f, 1.01171875f, nan, infinity}, "bf16", "to bf16")),
            (std::vector<uint16_t>{0x3F80, 0x3F82, 0x7FC0, 0x7F80}));
  EXPECT_EQ((unary<float, uint16_t>("cast", "f32", {1.00048828125f, 65520.0f, 5.9604645e-8f}, "f16", "to f16")),
            (std::vector<uint16_t>{0x3C00, 0x7C00, 0x0001}));
  EXPECT_EQ((binary<uint16_t>("add", "bf16", {0x3F80}, {0x4000})), (std::vector<uint16_t>{0x4040}));
  EXPECT_EQ((unary<uint16_t>("exp", "f16", {0x0000})), (std::vector<uint16_t>{0x3C00}));
}

TEST(Scalar, DoublesUseTheLibrary) {
  std::vector<double> x = {0.5, -1.25, 700, 1e-300}, y = unary<double>("exp", "f64", x),
                      z = unary<double>("tanh", "f64", x);
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_DOUBLE_EQ(y[i], std::exp(x[i]));
    EXPECT_DOUBLE_EQ(z[i], std::tanh(x[i]));
  }
}

} // namespace
