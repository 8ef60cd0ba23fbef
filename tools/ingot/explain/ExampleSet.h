// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The examples that a network is explained or attacked on: from files to rows of its inputs.
#pragma once
#include "FeedOptions.h"
#include "RowFunction.h"

#include <optional>

namespace ingot {

struct ExampleRequest : FeedRequest {
  std::vector<std::string> data, inputs;
  std::string target, labels;
};

/// --data, --bind, --scale, ... as `ingot train` has them; what names the targets is the command's own.
void addExampleOptions(CLI::App &command, ExampleRequest &request);

class ExampleSet {
public:
  /// A Failure says what is missing or does not fit the network's inputs.
  ExampleSet(const RowFunction &network, const ExampleRequest &request);
  ExampleSet(const ExampleSet &) = delete;

  int64_t count() const { return data.rows(); }
  const std::string &path() const { return data.path; }
  /// A Failure names an example that does not exist.
  void expectRows(std::span<const int64_t> numbers) const;

  /// These examples as the network takes them.
  RowMap rows(std::span<const int64_t> numbers);
  /// What a row of an input is normalised by: a row of factors, a row of offsets.
  const Feed &feedOf(const std::string &input) const { return feeds.at(input); }
  double scale() const { return normalization.scale; }
  /// What a row of an input, as the network takes it, was in the file.
  std::vector<double> denormalized(const std::string &input, std::span<const double> row) const;

  /// The class numbers; a Failure when the data have none, or others than 0 ... classes - 1.
  std::vector<int64_t> labels(int64_t classes) const;

private:
  void read(const RowFunction &network, const ExampleRequest &request);
  void readInput(const RowFunction &network, const std::string &word);
  std::string arrayFor(const RowFunction &network, const std::string &input) const;

  Dataset data;
  std::map<std::string, std::string> bindings;
  Normalization normalization;
  std::string labelsName;
  std::map<std::string, Feed> feeds;
};

} // namespace ingot
