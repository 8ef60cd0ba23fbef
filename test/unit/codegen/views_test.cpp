// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Views inside kernels: every result element is compared with the element that the view's definition names.
#include "KernelRunner.h"
#include "fmt/format.h"
#include <functional>
#include <gtest/gtest.h>

namespace {

using Floats = std::vector<float>;

std::string kernel(const std::string &arguments, const std::string &operation, const std::string &type) {
  return fmt::format("kernel.func private @k({}) -> {} {{\n {}\n kernel.return %r : {}\n}}", arguments, type, operation,
                     type);
}

/// result[i] = expected(i) for all i.
void expectElements(const std::string &text, const std::vector<Bytes> &operands, size_t count,
                    const std::function<float(int64_t)> &expected) {
  Floats y = runKernel(text, operands)[0].as<float>();
  ASSERT_EQ(y.size(), count);
  for (size_t i = 0; i < count; ++i)
    ASSERT_EQ(y[i], expected(i)) << i;
}

class Transposes : public testing::TestWithParam<std::pair<int, int>> {};

TEST_P(Transposes, SwapsTwoAxes) {
  auto [rows, columns] = GetParam();
  Floats x = ramp(2 * rows * columns);
  std::string text = kernel(fmt::format("%x: tensor<2x{}x{}xf32>", rows, columns),
                            fmt::format("%r = ingot.transpose %x [0, 2, 1] : tensor<2x{}x{}xf32>", rows, columns),
                            fmt::format("tensor<2x{}x{}xf32>", columns, rows));
  expectElements(text, {x}, x.size(), [&, rows = rows, columns = columns](int64_t i) {
    int64_t n = i / (rows * columns), c = i / rows % columns, r = i % rows;
    return x[(n * rows + r) * columns + c];
  });
}

TEST_P(Transposes, AddsWhatIsNotTransposed) {
  auto [rows, columns] = GetParam();
  Floats x = ramp(rows * columns), b = ramp(rows);
  std::string type = fmt::format("tensor<{}x{}xf32>", columns, rows);
  std::string text = kernel(fmt::format("%x: tensor<{}x{}xf32>, %b: tensor<{}xf32>", rows, columns, rows),
                            fmt::format("%0 = ingot.transpose %x [1, 0] : tensor<{}x{}xf32>\n"
                                        "%r = ingot.add %0, %b : {}, tensor<{}xf32>",
                                        rows, columns, type, rows),
                            type);
  expectElements(text, {x, b}, x.size(), [&, rows = rows, columns = columns](int64_t i) {
    return x[i % rows * columns + i / rows] + b[i % rows];
  });
}

INSTANTIATE_TEST_SUITE_P(Sizes, Transposes,
                         testing::Values(std::pair(1, 5), std::pair(16, 16), std::pair(17, 33), std::pair(64, 3),
                                         std::pair(3, 64), std::pair(40, 100), std::pair(3, 35), std::pair(4, 17),
                                         std::pair(8, 50), std::pair(37, 4), std::pair(50, 2)));

/// Three bytes a point from three planes, with factors for each channel and what already has the result's layout.
TEST(Views, InterleavesPlanes) {
  constexpr int64_t batch = 2, points = 9 * 11;
  std::vector<uint8_t> x(batch * 3 * points);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = i * 7 % 256;
  Floats factor{1, 2, -3}, y = ramp(x.size());
  std::string text = kernel("%x: tensor<2x3x9x11xui8>, %f: tensor<3xf32>, %y: tensor<2x9x11x3xf32>",
                            "%0 = ingot.cast %x to f32 : tensor<2x3x9x11xui8>\n"
                            "%1 = ingot.transpose %0 [0, 2, 3, 1] : tensor<2x3x9x11xf32>\n"
                            "%2 = ingot.mul %1, %f : tensor<2x9x11x3xf32>, tensor<3xf32>\n"
                            "%r = ingot.add %2, %y : tensor<2x9x11x3xf32>, tensor<2x9x11x3xf32>",
                            "tensor<2x9x11x3xf32>");
  expectElements(text, {x, factor, y}, x.size(), [&](int64_t i) {
    int64_t n = i / (3 * points), point = i / 3 % points, c = i % 3;
    return x[(n * 3 + c) * points + point] * factor[c] + y[i];
  });
}

TEST(Views, ReshapesBetweenUnrelatedAxes) {
  Floats x = ramp(6 * 35);
  expectElements(kernel("%x: tensor<6x35xf32>",
                        "%0 = ingot.transpose %x [1, 0] : tensor<6x35xf32>\n"
                        "%r = ingot.reshape %0 : tensor<35x6xf32> -> tensor<14x15xf32>",
                        "tensor<14x15xf32>"),
                 {x}, x.size(), [&](int64_t i) { return x[i % 6 * 35 + i / 6]; });
}

TEST(Views, SlicesBackwards) {
  Floats x = ramp(4 * 50);
  expectElements(kernel("%x: tensor<4x50xf32>",
                        "%r = ingot.slice %x <[3, 40]> [-2, -1] : tensor<4x50xf32> -> tensor<2x33xf32>",
                        "tensor<2x33xf32>"),
                 {x}, 66, [&](int64_t i) { return x[(3 - 2 * (i / 33)) * 50 + 40 - i % 33]; });
}

TEST(Views, SlicesEverySecondElement) {
  Floats x = ramp(100);
  expectElements(kernel("%x: tensor<100xf32>", "%r = ingot.slice %x <[1]> [2] : tensor<100xf32> -> tensor<50xf32>",
                        "tensor<50xf32>"),
                 {x}, 50, [&](int64_t i) { return x[1 + 2 * i]; });
}

class Pads : public testing::TestWithParam<std::string> {};

TEST_P(Pads, AddsElementsOnBothAxes) {
  std::string mode = GetParam();
  Floats x = ramp(3 * 20), value{7};
  std::string text =
      kernel("%x: tensor<3x20xf32>, %v: tensor<f32>",
             fmt::format("%r = ingot.pad %x, %v [2, 5] [1, -3] <{{mode = #ingot<pad_mode {}>}}> : tensor<3x20xf32>, "
                         "tensor<f32>",
                         mode),
             "tensor<6x22xf32>");
  auto map = [&](int64_t i, int64_t n) -> int64_t {
    if (mode == "edge")
      return std::clamp<int64_t>(i, 0, n - 1);
    if (mode == "wrap")
      return (i % n + n) % n;
    if (mode == "reflect") {
      int64_t period = 2 * (n - 1), rest = (i % period + period) % period;
      return std::min(rest, period - rest);
    }
    return i >= 0 && i < n ? i : -1;
  };
  expectElements(text, {x, value}, 6 * 22, [&](int64_t i) {
    int64_t row = map(i / 22 - 2, 3), column = map(i % 22 - 5, 20);
    return row < 0 || column < 0 ? 7 : x[row * 20 + column];
  });
}

INSTANTIATE_TEST_SUITE_P(Modes, Pads, testing::Values("constant", "edge", "reflect", "wrap"));

class Concats : public testing::TestWithParam<std::pair<int, int>> {};

TEST_P(Concats, JoinsTheLastAxis) {
  auto [first, second] = GetParam();
  Floats a = ramp(3 * first), b = ramp(3 * second);
  int64_t width = first + second;
  std::string text = kernel(fmt::format("%a: tensor<3x{}xf32>, %b: tensor<3x{}xf32>", first, second),
                            fmt::format("%0 = ingot.concat %a, %b 1 : tensor<3x{}xf32>, tensor<3x{}xf32>\n"
                                        "%r = ingot.relu %0 : tensor<3x{}xf32>",
                                        first, second, width),
                            fmt::format("tensor<3x{}xf32>", width));
  expectElements(text, {a, b}, 3 * width, [&, first = first, second = second](int64_t i) {
    int64_t row = i / width, at = i % width;
    return std::max(0.0f, at < first ? a[row * first + at] : b[row * second + at - first]);
  });
}

INSTANTIATE_TEST_SUITE_P(Widths, Concats,
                         testing::Values(std::pair(16, 32), std::pair(5, 3), std::pair(17, 31), std::pair(1, 64)));

TEST(Views, JoinsTheFirstAxis) {
  Floats a = ramp(2 * 9), b = ramp(5 * 9), c = ramp(9);
  Floats all = a;
  all.insert(all.end(), b.begin(), b.end());
  all.insert(all.end(), c.begin(), c.end());
  expectElements(kernel("%a: tensor<2x9xf32>, %b: tensor<5x9xf32>, %c: tensor<1x9xf32>",
                        "%r = ingot.concat %a, %b, %c 0 : tensor<2x9xf32>, tensor<5x9xf32>, tensor<1x9xf32>",
                        "tensor<8x9xf32>"),
                 {a, b, c}, 72, [&](int64_t i) { return all[i]; });
}

TEST(Views, GathersRows) {
  Floats x = ramp(10 * 37);
  std::vector<int32_t> rows{3, -1, 0, 9};
  expectElements(kernel("%x: tensor<10x37xf32>, %i: tensor<4xi32>",
                        "%r = ingot.gather %x, %i 0 : tensor<10x37xf32>, tensor<4xi32>", "tensor<4x37xf32>"),
                 {x, rows}, 4 * 37, [&](int64_t i) { return x[(rows[i / 37] + 10) % 10 * 37 + i % 37]; });
}

TEST(Views, GathersAlongTheLanes) {
  Floats x = ramp(3 * 10);
  std::vector<int64_t> columns;
  for (int64_t i = 0; i < 21; ++i)
    columns.push_back(i * 7 % 10);
  expectElements(kernel("%x: tensor<3x10xf32>, %i: tensor<21xi64>",
                        "%r = ingot.gather %x, %i 1 : tensor<3x10xf32>, tensor<21xi64>", "tensor<3x21xf32>"),
                 {x, columns}, 63, [&](int64_t i) { return x[i / 21 * 10 + columns[i % 21]]; });
}

TEST(Views, GathersElementByElement) {
  Floats x = ramp(4 * 6);
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < 12; ++i)
    indices.push_back(i * 5 % 4 - (i % 2) * 4);
  expectElements(kernel("%x: tensor<4x6xf32>, %i: tensor<2x6xi64>",
                        "%r = ingot.gather_elements %x, %i 0 : tensor<4x6xf32>, tensor<2x6xi64>", "tensor<2x6xf32>"),
                 {x, indices}, 12, [&](int64_t i) { return x[(indices[i] + 4) % 4 * 6 + i % 6]; });
}

TEST(Views, GathersTuples) {
  Floats x = ramp(3 * 4 * 5);
  std::vector<int64_t> tuples{0, 1, 2, 3, -1, -4};
  expectElements(kernel("%x: tensor<3x4x5xf32>, %i: tensor<3x2xi64>",
                        "%r = ingot.gather_nd %x, %i <{batch_axes = 0 : i64}> : tensor<3x4x5xf32>, tensor<3x2xi64>",
                        "tensor<3x5xf32>"),
                 {x, tuples}, 15, [&](int64_t i) {
                   int64_t t = i / 5, row = (tuples[2 * t] + 3) % 3, column = (tuples[2 * t + 1] + 4) % 4;
                   return x[(row * 4 + column) * 5 + i % 5];
                 });
}

TEST(Views, CountsAndReadsTables) {
  expectElements(kernel("%x: tensor<2x6xf32>",
                        "%0 = ingot.iota 1 : tensor<2x6xf32>\n"
                        "%1 = ingot.constant dense<[5.0, 4.0, 3.0, 2.0, 1.0, 0.0]> : tensor<6xf32>\n"
                        "%2 = ingot.add %x, %0 : tensor<2x6xf32>, tensor<2x6xf32>\n"
                        "%r = ingot.add %2, %1 : tensor<2x6xf32>, tensor<6xf32>",
                        "tensor<2x6xf32>"),
                 {ramp(12)}, 12, [&](int64_t i) { return ramp(12)[i] + 5; });
}

TEST(Views, SelectsByBooleans) {
  Floats x = ramp(40);
  std::vector<char> mask(40);
  for (int i = 0; i < 40; ++i)
    mask[i] = i % 3 == 0;
  expectElements(kernel("%c: tensor<40xi1>, %x: tensor<40xf32>",
                        "%0 = ingot.constant dense<-1.0> : tensor<f32>\n"
                        "%r = ingot.select %c, %x, %0 : tensor<40xi1>, tensor<40xf32>, tensor<f32>",
                        "tensor<40xf32>"),
                 {mask, x}, 40, [&](int64_t i) { return i % 3 == 0 ? x[i] : -1; });
}

TEST(Views, JoinsSymbolicLengths) {
  std::string text = R"(
    kernel.func private @k(%a: tensor<2x?x8xf32, #ingot.shape<[2, past, 8]>>, %b: tensor<2x?x8xf32, #ingot.shape<[2, seq, 8]>>)
        -> tensor<2x?x8xf32, #ingot.shape<[2, past + seq, 8]>> {
      %r = ingot.concat %a, %b 1 : tensor<2x?x8xf32, #ingot.shape<[2, past, 8]>>, tensor<2x?x8xf32, #ingot.shape<[2, seq, 8]>>
      kernel.return %r : tensor<2x?x8xf32, #ingot.shape<[2, past + seq, 8]>>
    })";
  for (int64_t past : {0, 3}) {
    int64_t seq = 5, all = past + seq;
    Floats a = ramp(2 * past * 8), b = ramp(2 * seq * 8);
    Floats y = runKernel(text, {a, b}, {"seq", "past"}, {seq, past})[0].as<float>();
    for (int64_t i = 0; i < 2 * all * 8; ++i) {
      int64_t n = i / (all * 8), s = i / 8 % all, c = i % 8;
      ASSERT_EQ(y[i], s < past ? a[(n * past + s) * 8 + c] : b[(n * seq + s - past) * 8 + c]);
    }
  }
}

} // namespace
