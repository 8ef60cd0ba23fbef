// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pixels of PNG and JPEG files, by libpng and libjpeg.
#include "Failure.h"
#include "Readers.h"

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <jpeglib.h>
#include <png.h>

namespace ingot {
namespace {

// Beyond this an image is an attack, or no training example.
constexpr uint64_t mostPixels = uint64_t(1) << 28;

void checkSize(const std::string &path, uint64_t height, uint64_t width) {
  if (height * width > mostPixels)
    throw Failure(exitBadInput, path, fmt::format("the image is too large: {} x {} pixels", width, height));
}

Array readPng(const std::string &path, const std::string &bytes, int64_t channels) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()))
    throw Failure(exitBadInput, path, fmt::format("not a readable PNG image: {}", image.message));
  if (channels == 0)
    channels = image.format & PNG_FORMAT_FLAG_COLOR ? 3 : 1;
  image.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  if (uint64_t(image.height) * image.width > mostPixels)
    png_image_free(&image);
  checkSize(path, image.height, image.width);
  Array pixels(INGOT_U8, {image.height, image.width, channels});
  png_color background = {0, 0, 0}; // what shines through transparent pixels
  if (!png_image_finish_read(&image, &background, pixels.data(), 0, nullptr))
    throw Failure(exitBadInput, path, fmt::format("not a readable PNG image: {}", image.message));
  return pixels;
}

struct JpegErrors {
  jpeg_error_mgr manager;
  std::jmp_buf exit;
  char text[JMSG_LENGTH_MAX];
};

void leave(j_common_ptr info) {
  auto *errors = reinterpret_cast<JpegErrors *>(info->err);
  errors->manager.format_message(info, errors->text);
  std::longjmp(errors->exit, 1);
}

void warn(j_common_ptr info, int level) {
  if (level < 0) // damaged data: half an image is not what its label says
    leave(info);
}

// The library reports errors by jumping, so nothing here has a destructor. `rows` null: only the header is read.
bool decodeJpeg(const std::string &bytes, J_COLOR_SPACE space, int64_t *height, int64_t *width, int *channels,
                unsigned char *rows, JpegErrors &errors) {
  jpeg_decompress_struct info;
  info.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = leave;
  errors.manager.emit_message = warn;
  if (setjmp(errors.exit)) {
    jpeg_destroy_decompress(&info);
    return false;
  }
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size());
  jpeg_read_header(&info, TRUE);
  *height = info.image_height;
  *width = info.image_width;
  *channels = info.num_components == 1 ? 1 : 3;
  if (rows) {
    info.out_color_space = space;
    jpeg_start_decompress(&info);
    size_t pitch = size_t(info.output_width) * size_t(info.output_components);
    while (info.output_scanline < info.output_height) {
      JSAMPROW row = rows + info.output_scanline * pitch;
      jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
  }
  jpeg_destroy_decompress(&info);
  return true;
}

Array readJpeg(const std::string &path, const std::string &bytes, int64_t channels) {
  JpegErrors errors = {};
  int64_t height, width;
  int own;
  if (!decodeJpeg(bytes, JCS_UNKNOWN, &height, &width, &own, nullptr, errors))
    throw Failure(exitBadInput, path, fmt::format("not a readable JPEG image: {}", errors.text));
  checkSize(path, uint64_t(height), uint64_t(width));
  channels = channels ? channels : own;
  Array pixels(INGOT_U8, {height, width, channels});
  J_COLOR_SPACE space = channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
  if (!decodeJpeg(bytes, space, &height, &width, &own, reinterpret_cast<unsigned char *>(pixels.data()), errors))
    throw Failure(exitBadInput, path, fmt::format("not a readable JPEG image: {}", errors.text));
  return pixels;
}

// For each new position along an axis: the first old one that counts, and the weights of it and its followers, which
// sum to 1. Shrinking widens the triangle to the pixels covered; growing interpolates between two.
struct Taps {
  int64_t first;
  std::vector<double> weights;
};

std::vector<Taps> tapsOf(int64_t from, int64_t to) {
  std::vector<Taps> all;
  double ratio = double(from) / double(to), reach = std::max(ratio, 1.0);
  for (int64_t i = 0; i < to; ++i) {
    double centre = (double(i) + 0.5) * ratio;
    auto begin = std::max<int64_t>(0, int64_t(std::floor(centre - reach + 0.5)));
    auto end = std::min<int64_t>(from, int64_t(std::floor(centre + reach + 0.5)));
    Taps taps{begin, {}};
    double sum = 0;
    for (int64_t j = begin; j < end; ++j) {
      taps.weights.push_back(std::max(0.0, 1 - std::abs((double(j) + 0.5 - centre) / reach)));
      sum += taps.weights.back();
    }
    for (double &weight : taps.weights)
      weight /= sum;
    all.push_back(std::move(taps));
  }
  return all;
}

} // namespace

Array readImage(const std::string &path, int64_t channels) {
  std::string bytes = readBytes(path);
  if (bytes.compare(0, 4, "\x89PNG") == 0)
    return readPng(path, bytes, channels);
  if (bytes.compare(0, 2, "\xff\xd8") == 0)
    return readJpeg(path, bytes, channels);
  throw Failure(exitBadInput, path, "neither a PNG nor a JPEG image");
}

Array resizeImage(const Array &image, int64_t height, int64_t width) {
  int64_t oldHeight = image.shape[0], oldWidth = image.shape[1], channels = image.shape[2];
  std::vector<Taps> columns = tapsOf(oldWidth, width), lines = tapsOf(oldHeight, height);
  const auto *from = reinterpret_cast<const unsigned char *>(image.data());
  std::vector<double> wide(size_t(oldHeight * width * channels));
  for (int64_t y = 0; y < oldHeight; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (size_t k = 0; k < columns[size_t(x)].weights.size(); ++k)
        for (int64_t c = 0; c < channels; ++c)
          wide[size_t((y * width + x) * channels + c)] +=
              columns[size_t(x)].weights[k] *
              from[(y * oldWidth + columns[size_t(x)].first + int64_t(k)) * channels + c];
  Array result(INGOT_U8, {height, width, channels});
  for (int64_t y = 0; y < height; ++y)
    for (int64_t i = 0; i < width * channels; ++i) {
      const Taps &taps = lines[size_t(y)];
      double sum = 0;
      for (size_t k = 0; k < taps.weights.size(); ++k)
        sum += taps.weights[k] * wide[size_t((taps.first + int64_t(k)) * width * channels + i)];
      result.data()[y * width * channels + i] =
          char(static_cast<unsigned char>(std::lround(std::clamp(sum, 0.0, 255.0))));
    }
  return result;
}

} // namespace ingot
