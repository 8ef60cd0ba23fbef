// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// CSV as RFC 4180 describes it, with a header line; the separator (comma, semicolon, tab) is the header's.
#include "Failure.h"
#include "Readers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ingot {
namespace {

class CsvScanner {
public:
  CsvScanner(std::string bytes, std::string path) : bytes(std::move(bytes)), path(std::move(path)) {
    if (this->bytes.compare(0, 3, "\xef\xbb\xbf") == 0)
      at = 3;
    std::string header = this->bytes.substr(at, this->bytes.find('\n', at) - at);
    for (char candidate : {',', ';', '\t'})
      if (std::count(header.begin(), header.end(), candidate) > std::count(header.begin(), header.end(), separator))
        separator = candidate;
  }

  /// The fields of the next line that is not empty; false at the end.
  bool next(std::vector<std::string> &fields) {
    fields.clear();
    while (at < bytes.size() && (bytes[at] == '\n' || bytes[at] == '\r'))
      line += bytes[at++] == '\n';
    if (at >= bytes.size())
      return false;
    ++line;
    for (;;) {
      fields.push_back(field());
      if (at < bytes.size() && bytes[at] == separator) {
        ++at;
        continue;
      }
      if (at < bytes.size() && bytes[at] == '\r')
        ++at;
      if (at < bytes.size() && bytes[at] == '\n')
        ++at;
      return true;
    }
  }

  int64_t lineNumber() const { return line; }

private:
  std::string field() {
    if (at < bytes.size() && bytes[at] == '"')
      return quoted();
    size_t begin = at;
    while (at < bytes.size() && bytes[at] != separator && bytes[at] != '\n' && bytes[at] != '\r')
      ++at;
    size_t end = at;
    while (begin < end && bytes[begin] == ' ')
      ++begin;
    while (end > begin && bytes[end - 1] == ' ')
      --end;
    return bytes.substr(begin, end - begin);
  }

  std::string quoted() {
    std::string text;
    int64_t started = line;
    for (++at; at < bytes.size(); ++at) {
      if (bytes[at] == '"' && (at + 1 == bytes.size() || bytes[at + 1] != '"')) {
        ++at;
        return text;
      }
      at += bytes[at] == '"'; // two quotes are one
      line += bytes[at] == '\n';
      text += bytes[at];
    }
    throw Failure(exitBadInput, path, fmt::format("line {}: a quotation mark is not closed", started));
  }

  std::string bytes, path;
  size_t at = 0;
  int64_t line = 0;
  char separator = ',';
};

bool parseNumber(const std::string &text, double &value) {
  const char *begin = text.data(), *end = begin + text.size();
  if (begin < end && *begin == '+')
    ++begin;
  auto [rest, error] = std::from_chars(begin, end, value);
  return error == std::errc() && rest == end && std::isfinite(value);
}

class Table {
public:
  Table(const std::string &path, const DataOptions &options) : path(path), scanner(readBytes(path), path) {
    if (!scanner.next(header))
      throw Failure(exitBadInput, path, "the file is empty");
    target = indexOf(options.target.empty() ? targetName : options.target,
                     options.target.empty() ? " (--target names the column of targets)" : "");
    std::vector<bool> isUsed(header.size(), true);
    isUsed[target] = false;
    for (const std::string &name : options.dropped)
      isUsed[indexOf(name, "")] = false;
    for (size_t i = 0; i < header.size(); ++i)
      if (isUsed[i])
        features.push_back(i);
    if (features.empty())
      throw Failure(exitBadInput, path, "there is no column of features beside the target");
  }

  Dataset read(const DataOptions &options) {
    for (std::vector<std::string> fields; scanner.next(fields);)
      addRow(fields);
    Dataset data{path, {}, {}};
    auto rows = int64_t(targets.size());
    Array &inputs = data.arrays[featuresName] = Array(INGOT_F64, {rows, int64_t(features.size())});
    std::copy(values.begin(), values.end(), reinterpret_cast<double *>(inputs.data()));
    data.arrays[targetName] = targetArray(options, data.classes);
    return data;
  }

private:
  size_t indexOf(const std::string &name, const std::string &hint) const {
    auto found = std::find(header.begin(), header.end(), name);
    if (found == header.end())
      throw Failure(exitBadInput, path,
                    fmt::format("there is no column \"{}\"{}; there are {}", name, hint, fmt::join(header, ", ")));
    return size_t(found - header.begin());
  }

  void addRow(const std::vector<std::string> &fields) {
    if (fields.size() != header.size())
      throw Failure(exitBadInput, path,
                    fmt::format("line {} has {} fields, but the header has {}", scanner.lineNumber(), fields.size(),
                                header.size()));
    for (size_t i : features) {
      double value;
      if (!parseNumber(fields[i], value))
        throw Failure(
            exitBadInput, path,
            fmt::format("line {}, column \"{}\": \"{}\" is not a number", scanner.lineNumber(), header[i], fields[i]));
      values.push_back(value);
    }
    if (fields[target].empty())
      throw Failure(exitBadInput, path,
                    fmt::format("line {}, column \"{}\": the target is missing", scanner.lineNumber(), header[target]));
    targets.push_back(fields[target]);
  }

  // Numbers if all are, else the numbers of classes by name.
  Array targetArray(const DataOptions &options, std::vector<std::string> &classes) {
    Array numbers(INGOT_F64, {int64_t(targets.size())});
    auto *to = reinterpret_cast<double *>(numbers.data());
    bool isNumeric = options.classes.empty();
    for (size_t i = 0; i < targets.size() && isNumeric; ++i)
      isNumeric = parseNumber(targets[i], to[i]);
    if (isNumeric)
      return numbers;
    ClassNumbers known(options.classes);
    std::vector<int64_t> assigned = known.assign(targets, path);
    classes = known.names;
    Array labels(INGOT_I64, {int64_t(assigned.size())});
    std::copy(assigned.begin(), assigned.end(), reinterpret_cast<int64_t *>(labels.data()));
    return labels;
  }

  std::string path;
  CsvScanner scanner;
  std::vector<std::string> header, targets;
  std::vector<size_t> features;
  std::vector<double> values;
  size_t target;
};

} // namespace

Dataset readCsv(const std::string &path, const DataOptions &options) { return Table(path, options).read(options); }

} // namespace ingot
