// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From rows of a data set to the tensors that a library takes: order, shapes, element types, normalisation.
#pragma once
#include "Dataset.h"

#include <span>

namespace ingot {

/// Rows 0 ... rows - 1 in an order that depends on the seed and the epoch alone, the same on every machine.
std::vector<int64_t> shuffledRows(std::vector<int64_t> rows, uint64_t seed, int64_t epoch);

/// The rows of a data set in two parts.
struct Split {
  std::vector<int64_t> training, validation;
};

/// Sets aside a share (0 to 1) of the rows, chosen by the seed, for validation.
Split splitRows(int64_t rows, double validationShare, uint64_t seed);

/// What real inputs become: (value * scale - mean) / deviation. Mean and deviation have one element, or one for each
/// channel.
struct Normalization {
  double scale = 1;
  std::vector<double> mean, deviation;

  bool isIdentity() const { return scale == 1 && mean.empty() && deviation.empty(); }
};

/// Mean and deviation of each feature (rows of one axis), or of each channel (more axes), over these rows, after
/// `scale`. Constant features get the deviation 1.
Normalization standardization(const Array &array, std::span<const int64_t> rows, double scale, bool channelsFirst);

/// What fills one tensor of a library.
class Feed {
public:
  /// `tensor` names the library's tensor in errors, `rowDims` are its dimensions without the batch, negative where it
  /// takes any size. A Failure says that the data's array does not fit. Extents of 1 may come or go, and flat rows take
  /// any form.
  Feed(const Dataset &data, const std::string &array, const std::string &tensor, ingot_dtype dtype,
       const std::vector<int64_t> &rowDims);

  /// A Failure says that the number of channels is not the tensor's.
  void normalize(const Normalization &normalization);

  /// The tensor for these rows. Its memory is kept for the next call.
  const Array &fill(std::span<const int64_t> rows);
  /// What was filled last.
  const Array &current() const { return batch; }

  const std::vector<int64_t> &rowShape() const { return shape; }
  /// What `normalize` made of value i of a row: value * factor(i) + offset(i).
  double factorOf(size_t i) const { return factor.empty() ? 1 : factor[i]; }
  double offsetOf(size_t i) const { return offset.empty() ? 0 : offset[i]; }
  const Array &source() const { return *from; }

private:
  const Array *from;
  std::string subject, tensor;
  ingot_dtype dtype;
  std::vector<int64_t> shape;
  /// value * factor + offset, one for each element of a row; empty: as it is.
  std::vector<double> factor, offset;
  Array batch;
};

} // namespace ingot
