// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What an attack leaves on the disk.
#include "AttackSetup.h"
#include "Failure.h"

#include <algorithm>
#include <numeric>

namespace ingot {
namespace {

constexpr size_t mostPictures = 8;
constexpr int64_t leastSide = 96;

Array numbersArray(const std::vector<int64_t> &numbers) {
  Array array(INGOT_I64, {int64_t(numbers.size())});
  std::copy(numbers.begin(), numbers.end(), reinterpret_cast<int64_t *>(array.data()));
  return array;
}

// Grey where nothing changed, white and black where something changed by epsilon.
std::vector<double> changeOf(std::span<const double> variant, std::span<const double> clean, double epsilon) {
  std::vector<double> change(clean.size());
  for (size_t i = 0; i < change.size(); ++i)
    change[i] = 127.5 + 127.5 * (epsilon > 0 ? (variant[i] - clean[i]) / epsilon : 0);
  return change;
}

} // namespace

void AttackSetup::writeExamples(const std::string &path, const Rows &variants) {
  std::vector<int64_t> places((size_t(count())));
  std::iota(places.begin(), places.end(), int64_t(0));
  std::vector<int64_t> shape{count()};
  shape.insert(shape.end(), variants.shape.begin(), variants.shape.end());
  ArrayMap arrays;
  Array &array = arrays[input] = Array(INGOT_F32, shape);
  std::transform(variants.values.begin(), variants.values.end(), reinterpret_cast<float *>(array.data()),
                 [](double value) { return float(value); });
  arrays[targetName] = numbersArray(labels);
  arrays["predicted"] = numbersArray(predictions(variants, places));
  arrays["rows"] = numbersArray(numbers);
  writeNpz(path, arrays);
}

void AttackSetup::writeGrid(const std::string &path, const Rows &variants, double epsilon) {
  auto form = imageFormOf(variants.shape);
  if (!form)
    throw Failure(exitBadUsage, "--grid", "the attacked input is no image: it has not 1 or 3 channels");
  std::vector<int64_t> places((size_t(count())));
  std::iota(places.begin(), places.end(), int64_t(0));
  std::vector<int64_t> before = predictions(cleanPoints(places), places), after = predictions(variants, places);
  // First those that the network was right about, and is not any more.
  auto isLost = [&](int64_t place) {
    return before[size_t(place)] == labels[size_t(place)] && after[size_t(place)] != labels[size_t(place)];
  };
  std::stable_sort(places.begin(), places.end(), [&](int64_t a, int64_t b) { return isLost(a) && !isLost(b); });
  std::vector<Array> lines;
  for (size_t i = 0; i < std::min(mostPictures, places.size()); ++i) {
    Rows clean = cleanPoints(std::span(places).subspan(i, 1));
    auto variant = variants.row(size_t(places[i]));
    PixelRange range = pixelRangeOf(clean.values);
    std::vector<Array> panels;
    for (const Array &image :
         {pixelsOf(clean.values, *form, range), pixelsOf(changeOf(variant, clean.values, epsilon), *form, {0, 1}),
          pixelsOf(variant, *form, range)})
      panels.push_back(enlarge(image, leastSide));
    lines.push_back(sideBySide(panels));
  }
  writePng(path, stack(lines));
}

} // namespace ingot
