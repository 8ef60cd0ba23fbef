// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Data sets: rows of tensors, read whole into memory in the element type that the file has. The folder's only door.
#pragma once
#include "Npz.h"

#include <string>
#include <vector>

namespace ingot {

/// Names of a data set's arrays in formats that name none.
inline constexpr const char *featuresName = "features", *targetName = "target";

/// What a file alone does not tell.
struct DataOptions {
  /// CSV: the column of targets. idx and .npy: the file of targets. Empty: column "target"; train-images-idx3-ubyte's
  /// labels are in train-labels-idx1-ubyte.
  std::string target;
  /// CSV columns that are neither features nor target.
  std::vector<std::string> dropped;
  /// Names of the classes when another data set has fixed their numbers; a name that is not among them is an error.
  std::vector<std::string> classes;
  /// Image folders: the size and the channels (1 grey, 3 colour) that every image is brought to; 0 keeps the first's.
  int64_t height = 0, width = 0, channels = 0;
  /// Rows of images are [height, width, channels] and not [channels, height, width].
  bool isChannelsLast = false;

  /// Images take the form of these rows: channels, height, width, or channels last; negative extents are open.
  void fit(std::vector<int64_t> rowDims);
};

/// Arrays with as many rows each: the first dimension counts examples.
struct Dataset {
  /// Names the data in errors.
  std::string path;
  ArrayMap arrays;
  /// Class number -> name, where the format names classes.
  std::vector<std::string> classes;

  int64_t rows() const { return arrays.empty() ? 0 : arrays.begin()->second.shape[0]; }
};

/// Reads one data set from one or several parts, whose rows follow each other: .npz and .npy, CSV (.csv, .tsv), idx
/// files (MNIST, also gzipped), CIFAR-10 and CIFAR-100 binary files or their folder, folders of images (a folder per
/// class), PNG and JPEG files (one row each). A Failure names the file, the place in it, and what is wrong.
Dataset readDataset(const std::vector<std::string> &paths, const DataOptions &options);

/// The class of each row is one of so many: a Failure names the first row where it is not. `ignored` is allowed too.
void checkClasses(const Dataset &data, const std::string &array, int64_t classes, int64_t ignored);

} // namespace ingot
