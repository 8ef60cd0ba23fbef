// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// CIFAR's binary files: records of one label (CIFAR-100: coarse and fine) and 3 x 32 x 32 pixels.
#include "Failure.h"
#include "Readers.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <sstream>

namespace ingot {
namespace {

namespace fs = std::filesystem;

constexpr size_t pixels = 3 * 32 * 32;

// What a folder trains on, in order; its test files are data sets of their own.
std::vector<std::string> trainingFiles(const std::string &folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (auto &entry : fs::directory_iterator(folder, error)) {
    std::string name = entry.path().filename();
    if (name == "train.bin" || (name.compare(0, 11, "data_batch_") == 0 && entry.path().extension() == ".bin"))
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The fine label is the last before the pixels. A file of 3073 * 3074 * n bytes would be ambiguous; the folder's names
// decide.
size_t labelBytes(const std::string &path, size_t size) {
  std::string name = fs::path(path).filename();
  bool isHundred = name == "train.bin" || name == "test.bin";
  for (size_t labels : {size_t(isHundred ? 2 : 1), size_t(isHundred ? 1 : 2)})
    if (size % (pixels + labels) == 0)
      return labels;
  throw Failure(exitBadInput, path,
                fmt::format("{} bytes are no whole number of CIFAR's records (3073 or 3074 bytes)", size));
}

std::vector<std::string> classNames(const fs::path &folder) {
  std::vector<std::string> names;
  for (const char *name : {"batches.meta.txt", "fine_label_names.txt"}) {
    std::error_code error;
    if (!fs::exists(folder / name, error))
      continue;
    std::istringstream lines(readBytes(folder / name));
    for (std::string line; std::getline(lines, line);)
      if (!line.empty())
        names.push_back(line);
    break;
  }
  return names;
}

void storeChannelsLast(const std::string &images, char *to) {
  constexpr size_t area = pixels / 3;
  for (size_t image = 0; image < images.size(); image += pixels)
    for (size_t i = 0; i < area; ++i)
      for (size_t c = 0; c < 3; ++c)
        *to++ = images[image + c * area + i];
}

} // namespace

bool isCifarFolder(const std::string &path) { return !trainingFiles(path).empty(); }

Dataset readCifar(const std::string &path, const DataOptions &options) {
  bool isFolder = fs::is_directory(path);
  std::vector<std::string> files = isFolder ? trainingFiles(path) : std::vector<std::string>{path};
  std::string images, labels;
  for (const std::string &file : files) {
    std::string bytes = readBytes(file);
    size_t before = labelBytes(file, bytes.size());
    for (size_t at = 0; at < bytes.size(); at += before + pixels) {
      labels += bytes[at + before - 1];
      images.append(bytes, at + before, pixels);
    }
  }
  Dataset data{path, {}, classNames(isFolder ? fs::path(path) : fs::path(path).parent_path())};
  auto rows = int64_t(labels.size());
  Array &features = data.arrays[featuresName];
  features = Array(INGOT_U8, options.isChannelsLast ? std::vector<int64_t>{rows, 32, 32, 3}
                                                    : std::vector<int64_t>{rows, 3, 32, 32});
  if (options.isChannelsLast)
    storeChannelsLast(images, features.data());
  else
    std::memcpy(features.data(), images.data(), images.size());
  std::memcpy((data.arrays[targetName] = Array(INGOT_U8, {rows})).data(), labels.data(), labels.size());
  return data;
}

} // namespace ingot
