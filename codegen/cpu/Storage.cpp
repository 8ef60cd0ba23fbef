//===- Storage.cpp - The types in which weights are stored ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Storage.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/bit.h"
#include <cmath>
#include <cstring>

using namespace mlir;

namespace ingot::cpu {

Storage storageOf(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isF16()        ? Storage::Float16
         : element.isBF16()     ? Storage::BFloat16
         : element.isInteger(8) ? Storage::Int8
                                : Storage::Float32;
}

Type elementOf(Storage storage, MLIRContext *context) {
  switch (storage) {
  case Storage::Float32:
    return Float32Type::get(context);
  case Storage::Float16:
    return Float16Type::get(context);
  case Storage::BFloat16:
    return BFloat16Type::get(context);
  case Storage::Int8:
    return IntegerType::get(context, 8);
  }
  llvm_unreachable("no other storage");
}

StringRef nameOf(Storage storage) {
  static constexpr const char *names[] = {"float32", "float16", "bfloat16", "int8"};
  return names[size_t(storage)];
}

Storage wantedStorage(Operation *user) {
  auto precision = user->getAttrOfType<StringAttr>("ingot.precision");
  if (!precision)
    return Storage::Float32;
  StringRef word = precision.getValue();
  return word.starts_with("int8") ? Storage::Int8 : word.starts_with("f16") ? Storage::Float16 : Storage::BFloat16;
}

namespace {

/// Calls `run(first, count, index)` for each run of neighbours that share an index along `axis`; one run of everything
/// for axis -1.
template <typename Run>
void forEachRun(ArrayRef<int64_t> shape, int64_t axis, Run run) {
  size_t inner = 1, outer = 1;
  for (auto [number, size] : llvm::enumerate(shape))
    (int64_t(number) > axis ? inner : outer) *= size_t(size);
  size_t extent = axis < 0 ? 1 : size_t(shape[axis]);
  for (size_t at = 0; at < outer; ++at)
    run(at * inner, inner, at % extent);
}

uint16_t toBFloat(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if (std::isnan(value))
    return uint16_t(bits >> 16 | 0x40);
  return uint16_t((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

float fromBFloat(uint16_t half) {
  uint32_t bits = uint32_t(half) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

uint16_t toHalf(float value) { return llvm::bit_cast<uint16_t>(static_cast<_Float16>(value)); }
float fromHalf(uint16_t half) { return float(llvm::bit_cast<_Float16>(half)); }

/// Adding and subtracting 1.5 * 2^23 rounds to the nearest integer, ties to even.
float nearestInteger(float value) {
  constexpr float magic = 12582912.0f;
  return (value + magic) - magic;
}

float inverse(float scale) { return scale > 0 ? 1 / scale : 0; }

/// What is read back for each value: calls `use(value, restored)`.
template <typename Use>
void forEachRestored(ArrayRef<float> values, ArrayRef<int64_t> shape, int64_t axis, Storage storage, Use use) {
  if (storage != Storage::Int8) {
    bool isBFloat = storage == Storage::BFloat16;
    for (float value : values)
      use(value, isBFloat ? fromBFloat(toBFloat(value)) : fromHalf(toHalf(value)));
    return;
  }
  std::vector<float> scales = scalesAlong(values, shape, axis);
  forEachRun(shape, axis, [&](size_t first, size_t count, size_t index) {
    float scale = scales[index], factor = inverse(scale);
    for (float value : values.slice(first, count))
      use(value, nearestInteger(value * factor) * scale);
  });
}

} // namespace

std::vector<float> scalesAlong(ArrayRef<float> values, ArrayRef<int64_t> shape, int64_t axis) {
  std::vector<float> scales(axis < 0 ? 1 : size_t(shape[axis]));
  forEachRun(shape, axis, [&](size_t first, size_t count, size_t index) {
    float largest = scales[index];
    for (float value : values.slice(first, count))
      largest = std::fabs(value) > largest ? std::fabs(value) : largest;
    scales[index] = largest;
  });
  for (float &scale : scales)
    scale /= 127;
  return scales;
}

std::vector<char> reduceElements(ArrayRef<float> values, ArrayRef<int64_t> shape, int64_t axis, Storage storage) {
  std::vector<char> result(values.size() * storedBytes(storage));
  if (storage != Storage::Int8) {
    for (auto [at, value] : llvm::enumerate(values)) {
      uint16_t half = storage == Storage::BFloat16 ? toBFloat(value) : toHalf(value);
      std::memcpy(&result[2 * at], &half, sizeof half);
    }
    return result;
  }
  std::vector<float> scales = scalesAlong(values, shape, axis);
  forEachRun(shape, axis, [&](size_t first, size_t count, size_t index) {
    float factor = inverse(scales[index]);
    for (size_t at = first; at < first + count; ++at)
      result[at] = char(int(nearestInteger(values[at] * factor)));
  });
  return result;
}

RoundingError roundingError(ArrayRef<float> values, ArrayRef<int64_t> shape, int64_t axis, Storage storage) {
  double squares = 0, errors = 0;
  float largest = 0, most = 0;
  bool isFinite = true;
  forEachRestored(values, shape, axis, storage, [&](float value, float restored) {
    float error = std::fabs(restored - value);
    isFinite &= std::isfinite(error);
    squares += double(value) * value;
    errors += double(error) * error;
    largest = std::max(largest, std::fabs(value));
    most = std::max(most, error);
  });
  if (!isFinite)
    return {INFINITY, INFINITY};
  return {squares > 0 ? std::sqrt(errors / squares) : 0, largest > 0 ? most / largest : 0};
}

} // namespace ingot::cpu
