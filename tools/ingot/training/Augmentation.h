// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Training images seen a little differently in every epoch: mirrored, cropped, moved.
#pragma once
#include "Learner.h"

namespace ingot {

/// In this order; distances are pixels, 0: not.
struct AugmentationOptions {
  /// Left and right, up and down change places in every second image.
  bool flips = false, flipsVertically = false;
  /// The image with a black border of so many pixels, cut to its size at any place.
  int64_t padding = 0;
  /// The image moved by up to so many pixels; its edges repeat.
  int64_t shift = 0;

  bool isNone() const { return !flips && !flipsVertically && padding == 0 && shift == 0; }
};

/// From the words of the command line: flip, flip-vertical, crop:padding=4, shift:pixels=2.
AugmentationOptions parseAugmentation(const std::vector<std::string> &words);

class Augmentation {
public:
  /// Changes what `input` of the source has, rows of [channels, height, width], [height, width, channels] or
  /// [height, width]. The source must outlive this. A Failure says that the rows are no images, or too small.
  Augmentation(Learner::Source &source, const std::string &input, bool isChannelsLast,
               const AugmentationOptions &options, uint64_t seed);

  /// Lets the source give changed rows in the place of these, until it is restored. How a row is changed follows from
  /// the seed, the epoch and the row's number alone, and so neither from batches and ranks nor from interruptions.
  void apply(std::span<const int64_t> rows, int64_t epoch);

private:
  /// Where each place of the changed image comes from: columns and rows of the given one, -1 for the border.
  struct Places {
    std::vector<int64_t> rows, columns;
  };
  Places choosePlaces(int64_t row, int64_t epoch) const;
  template <typename T>
  void copy(const T *from, T *to, const Places &places) const;

  Learner::Source &source;
  std::string input;
  AugmentationOptions options;
  uint64_t seed;
  int64_t channels = 1, height = 0, width = 0;
  bool isChannelsLast;
};

} // namespace ingot
