// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One function for each format; only for this folder.
#pragma once
#include "Dataset.h"

namespace ingot {

Dataset readNpzRows(const std::string &path);
Dataset readNpyRows(const std::string &path, const DataOptions &options);
Dataset readCsv(const std::string &path, const DataOptions &options);
/// Images and labels are files of their own.
Dataset readIdx(const std::string &path, const DataOptions &options);
bool isIdx(const std::string &path);
/// One file of records, or the training files of a folder.
Dataset readCifar(const std::string &path, const DataOptions &options);
bool isCifarFolder(const std::string &path);
Dataset readImageFolder(const std::string &path, const DataOptions &options);
/// One row, without a target.
Dataset readImageFile(const std::string &path, const DataOptions &options);
bool isImageFile(const std::string &path);

/// Height x width x channels pixels of a PNG or JPEG file; channels 0 keeps the file's 1 or 3.
Array readImage(const std::string &path, int64_t channels);
/// The image in another size: each pixel is the mean of what it covers, weighted by a triangle.
Array resizeImage(const Array &image, int64_t height, int64_t width);

/// A file's bytes, unpacked if it is gzipped; at most `most` of them.
std::string readBytes(const std::string &path, size_t most = SIZE_MAX);

/// The number of a class by its name; a name that is new gets the next number, or is an error if classes are fixed.
class ClassNumbers {
public:
  explicit ClassNumbers(std::vector<std::string> fixed) : names(std::move(fixed)) {}
  /// All names at once, in alphabetical order, unless they are fixed. Throws a Failure about an unknown one.
  std::vector<int64_t> assign(const std::vector<std::string> &rows, const std::string &subject);
  std::vector<std::string> names;
};

} // namespace ingot
