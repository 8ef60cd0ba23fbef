// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Picture.h"

#include "AtomicFile.h"
#include "Failure.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <png.h>

namespace ingot {
namespace {

constexpr int64_t gap = 4; // between images side by side

unsigned char *bytes(Array &image) { return reinterpret_cast<unsigned char *>(image.data()); }
const unsigned char *bytes(const Array &image) { return reinterpret_cast<const unsigned char *>(image.data()); }

unsigned char toByte(double value) { return static_cast<unsigned char>(std::lround(std::clamp(value, 0.0, 255.0))); }

// The magnitude that gets full colour: that of the strongest hundredth of the pixels.
double fullColour(std::span<const double> map) {
  std::vector<double> magnitudes;
  for (double value : map)
    if (std::isfinite(value))
      magnitudes.push_back(std::abs(value));
  if (magnitudes.empty())
    return 0;
  auto nth = magnitudes.begin() + std::ptrdiff_t(magnitudes.size() * 99 / 100);
  std::nth_element(magnitudes.begin(), nth, magnitudes.end());
  return *nth > 0 ? *nth : *std::max_element(magnitudes.begin(), magnitudes.end());
}

// Where a new position lies among the centres of old cells: the cell before it, and the share of the next.
std::pair<int64_t, double> locate(int64_t position, int64_t from, int64_t to) {
  double centre = (double(position) + 0.5) * double(from) / double(to) - 0.5;
  double clamped = std::clamp(centre, 0.0, double(from - 1));
  auto before = std::min<int64_t>(int64_t(clamped), std::max<int64_t>(0, from - 2));
  return {before, from > 1 ? clamped - double(before) : 0.0};
}

} // namespace

std::optional<ImageForm> imageFormOf(const std::vector<int64_t> &shape) {
  auto isChannels = [](int64_t extent) { return extent == 1 || extent == 3; };
  if (shape.size() == 3 && isChannels(shape[0]))
    return ImageForm{shape[1], shape[2], shape[0], false};
  if (shape.size() == 3 && isChannels(shape[2]))
    return ImageForm{shape[0], shape[1], shape[2], true};
  return std::nullopt;
}

PixelRange pixelRangeOf(std::span<const double> row) {
  auto [least, greatest] = std::minmax_element(row.begin(), row.end());
  constexpr double leastBright = 64; // the greatest byte of an image, however dark
  if (row.empty() || (*least >= 0 && *greatest <= 255))
    return {0, row.empty() || *greatest >= leastBright ? 1 : 255 / std::max(1.0, *greatest)};
  return {*least, *greatest > *least ? 255 / (*greatest - *least) : 0};
}

Array pixelsOf(std::span<const double> row, const ImageForm &form, PixelRange range) {
  Array pixels(INGOT_U8, {form.height, form.width, 3});
  for (int64_t y = 0; y < form.height; ++y)
    for (int64_t x = 0; x < form.width; ++x)
      for (int64_t c = 0; c < 3; ++c)
        bytes(pixels)[(y * form.width + x) * 3 + c] =
            toByte((row[form.at(y, x, std::min(c, form.channels - 1))] - range.low) * range.scale);
  return pixels;
}

std::vector<double> mapOf(std::span<const double> attribution, const ImageForm &form, OverChannels rule) {
  std::vector<double> map;
  for (int64_t y = 0; y < form.height; ++y)
    for (int64_t x = 0; x < form.width; ++x) {
      double sum = 0, greatest = 0;
      for (int64_t c = 0; c < form.channels; ++c) {
        double value = attribution[form.at(y, x, c)];
        sum += value;
        greatest = std::max(greatest, std::abs(value));
      }
      map.push_back(rule == OverChannels::Sum ? sum : greatest);
    }
  return map;
}

std::vector<double> resizeMap(std::span<const double> map, int64_t height, int64_t width, int64_t newHeight,
                              int64_t newWidth) {
  std::vector<double> result;
  for (int64_t y = 0; y < newHeight; ++y) {
    auto [top, below] = locate(y, height, newHeight);
    for (int64_t x = 0; x < newWidth; ++x) {
      auto [left, right] = locate(x, width, newWidth);
      auto at = [&](int64_t i, int64_t j) {
        return map[size_t(std::min(i, height - 1) * width + std::min(j, width - 1))];
      };
      result.push_back(std::lerp(std::lerp(at(top, left), at(top, left + 1), right),
                                 std::lerp(at(top + 1, left), at(top + 1, left + 1), right), below));
    }
  }
  return result;
}

Array overlay(const Array &pixels, std::span<const double> map) {
  Array result(INGOT_U8, pixels.shape);
  double full = fullColour(map);
  for (size_t i = 0; i < map.size(); ++i) {
    const unsigned char *from = bytes(pixels) + 3 * i;
    double grey = 0.5 * (0.299 * from[0] + 0.587 * from[1] + 0.114 * from[2]); // dark, so that colours stand out
    double share = full > 0 && std::isfinite(map[i]) ? std::min(1.0, std::abs(map[i]) / full) : 0;
    const double red[] = {255, 64, 32}, blue[] = {48, 112, 255};
    for (size_t c = 0; c < 3; ++c)
      bytes(result)[3 * i + c] = toByte(std::lerp(grey, map[i] > 0 ? red[c] : blue[c], share));
  }
  return result;
}

Array enlarge(const Array &pixels, int64_t side) {
  int64_t height = pixels.shape[0], width = pixels.shape[1], smaller = std::max<int64_t>(1, std::min(height, width));
  int64_t times = std::max<int64_t>(1, (side + smaller - 1) / smaller);
  Array result(INGOT_U8, {height * times, width * times, 3});
  for (int64_t y = 0; y < height * times; ++y)
    for (int64_t x = 0; x < width * times; ++x)
      std::memcpy(bytes(result) + (y * width * times + x) * 3, bytes(pixels) + (y / times * width + x / times) * 3, 3);
  return result;
}

/// Images one after the other along an axis, 0 downwards or 1 to the right, with a white line between them.
static Array join(const std::vector<Array> &images, size_t axis) {
  std::vector<int64_t> shape = images.front().shape;
  shape[axis] = gap * int64_t(images.size() - 1);
  for (const Array &image : images)
    shape[axis] += image.shape[axis];
  Array result(INGOT_U8, shape);
  std::memset(result.data(), 255, result.bytes());
  int64_t corner[] = {0, 0};
  for (const Array &image : images) {
    for (int64_t y = 0; y < image.shape[0]; ++y)
      std::memcpy(bytes(result) + ((corner[0] + y) * shape[1] + corner[1]) * 3, bytes(image) + y * image.shape[1] * 3,
                  size_t(image.shape[1]) * 3);
    corner[axis] += image.shape[axis] + gap;
  }
  return result;
}

Array sideBySide(const std::vector<Array> &images) { return join(images, 1); }
Array stack(const std::vector<Array> &images) { return join(images, 0); }

void writePng(const std::string &path, const Array &pixels) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.height = png_uint_32(pixels.shape[0]);
  image.width = png_uint_32(pixels.shape[1]);
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::vector<char> file(size);
  if (!png_image_write_to_memory(&image, file.data(), &size, 0, pixels.data(), 0, nullptr))
    throw Failure(exitBug, path, std::string("the picture cannot be written: ") + image.message);
  AtomicFile target(path);
  target.write(file.data(), size);
  target.commit();
}

} // namespace ingot
