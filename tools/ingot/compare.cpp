// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot compare: how far the outputs of one library are from those of another, on the same inputs. Tells, and does not
// judge: verify does.
#include "Commands.h"
#include "Failure.h"
#include "MadeInputs.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ingot {
namespace {

struct CompareOptions {
  std::string library, reference, npz;
  std::vector<std::string> dims;
  int32_t threads = 0;
  bool json = false;
};

struct Distance {
  double rms = 0, most = 0;       // over the reference's root of the mean square, and its largest magnitude
  int64_t rows = 0, agreeing = 0; // rows of the last axis, and those whose largest element is at the same place
};

double ratio(double error, double scale) { return scale > 0 ? error / scale : error > 0 ? INFINITY : 0; }

int64_t placeOfLargest(const Array &array, int64_t first, int64_t count) {
  int64_t place = 0;
  for (int64_t i = 1; i < count; ++i)
    if (array.at(first + i) > array.at(first + place))
      place = i;
  return place;
}

Distance measure(const Array &mine, const Array &reference) {
  Distance distance;
  double errors = 0, squares = 0, most = 0, largest = 0;
  for (int64_t i = 0, count = reference.count(); i < count; ++i) {
    double a = mine.at(i), b = reference.at(i);
    if (a == b || (std::isnan(a) && std::isnan(b)))
      a = b = std::isfinite(b) ? b : 0; // infinities and NaNs are right where the reference has them, and no scale
    errors += (a - b) * (a - b);
    squares += b * b;
    most = std::max(most, std::isfinite(a - b) ? std::fabs(a - b) : INFINITY);
    largest = std::max(largest, std::fabs(b));
  }
  distance.rms = ratio(std::sqrt(errors), std::sqrt(squares));
  distance.most = ratio(most, largest);
  int64_t row = reference.shape.empty() ? 1 : reference.shape.back();
  for (int64_t first = 0; row > 1 && first < reference.count(); first += row) {
    ++distance.rows;
    distance.agreeing += placeOfLargest(mine, first, row) == placeOfLargest(reference, first, row);
  }
  return distance;
}

nlohmann::ordered_json toJson(const std::string &name, const Distance &distance) {
  // JSON has no infinity: what cannot be told is null.
  return {{"name", name},
          {"rms_error", distance.rms},
          {"largest_error", distance.most},
          {"top1_agreement", distance.rows ? nlohmann::ordered_json(double(distance.agreeing) / double(distance.rows))
                                           : nlohmann::ordered_json()}};
}

void print(const std::string &name, const Distance &distance) {
  fmt::print("{}: rms error {:.2g}, largest {:.2g}", name, distance.rms, distance.most);
  if (distance.rows)
    fmt::print("; the largest element of {} of {} rows is the same", distance.agreeing, distance.rows);
  fmt::print("\n");
}

void compare(const CompareOptions &options) {
  Library library(options.library), reference(options.reference);
  library.expectEntry("run");
  reference.expectEntry("run");
  if (options.threads)
    library.setThreads(options.threads);
  ArrayMap inputs = options.npz.empty() ? makeInputs(library, {options.dims, 1, 8}) : readNpz(options.npz);
  ArrayMap mine = library.run(inputs), right = reference.run(inputs);
  const ingot_description &about = reference.description();
  nlohmann::ordered_json outputs = nlohmann::ordered_json::array();
  for (int32_t i = 0; i < about.output_count; ++i) {
    std::string name = about.outputs[i].name;
    if (!mine.count(name) || mine[name].shape != right[name].shape || mine[name].dtype != right[name].dtype)
      throw Failure(exitBadInput, options.library,
                    fmt::format("output \"{}\" is not what {} has", name, options.reference));
    Distance distance = measure(mine[name], right[name]);
    outputs.push_back(toJson(name, distance));
    if (!options.json)
      print(name, distance);
  }
  if (options.json)
    fmt::print(
        "{}\n",
        nlohmann::ordered_json{{"inputs", options.npz.empty() ? "made up" : options.npz}, {"outputs", outputs}}.dump(
            -1, ' ', false, nlohmann::json::error_handler_t::replace));
}

} // namespace

void addCompare(CLI::App &app) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App *command = app.add_subcommand("compare", "Tell how far a library's outputs are from those of another");
  command->add_option("library", options->library, "Library made by ingotc")->required();
  command->add_option("reference", options->reference, "Another of the same model")->required();
  command->add_option("--npz", options->npz, "Inputs by name (default: made up)");
  command->add_option("--dim", options->dims, "Size of a symbolic dimension: NAME=N (repeatable)")
      ->allow_extra_args(false);
  command->add_option("--threads", options->threads, "Number of threads")->check(CLI::PositiveNumber);
  command->add_flag("--json", options->json, "Print one JSON document");
  command->callback([options] { compare(*options); });
}

} // namespace ingot
