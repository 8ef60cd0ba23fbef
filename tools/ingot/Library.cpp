// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Library.h"

#include "Failure.h"

#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <iterator>
#include <sstream>

namespace ingot {
namespace {

template <typename T>
std::vector<T> readTable(std::ifstream &file, uint64_t offset, uint64_t bytes) {
  std::vector<T> table(bytes / sizeof(T));
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(reinterpret_cast<char *>(table.data()), static_cast<std::streamsize>(table.size() * sizeof(T)));
  if (!file)
    table.clear();
  return table;
}

// The model's name is in no fixed place but in the names of its exported functions: X_model, X_run, X_error. A library
// of two parts has the longer X_evaluation_model too.
std::string findModelFunction(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  Elf64_Ehdr header = {};
  file.read(reinterpret_cast<char *>(&header), sizeof header);
  if (!file || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_shentsize != sizeof(Elf64_Shdr))
    return "";
  auto sections = readTable<Elf64_Shdr>(file, header.e_shoff, uint64_t(header.e_shnum) * sizeof(Elf64_Shdr));
  std::string shortest;
  constexpr uint64_t largest = 1 << 20; // these tables have a handful of entries in our libraries
  for (const Elf64_Shdr &section : sections) {
    if (section.sh_type != SHT_DYNSYM || section.sh_link >= sections.size() || section.sh_size > largest ||
        sections[section.sh_link].sh_size > largest)
      continue;
    auto names = readTable<char>(file, sections[section.sh_link].sh_offset, sections[section.sh_link].sh_size);
    names.push_back(0);
    for (const Elf64_Sym &symbol : readTable<Elf64_Sym>(file, section.sh_offset, section.sh_size)) {
      std::string name = symbol.st_name < names.size() ? &names[symbol.st_name] : "";
      bool isModel = symbol.st_shndx != SHN_UNDEF && name.size() > 6 && name.compare(name.size() - 6, 6, "_model") == 0;
      if (isModel && (shortest.empty() || name.size() < shortest.size()))
        shortest = name;
    }
  }
  return shortest;
}

} // namespace

Library::Library(const std::string &path) : file(path) {
  if (!std::filesystem::exists(path))
    throw Failure(exitBadInput, path, "no such file");
  std::string function = findModelFunction(path);
  if (function.empty())
    throw Failure(exitBadInput, path, "not a library made by ingotc");
  // Without a slash dlopen would search the system's folders.
  void *handle = dlopen(std::filesystem::absolute(path).c_str(), RTLD_NOW | RTLD_LOCAL);
  auto *getModel = handle ? reinterpret_cast<const ingot_model *(*)()>(dlsym(handle, function.c_str())) : nullptr;
  if (!getModel)
    throw Failure(exitBadInput, path, dlerror());
  model = getModel();
}

Library *Library::findEntry(const std::string &name) {
  const ingot_description &about = description();
  if (name == about.entry)
    return this;
  for (int64_t i = 1; i < about.part_count; ++i)
    if (name == about.parts[i].name) {
      std::unique_ptr<Library> &part = others[name];
      if (!part)
        part.reset(new Library(file, about.parts[i].model()));
      return part.get();
    }
  return nullptr;
}

Library &Library::entry(const std::string &name) {
  Library *found = findEntry(name);
  if (!found)
    throw Failure(exitBadInput, file,
                  fmt::format("has no entry \"{}\", but \"{}\"", name, fmt::join(entries(), "\", \"")));
  return *found;
}

Library *Library::updateOf(const std::string &step) {
  std::istringstream words(description().options);
  bool isSplit = std::count(std::istream_iterator<std::string>(words), {}, "--split-update");
  if (!isSplit)
    return nullptr;
  return findEntry(optionOf("--recipe").empty() ? "update_step" : step + "_update");
}

std::vector<std::string> Library::entries() const {
  const ingot_description &about = description();
  std::vector<std::string> names = {about.entry};
  for (int64_t i = 1; i < about.part_count; ++i)
    names.push_back(about.parts[i].name);
  return names;
}

bool Library::isStep() const {
  const ingot_description &about = description();
  return *about.optimizer && std::strcmp(about.entry, "evaluate") != 0;
}

Library::~Library() { ingot_session_destroy(session); }

void Library::expect(ingot_status status) const {
  if (status != INGOT_OK)
    throw Failure(exitBadInput, file, ingot_last_error(model));
}

std::string Library::optionOf(const std::string &option) const {
  std::istringstream words(description().options);
  for (std::string word; words >> word;)
    if (word == option && words >> word)
      return word;
  return "";
}

void Library::expectEntry(const std::string &entry) const {
  if (entry != description().entry)
    throw Failure(exitBadInput, file,
                  fmt::format("has no entry \"{}\", but \"{}\"", entry, fmt::join(entries(), "\", \"")));
}

void Library::initializeState(void *state) const { expect(ingot_state_initialize(model, state)); }

void Library::bindState(void *state) { expect(ingot_session_bind_state(openSession(), state)); }

void Library::setThreads(int32_t count) { expect(ingot_set_threads(model, count)); }

ingot_session *Library::openSession() {
  if (!session)
    expect(ingot_session_create(model, &session));
  return session;
}

std::vector<ingot_tensor> Library::orderInputs(const ArrayMap &inputs) const {
  const ingot_description &about = description();
  std::vector<ingot_tensor> tensors;
  for (int32_t i = 0; i < about.input_count; ++i) {
    auto found = inputs.find(about.inputs[i].name);
    if (found == inputs.end() && about.inputs[i].role == INGOT_HYPER) {
      tensors.push_back({}); // has its standard value
      continue;
    }
    if (found == inputs.end())
      throw Failure(exitBadInput, file, fmt::format("input \"{}\" is not given", about.inputs[i].name));
    if (found->second.shape.size() > INGOT_MAX_RANK)
      throw Failure(exitBadInput, file, fmt::format("input \"{}\" has too many dimensions", about.inputs[i].name));
    tensors.push_back(found->second.tensor());
  }
  for (auto &entry : inputs) {
    bool isKnown = false;
    for (int32_t i = 0; i < about.input_count; ++i)
      isKnown |= entry.first == about.inputs[i].name;
    if (!isKnown)
      throw Failure(exitBadInput, file, fmt::format("the model has no input \"{}\"", entry.first));
  }
  return tensors;
}

std::vector<Array> Library::makeOutputs(const std::vector<ingot_tensor> &inputs) const {
  std::vector<ingot_tensor> tensors(static_cast<size_t>(description().output_count));
  expect(ingot_output_shapes(model, inputs.data(), tensors.data()));
  std::vector<Array> outputs;
  for (const ingot_tensor &tensor : tensors)
    outputs.emplace_back(static_cast<ingot_dtype>(tensor.dtype),
                         std::vector<int64_t>(tensor.shape, tensor.shape + tensor.rank));
  return outputs;
}

void Library::run(const std::vector<ingot_tensor> &inputs, const std::vector<ingot_tensor> &outputs) {
  expect(ingot_run(openSession(), inputs.data(), outputs.data()));
}

ArrayMap Library::run(const ArrayMap &inputs) {
  std::vector<ingot_tensor> tensors = orderInputs(inputs);
  std::vector<Array> outputs = makeOutputs(tensors);
  run(tensors, tensorsOf(outputs));
  ArrayMap result;
  for (size_t i = 0; i < outputs.size(); ++i)
    result[description().outputs[i].name] = std::move(outputs[i]);
  return result;
}

int64_t Library::sessionBytes() { return ingot_session_bytes(openSession()); }

std::vector<ingot_tensor> tensorsOf(const std::vector<Array> &arrays) {
  std::vector<ingot_tensor> tensors;
  for (const Array &array : arrays)
    tensors.push_back(array.tensor());
  return tensors;
}

std::string nameDimension(const ingot_description &description, int64_t dim) {
  if (dim >= 0)
    return std::to_string(dim);
  return dim == INGOT_COMPUTED_DIMENSION ? "?" : description.symbols[-1 - dim].name;
}

} // namespace ingot
