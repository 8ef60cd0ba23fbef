// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "MadeInputs.h"
#include "Failure.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <numeric>

namespace ingot {
namespace {

std::map<std::string, int64_t> parseDims(const std::vector<std::string> &words) {
  std::map<std::string, int64_t> dims;
  for (const std::string &word : words) {
    size_t equals = word.find('=');
    char *end = nullptr;
    int64_t value = equals == std::string::npos ? -1 : std::strtoll(word.c_str() + equals + 1, &end, 10);
    if (value < 0 || *end)
      throw Failure(exitBadUsage, "--dim " + word, "expected NAME=N");
    dims[word.substr(0, equals)] = value;
  }
  return dims;
}

void fillIntegers(Array &array, int64_t integer) {
  size_t width = bytesOf(array.dtype); // of a little-endian number
  for (size_t at = 0; at < array.bytes(); at += width)
    std::memcpy(array.data() + at, &integer, width);
}

void fill(Array &array, int64_t integer) {
  uint32_t state = 1;
  std::memset(array.data(), 0, array.bytes());
  bool isReal = array.dtype == INGOT_F32 || array.dtype == INGOT_F64;
  bool isInteger = !isReal && array.dtype != INGOT_F16 && array.dtype != INGOT_BF16;
  if (isInteger && integer)
    return fillIntegers(array, integer);
  for (int64_t i = 0, count = isReal ? array.count() : 0; i < count; ++i) {
    state = state * 1664525 + 1013904223;
    float value = static_cast<float>(state >> 8) / (1 << 23) - 1;
    if (array.dtype == INGOT_F32)
      reinterpret_cast<float *>(array.data())[i] = value;
    else
      reinterpret_cast<double *>(array.data())[i] = value;
  }
}

int64_t standardSize(const ingot_symbol &symbol, int64_t size) {
  size = std::max(size, symbol.minimum);
  return symbol.maximum >= 0 ? std::min(size, symbol.maximum) : size;
}

// Whether a symbol is how many rows caches have room for: a size of theirs alone.
bool isCapacity(const ingot_description &about, int32_t symbol) {
  bool isOfCache = false;
  for (int32_t i = 0; i < about.input_count; ++i) {
    const ingot_port &port = about.inputs[i];
    bool isNamed = std::count(port.dims, port.dims + port.rank, -1 - int64_t(symbol)) > 0;
    if (isNamed && port.role != INGOT_CACHE)
      return false;
    isOfCache |= isNamed;
  }
  return isOfCache;
}

// The sizes of all symbols.
std::vector<int64_t> chooseSymbols(const Library &library, const MadeInputsOptions &options) {
  const ingot_description &about = library.description();
  std::map<std::string, int64_t> given = parseDims(options.dims);
  std::vector<int64_t> values;
  for (int32_t i = 0; i < about.symbol_count; ++i) {
    const ingot_symbol &symbol = about.symbols[i];
    auto found = given.find(symbol.name);
    // As many rows as the other sizes can ask for; the importer's symbols come before.
    int64_t size = isCapacity(about, i) ? std::accumulate(values.begin(), values.end(), int64_t(1)) : options.size;
    values.push_back(found == given.end() ? standardSize(symbol, size) : found->second);
    if (found == given.end() && symbol.minimum != symbol.maximum)
      fmt::print(stderr, "{}: note: measuring with {}={}; --dim {}=N sets another size\n", library.path(), symbol.name,
                 values.back(), symbol.name);
    given.erase(symbol.name);
  }
  if (!given.empty())
    throw Failure(exitBadInput, library.path(),
                  fmt::format("the model has no open dimension \"{}\"", given.begin()->first));
  return values;
}

} // namespace

ArrayMap makeInputs(const Library &library, const MadeInputsOptions &options) {
  const ingot_description &about = library.description();
  std::vector<int64_t> symbols = chooseSymbols(library, options);
  ArrayMap inputs;
  for (int32_t i = 0; i < about.input_count; ++i) {
    const ingot_port &port = about.inputs[i];
    if (port.role == INGOT_HYPER)
      continue; // the standard value
    std::vector<int64_t> shape(port.dims, port.dims + port.rank);
    for (int64_t &dim : shape)
      dim = dim >= 0 ? dim : symbols[static_cast<size_t>(-1 - dim)];
    Array array(static_cast<ingot_dtype>(port.dtype), shape);
    fill(array, options.integer);
    if (port.role == INGOT_LENGTH)
      fillIntegers(array, symbols[static_cast<size_t>(-1 - port.dims[0])]);
    inputs[port.name] = std::move(array);
  }
  return inputs;
}

} // namespace ingot
