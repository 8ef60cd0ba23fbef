// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The .npy format: magic, version, header length, a Python dictionary as text, the elements.
#include "Failure.h"
#include "Npz.h"

#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace ingot {
namespace {

constexpr struct {
  const char *code;
  ingot_dtype dtype;
} codes[] = {{"<f4", INGOT_F32}, {"<f8", INGOT_F64}, {"<f2", INGOT_F16},  {"|b1", INGOT_BOOL}, {"|i1", INGOT_I8},
             {"<i2", INGOT_I16}, {"<i4", INGOT_I32}, {"<i8", INGOT_I64},  {"|u1", INGOT_U8},   {"<u2", INGOT_U16},
             {"<u4", INGOT_U32}, {"<u8", INGOT_U64}, {"|V2", INGOT_BF16}, {"<V2", INGOT_BF16}};

class Header {
public:
  Header(std::string text, std::string subject) : text(std::move(text)), subject(std::move(subject)) {}

  ingot_dtype dtype() const {
    std::string code = quoted(valueOf("'descr'"));
    for (auto &entry : codes)
      if (code == entry.code)
        return entry.dtype;
    throw Failure(exitBadInput, subject, fmt::format("element type '{}' is not supported", code));
  }

  bool isFortranOrder() const { return valueOf("'fortran_order'").compare(0, 4, "True") == 0; }

  std::vector<int64_t> shape() const {
    std::string list = valueOf("'shape'");
    size_t end = list.find(')');
    if (list.empty() || list[0] != '(' || end == std::string::npos)
      throw Failure(exitBadInput, subject, "the array's header has no shape");
    std::vector<int64_t> dims;
    std::istringstream numbers(list.substr(1, end - 1));
    for (std::string word; std::getline(numbers, word, ',');) {
      if (word.find_first_not_of(' ') == std::string::npos)
        continue;
      char *rest;
      int64_t dim = std::strtoll(word.c_str(), &rest, 10);
      if (rest == word.c_str() || dim < 0)
        throw Failure(exitBadInput, subject, "the array's header has a shape that is none: (" + list.substr(1, end));
      dims.push_back(dim);
    }
    return dims;
  }

private:
  // What follows "key:".
  std::string valueOf(const char *key) const {
    size_t at = text.find(key);
    at = at == std::string::npos ? at : text.find(':', at);
    at = at == std::string::npos ? at : text.find_first_not_of(' ', at + 1);
    if (at == std::string::npos)
      throw Failure(exitBadInput, subject, fmt::format("the array's header lacks {}", key));
    return text.substr(at);
  }

  std::string quoted(const std::string &value) const {
    size_t end = value.size() > 1 ? value.find(value[0], 1) : std::string::npos;
    return end == std::string::npos ? value : value.substr(1, end - 1);
  }

  std::string text, subject;
};

// Column-major elements in row-major order.
void transpose(const char *from, Array &array) {
  size_t size = bytesOf(array.dtype), rank = array.shape.size();
  std::vector<int64_t> index(rank, 0);
  for (int64_t i = 0, count = array.count(); i < count; ++i) {
    int64_t offset = 0;
    for (size_t axis = rank; axis-- > 0;)
      offset = offset * array.shape[axis] + index[axis];
    std::memcpy(array.data() + static_cast<size_t>(i) * size, from + static_cast<size_t>(offset) * size, size);
    for (size_t axis = rank; axis-- > 0 && ++index[axis] == array.shape[axis];)
      index[axis] = 0;
  }
}

} // namespace

Array parseNpy(const std::string &bytes, const std::string &subject) {
  if (bytes.size() < 12 || bytes.compare(0, 6, "\x93NUMPY") != 0)
    throw Failure(exitBadInput, subject, "not a .npy array");
  bool isLong = bytes[6] >= 2;
  size_t start = isLong ? 12 : 10, length = 0;
  for (size_t i = start; i-- > 8;)
    length = length << 8 | static_cast<unsigned char>(bytes[i]);
  if (start + length > bytes.size())
    throw Failure(exitBadInput, subject, "the array's header is cut off");
  Header header(bytes.substr(start, length), subject);
  ingot_dtype dtype = header.dtype();
  std::vector<int64_t> shape = header.shape();
  size_t expected = bytesOf(dtype), held = bytes.size() - start - length;
  for (int64_t dim : shape)
    if (__builtin_mul_overflow(expected, static_cast<size_t>(dim), &expected))
      throw Failure(exitBadInput, subject, "the array is larger than any memory");
  if (held < expected)
    throw Failure(exitBadInput, subject, fmt::format("the array is cut off: {} bytes of {}", held, expected));
  Array array(dtype, shape);
  const char *elements = bytes.data() + start + length;
  if (header.isFortranOrder())
    transpose(elements, array);
  else
    std::memcpy(array.data(), elements, expected);
  return array;
}

Array readNpy(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw Failure(exitBadInput, path, "cannot be opened");
  std::stringstream bytes;
  bytes << file.rdbuf();
  return parseNpy(bytes.str(), path);
}

} // namespace ingot
