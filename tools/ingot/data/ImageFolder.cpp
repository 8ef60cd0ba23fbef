// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A folder of images for each class; the rows are [channels, height, width] bytes, as ONNX's convolutions take them, or
// [height, width, channels].
#include "Failure.h"
#include "Readers.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>

namespace ingot {
namespace {

namespace fs = std::filesystem;

// Files of one class below its folder, in an order that does not depend on the file system.
void collect(const fs::path &folder, const std::string &name, std::vector<std::string> &files,
             std::vector<std::string> &names) {
  std::vector<std::string> own;
  for (auto &entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && isImageFile(entry.path().string()))
      own.push_back(entry.path());
  std::sort(own.begin(), own.end());
  for (std::string &file : own) {
    files.push_back(std::move(file));
    names.push_back(name);
  }
}

// The rows of images of one size.
Array makeRows(int64_t rows, int64_t height, int64_t width, int64_t channels, bool isChannelsLast) {
  std::vector<int64_t> shape = {rows, channels, height, width};
  if (isChannelsLast)
    std::rotate(shape.begin() + 1, shape.begin() + 2, shape.end());
  return Array(INGOT_U8, shape);
}

// Brings an image to the size of the rows, and puts it into one of them.
void store(Array image, int64_t height, int64_t width, bool isChannelsLast, char *to) {
  if (image.shape[0] != height || image.shape[1] != width)
    image = resizeImage(image, height, width);
  int64_t channels = image.shape[2], area = height * width;
  if (isChannelsLast) {
    std::memcpy(to, image.data(), image.bytes());
    return;
  }
  for (int64_t i = 0; i < area; ++i)
    for (int64_t c = 0; c < channels; ++c)
      to[c * area + i] = image.data()[i * channels + c];
}

} // namespace

bool isImageFile(const std::string &path) {
  std::string ending = fs::path(path).extension();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

Dataset readImageFile(const std::string &path, const DataOptions &options) {
  Array image = readImage(path, options.channels);
  int64_t height = options.height ? options.height : image.shape[0];
  int64_t width = options.width ? options.width : image.shape[1];
  Dataset data{path, {}, {}};
  Array &row = data.arrays[featuresName] = makeRows(1, height, width, image.shape[2], options.isChannelsLast);
  store(std::move(image), height, width, options.isChannelsLast, row.data());
  return data;
}

Dataset readImageFolder(const std::string &path, const DataOptions &options) {
  std::vector<std::string> folders, files, names;
  for (auto &entry : fs::directory_iterator(path))
    if (entry.is_directory())
      folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  for (const std::string &folder : folders)
    collect(folder, fs::path(folder).filename(), files, names);
  if (files.empty())
    throw Failure(exitBadInput, path, "no class has a PNG or JPEG image (every class is a folder of them)");
  ClassNumbers classes(options.classes);
  std::vector<int64_t> numbers = classes.assign(names, path);
  Array first = readImage(files[0], options.channels);
  int64_t height = options.height ? options.height : first.shape[0];
  int64_t width = options.width ? options.width : first.shape[1];
  int64_t channels = first.shape[2], rows = int64_t(files.size());
  Dataset data{path, {}, classes.names};
  Array &images = data.arrays[featuresName] = makeRows(rows, height, width, channels, options.isChannelsLast);
  for (int64_t i = 0; i < rows; ++i)
    store(readImage(files[size_t(i)], channels), height, width, options.isChannelsLast,
          images.data() + i * channels * height * width);
  Array &labels = data.arrays[targetName] = Array(INGOT_I64, {rows});
  std::copy(numbers.begin(), numbers.end(), reinterpret_cast<int64_t *>(labels.data()));
  return data;
}

} // namespace ingot
