// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Augmentation.h"

#include "Elements.h"
#include "Failure.h"
#include "Words.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ingot {
namespace {

/// Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (2014): any two seeds give unrelated numbers.
class SplitMix {
public:
  explicit SplitMix(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t mixed = state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }
  /// From -most to most, evenly.
  int64_t within(int64_t most) {
    return int64_t((unsigned __int128)(next()) * (unsigned __int128)(2 * most + 1) >> 64) - most;
  }

private:
  uint64_t state;
};

int64_t parsePixels(const std::string &subject, const std::string &text, const std::string &key, int64_t standard) {
  if (text.empty())
    return standard;
  auto [name, value] = parsePair(subject + ":", text);
  if (name != key)
    throw Failure(exitBadUsage, subject, fmt::format("has no \"{}\", but \"{}\"", name, key));
  double number = parseFraction(subject + ": " + key, value);
  if (number < 1 || number > 4096 || number != double(int64_t(number)))
    throw Failure(exitBadUsage, subject, fmt::format("{} is a number of pixels, from 1", key));
  return int64_t(number);
}

} // namespace

AugmentationOptions parseAugmentation(const std::vector<std::string> &words) {
  AugmentationOptions options;
  for (const std::string &word : words) {
    std::string subject = "--augment " + word, name = word.substr(0, word.find(':'));
    std::string rest = name.size() < word.size() ? word.substr(name.size() + 1) : "";
    if (name == "crop")
      options.padding = parsePixels(subject, rest, "padding", 4);
    else if (name == "shift")
      options.shift = parsePixels(subject, rest, "pixels", 2);
    else if (name != "flip" && name != "flip-vertical")
      throw Failure(exitBadUsage, subject, "there are flip, flip-vertical, crop:padding=4 and shift:pixels=2");
    else if (!rest.empty())
      throw Failure(exitBadUsage, subject, name + " has no options");
    else
      (name == "flip" ? options.flips : options.flipsVertically) = true;
  }
  return options;
}

Augmentation::Augmentation(Learner::Source &source, const std::string &input, bool isChannelsLast,
                           const AugmentationOptions &options, uint64_t seed)
    : source(source), input(input), options(options), seed(seed), isChannelsLast(isChannelsLast) {
  std::vector<int64_t> shape = source.feedOf(input).rowShape();
  if (shape.size() != 2 && shape.size() != 3)
    throw Failure(
        exitBadInput, source.data().path,
        fmt::format("--augment changes images, but the rows of \"{}\" are [{}]", input, fmt::join(shape, ", ")));
  if (shape.size() == 3) {
    auto place = isChannelsLast ? shape.end() - 1 : shape.begin();
    channels = *place;
    shape.erase(place);
  }
  height = shape[0];
  width = shape[1];
  if (std::max(options.padding, options.shift) >= std::min(height, width))
    throw Failure(exitBadInput, source.data().path,
                  fmt::format("--augment moves images of {} x {} by more than their size", height, width));
}

Augmentation::Places Augmentation::choosePlaces(int64_t row, int64_t epoch) const {
  SplitMix rowNumbers{uint64_t(row)}, epochNumbers{uint64_t(epoch) ^ 0x6a09e667f3bcc909};
  SplitMix random(seed ^ rowNumbers.next() ^ epochNumbers.next());
  auto choose = [&](int64_t size, bool flips) {
    bool isFlipped = (random.next() >> 63) && flips;
    int64_t cropped = random.within(options.padding), moved = random.within(options.shift);
    std::vector<int64_t> places;
    for (int64_t i = 0; i < size; ++i) {
      int64_t place = std::clamp<int64_t>(i + moved, 0, size - 1) + cropped;
      bool isInside = place >= 0 && place < size;
      places.push_back(!isInside ? -1 : isFlipped ? size - 1 - place : place);
    }
    return places;
  };
  std::vector<int64_t> rows = choose(height, options.flipsVertically);
  return {rows, choose(width, options.flips)};
}

template <typename T>
void Augmentation::copy(const T *from, T *to, const Places &places) const {
  const Feed &feed = source.feedOf(input);
  int64_t alongRow = isChannelsLast ? channels : 1, alongChannel = isChannelsLast ? 1 : height * width;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) {
        int64_t place = c * alongChannel + (y * width + x) * alongRow;
        int64_t above = places.rows[size_t(y)], left = places.columns[size_t(x)];
        bool isBorder = above < 0 || left < 0; // black, as it was before normalisation
        to[place] =
            isBorder ? T(feed.offsetOf(size_t(place))) : from[c * alongChannel + (above * width + left) * alongRow];
      }
}

void Augmentation::apply(std::span<const int64_t> rows, int64_t epoch) {
  source.restore();
  const Array &batch = source.fill(input, rows);
  Array changed(batch.dtype, batch.shape);
  withElementType(batch.dtype, [&](auto element) {
    const auto *from = reinterpret_cast<const decltype(element) *>(batch.data());
    auto *to = reinterpret_cast<decltype(element) *>(changed.data());
    for (int64_t row : rows) {
      copy(from, to, choosePlaces(row, epoch));
      from += channels * height * width;
      to += channels * height * width;
    }
  });
  source.replace(input, std::move(changed));
}

} // namespace ingot
