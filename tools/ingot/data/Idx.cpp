// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The idx format of MNIST: two zeros, element type, rank, big-endian dimensions, big-endian elements; often gzipped.
#include "Failure.h"
#include "Readers.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>

namespace ingot {
namespace {

bool typeOf(unsigned char code, ingot_dtype &type) {
  static constexpr struct {
    unsigned char code;
    ingot_dtype type;
  } codes[] = {{0x08, INGOT_U8},  {0x09, INGOT_I8},  {0x0b, INGOT_I16},
               {0x0c, INGOT_I32}, {0x0d, INGOT_F32}, {0x0e, INGOT_F64}};
  for (auto &entry : codes)
    if (entry.code == code) {
      type = entry.type;
      return true;
    }
  return false;
}

Array readIdxArray(const std::string &path) {
  std::string bytes = readBytes(path);
  auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  ingot_dtype type;
  if (bytes.size() < 4 || bytes[0] || bytes[1] || !typeOf(byte(2), type) || byte(3) == 0 || byte(3) > INGOT_MAX_RANK)
    throw Failure(exitBadInput, path, "not an idx file");
  size_t rank = byte(3), start = 4 + 4 * rank, size = bytesOf(type), expected = size;
  if (bytes.size() < start)
    throw Failure(exitBadInput, path, "the header is cut off");
  std::vector<int64_t> shape;
  for (size_t i = 4; i < start; i += 4) {
    shape.push_back(int64_t(byte(i)) << 24 | byte(i + 1) << 16 | byte(i + 2) << 8 | byte(i + 3));
    if (__builtin_mul_overflow(expected, size_t(shape.back()), &expected))
      throw Failure(exitBadInput, path, "the array is larger than any memory");
  }
  if (bytes.size() - start != expected)
    throw Failure(
        exitBadInput, path,
        fmt::format("its header promises {} bytes of elements, but there are {}", expected, bytes.size() - start));
  Array array(type, shape);
  for (size_t i = 0; i < expected; i += size)
    std::reverse_copy(bytes.data() + start + i, bytes.data() + start + i + size, array.data() + i);
  return array;
}

// train-images-idx3-ubyte.gz -> train-labels-idx1-ubyte.gz
std::string labelsBeside(const std::string &path) {
  std::filesystem::path whole(path);
  std::string name = whole.filename();
  size_t images = name.find("images"), rank = name.find("idx3");
  if (images == std::string::npos || rank == std::string::npos)
    return "";
  name.replace(rank, 4, "idx1").replace(images, 6, "labels");
  return whole.replace_filename(name);
}

} // namespace

bool isIdx(const std::string &path) {
  std::string start = readBytes(path, 4);
  ingot_dtype type;
  return start.size() == 4 && !start[0] && !start[1] && typeOf(static_cast<unsigned char>(start[2]), type) &&
         start[3] > 0 && start[3] <= INGOT_MAX_RANK;
}

Dataset readIdx(const std::string &path, const DataOptions &options) {
  Dataset data{path, {}, {}};
  data.arrays[featuresName] = readIdxArray(path);
  std::string labels = options.target.empty() ? labelsBeside(path) : options.target;
  if (labels.empty())
    throw Failure(exitBadInput, path, "which file holds the labels? (--target)");
  data.arrays[targetName] = readIdxArray(labels);
  int64_t count = data.arrays[targetName].shape[0];
  if (count != data.arrays[featuresName].shape[0])
    throw Failure(exitBadInput, labels,
                  fmt::format("{} labels for {} examples", count, data.arrays[featuresName].shape[0]));
  return data;
}

} // namespace ingot
