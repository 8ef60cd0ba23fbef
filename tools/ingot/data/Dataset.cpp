// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Readers.h"

#include "Failure.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

namespace ingot {
namespace {

bool endsWith(const std::string &text, const char *ending) {
  size_t length = std::strlen(ending);
  return text.size() >= length && text.compare(text.size() - length, length, ending) == 0;
}

Dataset readPart(const std::string &path, const DataOptions &options) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    throw Failure(exitBadInput, path, "no such file or folder");
  if (std::filesystem::is_directory(path, error))
    return isCifarFolder(path) ? readCifar(path, options) : readImageFolder(path, options);
  if (endsWith(path, ".npz"))
    return readNpzRows(path);
  if (endsWith(path, ".npy"))
    return readNpyRows(path, options);
  if (endsWith(path, ".csv") || endsWith(path, ".tsv") || endsWith(path, ".csv.gz"))
    return readCsv(path, options);
  if (isImageFile(path))
    return readImageFile(path, options);
  if (isIdx(path))
    return readIdx(path, options);
  if (endsWith(path, ".bin"))
    return readCifar(path, options);
  throw Failure(exitBadInput, path,
                "the format is not known; .npz, .npy, .csv, .tsv, idx files, CIFAR's .bin files, images and folders "
                "of images are");
}

// The rows of `more` after those of `whole`.
void append(Dataset &whole, const Dataset &more) {
  for (auto &[name, array] : whole.arrays) {
    auto found = more.arrays.find(name);
    if (found == more.arrays.end() || more.arrays.size() != whole.arrays.size())
      throw Failure(exitBadInput, more.path, fmt::format("its arrays are not those of {}", whole.path));
    const Array &next = found->second;
    std::vector<int64_t> shape = next.shape;
    shape[0] = array.shape[0];
    if (shape != array.shape || next.dtype != array.dtype)
      throw Failure(exitBadInput, more.path,
                    fmt::format("\"{}\" is {}, which does not continue {} of {}", name, describe(next), describe(array),
                                whole.path));
    shape[0] += next.shape[0];
    Array both(array.dtype, shape);
    std::memcpy(both.data(), array.data(), array.bytes());
    std::memcpy(both.data() + array.bytes(), next.data(), next.bytes());
    array = std::move(both);
  }
}

} // namespace

void DataOptions::fit(std::vector<int64_t> rowDims) {
  if (rowDims.size() != 3)
    return;
  auto isChannels = [](int64_t dim) { return dim == 1 || dim == 3; };
  isChannelsLast = !isChannels(rowDims[0]) && isChannels(rowDims[2]);
  if (isChannelsLast)
    std::rotate(rowDims.begin(), rowDims.begin() + 2, rowDims.end());
  channels = isChannels(rowDims[0]) ? rowDims[0] : 0;
  height = std::max<int64_t>(0, rowDims[1]);
  width = std::max<int64_t>(0, rowDims[2]);
}

Dataset readDataset(const std::vector<std::string> &paths, const DataOptions &options) {
  DataOptions own = options;
  Dataset whole;
  for (const std::string &path : paths) {
    Dataset part;
    try {
      part = readPart(path, own);
    } catch (const std::filesystem::filesystem_error &error) { // a folder that may not be looked into
      throw Failure(exitBadInput, path, "cannot be read: " + error.code().message());
    }
    if (part.rows() == 0)
      throw Failure(exitBadInput, path, "there are no examples in it");
    own.classes = part.classes; // later parts number the classes as the first one does
    if (whole.arrays.empty())
      whole = std::move(part);
    else
      append(whole, part);
  }
  return whole;
}

void checkClasses(const Dataset &data, const std::string &name, int64_t classes, int64_t ignored) {
  const Array &array = data.arrays.at(name);
  int64_t perRow = std::max<int64_t>(1, array.count() / std::max<int64_t>(1, array.shape[0]));
  for (int64_t i = 0; i < array.count(); ++i) {
    double label = array.at(i);
    if (label == double(ignored) || (label >= 0 && label < double(classes) && label == double(int64_t(label))))
      continue;
    throw Failure(exitBadInput, data.path,
                  fmt::format("row {} of \"{}\" is class {}, but the model knows the classes 0 to {}", i / perRow, name,
                              label, classes - 1));
  }
}

std::string readBytes(const std::string &path, size_t most) {
  gzFile file = gzopen(path.c_str(), "rb"); // reads files that are not packed as they are
  if (!file)
    throw Failure(exitBadInput, path, "cannot be opened");
  std::string bytes;
  std::vector<char> block(1 << 18);
  int count = 0;
  while (bytes.size() < most &&
         (count = gzread(file, block.data(), unsigned(std::min(block.size(), most - bytes.size())))) > 0)
    bytes.append(block.data(), size_t(count));
  int status = Z_OK;
  std::string problem = gzerror(file, &status);
  gzclose_r(file);
  if (count < 0 || (status != Z_OK && status != Z_STREAM_END))
    throw Failure(exitBadInput, path, "cannot be read: " + (status == Z_ERRNO ? std::strerror(errno) : problem));
  return bytes;
}

std::vector<int64_t> ClassNumbers::assign(const std::vector<std::string> &rows, const std::string &subject) {
  if (names.empty()) {
    names = rows;
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
  }
  std::map<std::string, int64_t> numbers;
  for (const std::string &name : names)
    numbers.emplace(name, int64_t(numbers.size()));
  std::vector<int64_t> result;
  for (const std::string &name : rows) {
    auto found = numbers.find(name);
    if (found == numbers.end())
      throw Failure(exitBadInput, subject,
                    fmt::format("class \"{}\" does not occur in the training data, whose classes are {}", name,
                                fmt::join(names, ", ")));
    result.push_back(found->second);
  }
  return result;
}

} // namespace ingot
