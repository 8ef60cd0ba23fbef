// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Safetensors.h"

#include "Array.h"
#include "AtomicFile.h"
#include "Failure.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;

constexpr struct {
  const char *code;
  ingot_dtype dtype;
} codes[] = {{"F32", INGOT_F32}, {"F64", INGOT_F64}, {"F16", INGOT_F16}, {"BF16", INGOT_BF16}, {"BOOL", INGOT_BOOL},
             {"I8", INGOT_I8},   {"I16", INGOT_I16}, {"I32", INGOT_I32}, {"I64", INGOT_I64},   {"U8", INGOT_U8},
             {"U16", INGOT_U16}, {"U32", INGOT_U32}, {"U64", INGOT_U64}};

constexpr uint64_t mostHeader = 100 << 20; // as the format's own library has it

class Reader {
public:
  explicit Reader(const std::string &path) : path(path) {}

  SafetensorsFile read() {
    std::ifstream in(path, std::ios::binary | std::ios::ate);
    if (!in)
      throw Failure(exitBadInput, path, "cannot be read");
    uint64_t size = static_cast<uint64_t>(in.tellg());
    file.contents = std::make_unique<char[]>(size);
    in.seekg(0);
    if (!in.read(file.contents.get(), static_cast<std::streamsize>(size)))
      throw Failure(exitBadInput, path, "cannot be read");
    uint64_t header = 0;
    if (size >= sizeof header)
      std::memcpy(&header, file.contents.get(), sizeof header);
    if (size < sizeof header || header > mostHeader || header > size - sizeof header)
      fail("its header is longer than the file");
    const char *text = file.contents.get() + sizeof header;
    data = text + header;
    dataBytes = size - sizeof header - header;
    parse(Json::parse(text, data, nullptr, /*allow_exceptions=*/false));
    return std::move(file);
  }

private:
  [[noreturn]] void fail(const std::string &why) {
    throw Failure(exitBadInput, path, "not a safetensors file, or a damaged one: " + why);
  }

  void parse(const Json &header) {
    if (!header.is_object())
      fail("its header is not JSON");
    std::vector<std::pair<uint64_t, uint64_t>> places;
    for (auto &[name, entry] : header.items())
      if (name == "__metadata__")
        addMetadata(entry);
      else
        places.push_back(addTensor(name, entry));
    // The tensors cover the data without holes, so that no byte is lost, read twice, or smuggled in.
    std::sort(places.begin(), places.end());
    uint64_t end = 0;
    for (auto [from, to] : places) {
      if (from != end)
        fail("its tensors do not lie one after the other");
      end = to;
    }
    if (end != dataBytes)
      fail(fmt::format("it has {} bytes of elements, expected {}", dataBytes, end));
  }

  void addMetadata(const Json &entries) {
    if (!entries.is_object())
      fail("its metadata is no table");
    for (auto &[key, value] : entries.items())
      if (value.is_string())
        file.metadata[key] = value.get<std::string>();
  }

  uint64_t number(const Json &value, const std::string &name) {
    if (!value.is_number_unsigned())
      fail(fmt::format("tensor \"{}\" has a size that is no number", name));
    return value.get<uint64_t>();
  }

  std::pair<uint64_t, uint64_t> addTensor(const std::string &name, const Json &entry) {
    if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() || !entry.contains("shape") ||
        !entry["shape"].is_array() || !entry.contains("data_offsets") || !entry["data_offsets"].is_array() ||
        entry["data_offsets"].size() != 2)
      fail(fmt::format("tensor \"{}\" has no type, shape or place", name));
    auto code = entry["dtype"].get<std::string>();
    auto known = std::find_if(std::begin(codes), std::end(codes), [&](auto &each) { return each.code == code; });
    if (known == std::end(codes))
      throw Failure(exitBadInput, path, fmt::format("tensor \"{}\" has the type {}, not supported yet", name, code));
    TensorView tensor = {known->dtype, {}, nullptr, 0};
    uint64_t bytes = bytesOf(known->dtype);
    bool fits = true;
    for (const Json &dim : entry["shape"]) {
      tensor.shape.push_back(static_cast<int64_t>(number(dim, name)));
      fits &= tensor.shape.back() >= 0 && !__builtin_mul_overflow(bytes, number(dim, name), &bytes);
    }
    uint64_t from = number(entry["data_offsets"][0], name), to = number(entry["data_offsets"][1], name);
    if (from > to || to > dataBytes)
      fail(fmt::format("tensor \"{}\" lies at {} to {} of {} bytes", name, from, to, dataBytes));
    if (!fits || to - from != bytes)
      fail(fmt::format("tensor \"{}\" has {} bytes, not those of its shape", name, to - from));
    tensor.data = data + from;
    tensor.bytes = to - from;
    file.tensors[name] = std::move(tensor);
    return {from, to};
  }

  std::string path;
  SafetensorsFile file;
  const char *data = nullptr;
  uint64_t dataBytes = 0;
};

const char *codeOf(ingot_dtype dtype) {
  return std::find_if(std::begin(codes), std::end(codes), [&](auto &each) { return each.dtype == dtype; })->code;
}

} // namespace

SafetensorsFile readSafetensors(const std::string &path) { return Reader(path).read(); }

void writeSafetensors(const std::string &path, const std::map<std::string, std::string> &metadata,
                      const std::vector<std::pair<std::string, TensorView>> &tensors) {
  Json header = {{"__metadata__", metadata}};
  uint64_t end = 0;
  for (auto &[name, tensor] : tensors) {
    header[name] = {
        {"dtype", codeOf(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {end, end + tensor.bytes}}};
    end += tensor.bytes;
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  uint64_t length = text.size();
  AtomicFile file(path);
  file.write(&length, sizeof length);
  file.write(text.data(), text.size());
  for (auto &entry : tensors)
    file.write(entry.second.data, entry.second.bytes);
  file.commit();
}

} // namespace ingot
