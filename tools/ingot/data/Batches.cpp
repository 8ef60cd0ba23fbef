// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Batches.h"

#include "Elements.h"
#include "Failure.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <numeric>
#include <random>

namespace ingot {
namespace {

int64_t product(const std::vector<int64_t> &dims) {
  return std::accumulate(dims.begin(), dims.end(), int64_t(1), std::multiplies<>());
}

std::vector<int64_t> withoutOnes(const std::vector<int64_t> &dims) {
  std::vector<int64_t> result;
  std::copy_if(dims.begin(), dims.end(), std::back_inserter(result), [](int64_t dim) { return dim != 1; });
  return result;
}

// Whether rows of one shape can be taken for rows of another, without a change of order in memory that could surprise.
bool isSameRow(const std::vector<int64_t> &given, const std::vector<int64_t> &wanted) {
  if (product(given) != product(wanted))
    return false;
  return given.size() <= 1 || wanted.size() <= 1 || withoutOnes(given) == withoutOnes(wanted);
}

// The tensor's open extents become the data's.
std::vector<int64_t> closeDims(std::vector<int64_t> dims, const std::vector<int64_t> &given) {
  if (dims.size() == given.size()) {
    for (size_t i = 0; i < dims.size(); ++i)
      if (dims[i] < 0)
        dims[i] = given[i];
  } else if (std::count_if(dims.begin(), dims.end(), [](int64_t dim) { return dim < 0; }) == 1) {
    int64_t known = 1;
    for (int64_t dim : dims)
      known *= dim < 0 ? 1 : dim;
    for (int64_t &dim : dims)
      if (dim < 0)
        dim = known ? product(given) / known : 0;
  }
  return dims;
}

std::string describeDims(const std::vector<int64_t> &dims) {
  std::vector<std::string> words;
  for (int64_t dim : dims)
    words.push_back(dim < 0 ? "any" : std::to_string(dim));
  return fmt::format("[{}]", fmt::join(words, ", "));
}

// The axis of a row that has so many channels: the first of channels-first images, the last of everything else.
size_t channelAxis(const std::vector<int64_t> &shape, size_t channels) {
  return shape.size() > 1 && size_t(shape.front()) == channels ? 0 : shape.size() - 1;
}

// Whether all numbers of an array are whole.
bool isWhole(const Array &array) {
  if (!isReal(array.dtype))
    return true;
  for (int64_t i = 0, count = array.count(); i < count; ++i)
    if (array.at(i) != std::nearbyint(array.at(i)))
      return false;
  return true;
}

} // namespace

std::vector<int64_t> shuffledRows(std::vector<int64_t> rows, uint64_t seed, int64_t epoch) {
  std::seed_seq seeds{uint32_t(seed), uint32_t(seed >> 32), uint32_t(epoch), uint32_t(uint64_t(epoch) >> 32)};
  std::mt19937_64 random(seeds);
  // The distributions of <random> may differ between C++ libraries; the product's upper half is uniform enough.
  for (size_t i = rows.size(); i > 1; --i)
    std::swap(rows[i - 1], rows[size_t((unsigned __int128)(random()) * i >> 64)]);
  return rows;
}

Split splitRows(int64_t rows, double validationShare, uint64_t seed) {
  std::vector<int64_t> all((size_t(rows)));
  std::iota(all.begin(), all.end(), 0);
  std::vector<int64_t> mixed = shuffledRows(all, seed, -1);
  auto border = mixed.begin() + std::clamp<int64_t>(std::llround(double(rows) * validationShare), 0, rows);
  Split split{{border, mixed.end()}, {mixed.begin(), border}};
  std::sort(split.training.begin(), split.training.end());
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

Normalization standardization(const Array &array, std::span<const int64_t> rows, double scale, bool channelsFirst) {
  std::vector<int64_t> shape(array.shape.begin() + 1, array.shape.end());
  bool isFlat = shape.size() < 2;
  int64_t perRow = product(shape), inner = isFlat || !channelsFirst ? 1 : perRow / std::max<int64_t>(1, shape[0]);
  auto channels = size_t(isFlat ? perRow : channelsFirst ? shape[0] : shape.back());
  std::vector<double> mean(channels), squares(channels);
  std::vector<int64_t> counts(channels);
  for (int64_t row : rows) // Welford's running mean and sum of squares
    for (int64_t i = 0; i < perRow; ++i) {
      size_t c = size_t(i / inner) % channels;
      double value = array.at(row * perRow + i) * scale, step = value - mean[c];
      mean[c] += step / double(++counts[c]);
      squares[c] += step * (value - mean[c]);
    }
  Normalization result{scale, mean, {}};
  for (size_t c = 0; c < channels; ++c) {
    double deviation = std::sqrt(squares[c] / double(std::max<int64_t>(1, counts[c])));
    result.deviation.push_back(deviation > 0 ? deviation : 1);
  }
  return result;
}

Feed::Feed(const Dataset &data, const std::string &array, const std::string &tensor, ingot_dtype dtype,
           const std::vector<int64_t> &rowDims)
    : from(&data.arrays.at(array)), subject(data.path), tensor(tensor), dtype(dtype) {
  std::vector<int64_t> given(from->shape.begin() + 1, from->shape.end());
  shape = closeDims(rowDims, given);
  if (!isSameRow(given, shape))
    throw Failure(exitBadInput, subject,
                  fmt::format("the rows of \"{}\" are {}, but \"{}\" takes {}", array, describeDims(given), tensor,
                              describeDims(rowDims)));
  if (!withElementType(dtype, [](auto) {}) || from->dtype == INGOT_F16 || from->dtype == INGOT_BF16)
    throw Failure(exitBadInput, subject, fmt::format("\"{}\": 16-bit real numbers are not supported yet", array));
  if (!isReal(dtype) && !isWhole(*from))
    throw Failure(
        exitBadInput, subject,
        fmt::format("\"{}\" has fractions, but \"{}\" takes whole numbers ({})", array, tensor, nameOf(dtype)));
}

void Feed::normalize(const Normalization &normalization) {
  if (normalization.isIdentity() || !isReal(dtype))
    return;
  size_t channels = std::max(normalization.mean.size(), normalization.deviation.size());
  auto count = size_t(product(shape));
  size_t axis = channels > 1 ? channelAxis(shape, channels) : 0;
  if (channels > 1 && (shape.empty() || size_t(shape[axis]) != channels))
    throw Failure(exitBadInput, subject,
                  fmt::format("{} means or deviations do not fit rows of {}", channels, describeDims(shape)));
  size_t inner = 1;
  for (size_t i = axis + 1; i < shape.size(); ++i)
    inner *= size_t(shape[i]);
  auto pick = [&](const std::vector<double> &values, size_t i, double standard) {
    return values.empty() ? standard : values.size() == 1 ? values[0] : values[i / inner % channels];
  };
  factor.resize(count);
  offset.resize(count);
  for (size_t i = 0; i < count; ++i) {
    double deviation = pick(normalization.deviation, i, 1);
    factor[i] = normalization.scale / deviation;
    offset[i] = -pick(normalization.mean, i, 0) / deviation;
  }
}

const Array &Feed::fill(std::span<const int64_t> rows) {
  auto perRow = size_t(product(shape));
  if (batch.shape.empty() || batch.shape[0] != int64_t(rows.size())) {
    std::vector<int64_t> dims{int64_t(rows.size())};
    dims.insert(dims.end(), shape.begin(), shape.end());
    batch = Array(dtype, dims);
  }
  withElementType(dtype, [&](auto wanted) {
    withElementType(from->dtype, [&](auto given) {
      auto *to = reinterpret_cast<decltype(wanted) *>(batch.data());
      for (int64_t row : rows) {
        const auto *source = reinterpret_cast<const decltype(given) *>(from->data()) + size_t(row) * perRow;
        if (factor.empty())
          std::transform(source, source + perRow, to, [](auto value) { return decltype(wanted)(value); });
        else
          for (size_t i = 0; i < perRow; ++i)
            to[i] = decltype(wanted)(double(source[i]) * factor[i] + offset[i]);
        to += perRow;
      }
    });
  });
  return batch;
}

} // namespace ingot
