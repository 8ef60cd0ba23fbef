// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What an explanation looks like: a map in colours over the image it explains.
#pragma once
#include "Array.h"
#include "Rows.h"

#include <optional>
#include <string>

namespace ingot {

/// How an image lies in a row: [channels, height, width], or with the channels last.
struct ImageForm {
  int64_t height, width, channels;
  bool isChannelsLast;

  /// Where in a row an element of a pixel lies.
  size_t at(int64_t y, int64_t x, int64_t channel) const {
    return size_t(isChannelsLast ? (y * width + x) * channels + channel : (channel * height + y) * width + x);
  }
};

/// The form of rows of three axes of which the first, or else the last, counts 1 or 3 channels.
std::optional<ImageForm> imageFormOf(const std::vector<int64_t> &shape);

/// From numbers to bytes: (number - low) * scale, limited to 0 ... 255.
struct PixelRange {
  double low, scale;
};

/// Numbers from 0 to 1 are multiplied by 255, those from 0 to 255 stay, unless none is bright (pixels of fewer bits);
/// others are stretched from the least to the greatest.
PixelRange pixelRangeOf(std::span<const double> row);

/// The image as grey or coloured pixels, uint8[height, width, 3].
Array pixelsOf(std::span<const double> row, const ImageForm &form, PixelRange range);

/// One number for each pixel, for one row of an image. `Sum` keeps the sign; `Greatest` is the greatest magnitude.
enum class OverChannels { Sum, Greatest };
std::vector<double> mapOf(std::span<const double> attribution, const ImageForm &form, OverChannels rule);

/// The map in another size, by linear interpolation between the centres of its cells.
std::vector<double> resizeMap(std::span<const double> map, int64_t height, int64_t width, int64_t newHeight,
                              int64_t newWidth);

/// The image in grey with the map in colours over it: red where the map is positive, blue where it is negative, the
/// stronger the further from 0. The strongest hundredth of the pixels has full colour.
Array overlay(const Array &pixels, std::span<const double> map);

/// Each pixel as a square, so many times that the image's smaller side has at least `side` pixels.
Array enlarge(const Array &pixels, int64_t side);

/// Images of one height side by side, with a white line between them.
Array sideBySide(const std::vector<Array> &images);
/// Images of one width one below the other.
Array stack(const std::vector<Array> &images);

/// Writes uint8[height, width, 3] as a PNG file; over an existing one only when all of it is written.
void writePng(const std::string &path, const Array &pixels);

} // namespace ingot
