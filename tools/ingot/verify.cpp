// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot verify: runs a library, or a model it compiles first, and compares with expected outputs.
#include "Commands.h"
#include "Failure.h"

#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

namespace ingot {
namespace {

struct VerifyOptions {
  std::string file, inputs, expected;
  double relative = 1e-4, absolute = 2e-5;
  int32_t threads = 0;
};

struct Difference {
  int64_t count = 0, worst = -1; // elements beyond the tolerance; the one furthest beyond
  double largestAbsolute = 0, largestRelative = 0;
};

std::string nameIndex(const Array &array, int64_t flat) {
  std::vector<int64_t> index(array.shape.size());
  for (size_t axis = index.size(); axis-- > 0; flat /= array.shape[axis])
    index[axis] = flat % array.shape[axis];
  return fmt::format("[{}]", fmt::join(index, ", "));
}

double scaleOf(const Array &expected) {
  double largest = 0;
  for (int64_t i = 0, count = expected.count(); i < count; ++i)
    if (double value = std::fabs(expected.at(i)); std::isfinite(value) && value > largest)
      largest = value;
  return largest;
}

// An element is right when |a - b| <= A max|b| + R |b|; infinities and NaNs must be the same.
Difference compare(const Array &actual, const Array &expected, const VerifyOptions &options) {
  Difference difference;
  double scale = scaleOf(expected), furthest = -1;
  for (int64_t i = 0, count = expected.count(); i < count; ++i) {
    double a = actual.at(i), b = expected.at(i);
    if (a == b || (std::isnan(a) && std::isnan(b)))
      continue;
    double distance = std::fabs(a - b),
           beyond = distance - (options.absolute * scale + options.relative * std::fabs(b));
    if (!std::isfinite(a) || !std::isfinite(b))
      distance = beyond = INFINITY;
    difference.largestAbsolute = std::max(difference.largestAbsolute, distance);
    difference.largestRelative = std::max(difference.largestRelative, b != 0 ? distance / std::fabs(b) : INFINITY);
    if (beyond <= 0)
      continue;
    ++difference.count;
    if (beyond > furthest) {
      furthest = beyond;
      difference.worst = i;
    }
  }
  return difference;
}

// Stops at the first output that differs; outputs are in the model's order.
void compareAll(const Library &library, ArrayMap &actual, ArrayMap &expected, const VerifyOptions &options) {
  const ingot_description &about = library.description();
  for (auto &entry : expected)
    if (!actual.count(entry.first))
      throw Failure(exitBadInput, options.expected, fmt::format("the model has no output \"{}\"", entry.first));
  if (expected.empty())
    throw Failure(exitBadInput, options.expected, "holds no output to compare with");
  for (int32_t i = 0; i < about.output_count; ++i) {
    std::string name = about.outputs[i].name;
    if (!expected.count(name))
      continue;
    const Array &mine = actual[name], &right = expected[name];
    if (mine.dtype != right.dtype || mine.shape != right.shape)
      throw Failure(exitDiffers, options.file,
                    fmt::format("output \"{}\" is {}, expected {}", name, describe(mine), describe(right)));
    Difference difference = compare(mine, right, options);
    if (difference.count)
      throw Failure(exitDiffers, options.file,
                    fmt::format("output \"{}\" differs in {} of {} values; worst at {}: {:.9g}, expected {:.9g}; "
                                "largest error {:.3g} absolute, {:.3g} relative",
                                name, difference.count, right.count(), nameIndex(right, difference.worst),
                                mine.at(difference.worst), right.at(difference.worst), difference.largestAbsolute,
                                difference.largestRelative));
    fmt::print("{}: {} agrees, largest error {:.3g} absolute, {:.3g} relative\n", name, describe(right),
               difference.largestAbsolute, difference.largestRelative);
  }
}

void verifyLibrary(const std::string &path, const VerifyOptions &options) {
  Library library(path);
  if (options.threads)
    library.setThreads(options.threads);
  ArrayMap expected = readNpz(options.expected), actual = library.run(readNpz(options.inputs));
  compareAll(library, actual, expected, options);
}

// A folder that disappears with its contents.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "ingot-verify-XXXXXX";
    if (!mkdtemp(pattern.data()))
      throw Failure(exitBadInput, pattern, "cannot make a temporary folder");
    path = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
};

int verifyModel(const VerifyOptions &options) {
  TemporaryFolder folder;
  std::string library = folder.path / "libmodel.so";
  if (int code = runCompiler({options.file, "-o", library, "--name", "model", "--cpu", "native"}))
    return code;
  verifyLibrary(library, options);
  return exitDone;
}

void verify(const VerifyOptions &options) {
  if (!isModelFile(options.file))
    return verifyLibrary(options.file, options);
  if (int code = verifyModel(options))
    std::exit(code);
}

} // namespace

void addVerify(CLI::App &app) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App *command = app.add_subcommand("verify", "Compare a library's or a model's outputs with expected ones");
  command->add_option("file", options->file, "Library made by ingotc, or an ONNX model to compile first")->required();
  command->add_option("--inputs", options->inputs, "Inputs by name (.npz)")->required();
  command->add_option("--expected", options->expected, "Expected outputs by name (.npz)")->required();
  command->add_option("--rtol", options->relative, "Allowed |a-b| as a part of |b| (default 1e-4)");
  command->add_option("--atol", options->absolute,
                      "Allowed |a-b| as a part of the tensor's largest |b| (default 2e-5)");
  command->add_option("--threads", options->threads, "Number of threads")->check(CLI::PositiveNumber);
  command->callback([options] { verify(*options); });
}

} // namespace ingot
