// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Array.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <new>

namespace ingot {

static constexpr struct {
  ingot_dtype dtype;
  const char *name;
  size_t bytes;
} types[] = {{INGOT_F32, "float32", 4},  {INGOT_U8, "uint8", 1},    {INGOT_I8, "int8", 1},    {INGOT_U16, "uint16", 2},
             {INGOT_I16, "int16", 2},    {INGOT_I32, "int32", 4},   {INGOT_I64, "int64", 8},  {INGOT_BOOL, "bool", 1},
             {INGOT_F16, "float16", 2},  {INGOT_F64, "float64", 8}, {INGOT_U32, "uint32", 4}, {INGOT_U64, "uint64", 8},
             {INGOT_BF16, "bfloat16", 2}};

static const auto &infoOf(ingot_dtype dtype) {
  return *std::find_if(std::begin(types), std::end(types) - 1, [&](const auto &entry) { return entry.dtype == dtype; });
}

const char *nameOf(ingot_dtype dtype) { return infoOf(dtype).name; }
size_t bytesOf(ingot_dtype dtype) { return infoOf(dtype).bytes; }

std::string describe(ingot_dtype dtype, const std::vector<int64_t> &shape) {
  return fmt::format("{}[{}]", nameOf(dtype), fmt::join(shape, ", "));
}

Array::Array(ingot_dtype dtype, std::vector<int64_t> dims) : dtype(dtype), shape(std::move(dims)) {
  size_t size = (bytes() + 63) / 64 * 64;
  elements.reset(static_cast<char *>(std::aligned_alloc(64, std::max<size_t>(size, 64))));
  if (!elements)
    throw std::bad_alloc();
}

int64_t Array::count() const {
  int64_t count = 1;
  for (int64_t dim : shape)
    count *= dim;
  return count;
}

size_t Array::bytes() const { return static_cast<size_t>(count()) * bytesOf(dtype); }

static double halfToDouble(uint16_t half) {
  double sign = half & 0x8000 ? -1 : 1;
  int exponent = half >> 10 & 31, mantissa = half & 1023;
  if (exponent == 31)
    return mantissa ? NAN : sign * INFINITY;
  return sign * (exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24));
}

template <typename T>
static T load(const char *data, int64_t i) {
  T value;
  std::memcpy(&value, data + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

double Array::at(int64_t i) const {
  const char *from = data();
  switch (dtype) {
  case INGOT_F32:
    return load<float>(from, i);
  case INGOT_F64:
    return load<double>(from, i);
  case INGOT_F16:
    return halfToDouble(load<uint16_t>(from, i));
  case INGOT_BF16: {
    uint32_t bits = static_cast<uint32_t>(load<uint16_t>(from, i)) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  case INGOT_I8:
    return load<int8_t>(from, i);
  case INGOT_I16:
    return load<int16_t>(from, i);
  case INGOT_I32:
    return load<int32_t>(from, i);
  case INGOT_I64:
    return static_cast<double>(load<int64_t>(from, i));
  case INGOT_U16:
    return load<uint16_t>(from, i);
  case INGOT_U32:
    return load<uint32_t>(from, i);
  case INGOT_U64:
    return static_cast<double>(load<uint64_t>(from, i));
  default:
    return load<uint8_t>(from, i);
  }
}

ingot_tensor Array::tensor() const {
  ingot_tensor result = {elements.get(), dtype, static_cast<int32_t>(shape.size()), {}};
  std::copy_n(shape.begin(), std::min<size_t>(shape.size(), INGOT_MAX_RANK), result.shape);
  return result;
}

} // namespace ingot
