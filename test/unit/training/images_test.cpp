// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// PNG and JPEG files, written here by the same libraries' other half.
#include "Dataset.h"
#include "Readers.h"

#include "Failing.h"
#include "TemporaryFolder.h"

#include <cstdio>
#include <gtest/gtest.h>
#include <jpeglib.h>
#include <png.h>

using namespace ingot;

namespace {

void writePng(const std::string &path, unsigned width, unsigned height, uint32_t format, const std::string &pixels) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = format;
  ASSERT_TRUE(png_image_write_to_file(&image, path.c_str(), 0, pixels.data(), 0, nullptr)) << image.message;
}

void writeJpeg(const std::string &path, unsigned width, unsigned height, const std::string &grey) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  FILE *file = std::fopen(path.c_str(), "wb");
  jpeg_stdio_dest(&info, file);
  info.image_width = width;
  info.image_height = height;
  info.input_components = 1;
  info.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 100, TRUE);
  jpeg_start_compress(&info, TRUE);
  for (unsigned y = 0; y < height; ++y) {
    auto *row = reinterpret_cast<JSAMPROW>(const_cast<char *>(grey.data() + y * width));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::fclose(file);
}

std::vector<int> valuesOf(const Array &array) {
  std::vector<int> values;
  for (int64_t i = 0; i < array.count(); ++i)
    values.push_back(int(array.at(i)));
  return values;
}

TEST(Images, folders_are_classes_and_rows_are_channels_first) {
  TemporaryFolder folder;
  writePng(folder.path / "dog/1.png", 2, 1, PNG_FORMAT_RGB, "abcdef");
  writePng(folder.path / "cat/deep/1.PNG", 2, 1, PNG_FORMAT_GRAY, "xy");
  folder.write("cat/notes.txt", "no image");
  DataOptions options;
  options.channels = 3;
  Dataset data = readDataset({folder.path}, options);
  EXPECT_EQ(data.classes, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(data.arrays["features"].shape, (std::vector<int64_t>{2, 3, 1, 2}));
  EXPECT_EQ(valuesOf(data.arrays["features"]),
            (std::vector<int>{'x', 'y', 'x', 'y', 'x', 'y', 'a', 'd', 'b', 'e', 'c', 'f'}));
  EXPECT_EQ(valuesOf(data.arrays["target"]), (std::vector<int>{0, 1}));
}

TEST(Images, may_have_channels_last) {
  TemporaryFolder folder;
  writePng(folder.path / "a/1.png", 2, 1, PNG_FORMAT_RGB, "abcdef");
  DataOptions options;
  options.isChannelsLast = true;
  Dataset data = readDataset({folder.path}, options);
  EXPECT_EQ(data.arrays["features"].shape, (std::vector<int64_t>{1, 1, 2, 3}));
  EXPECT_EQ(valuesOf(data.arrays["features"]), (std::vector<int>{'a', 'b', 'c', 'd', 'e', 'f'}));
}

TEST(Images, jpeg_keeps_its_grey) {
  TemporaryFolder folder;
  std::string path = folder.path / "a.jpg";
  writeJpeg(path, 9, 7, std::string(63, '\x64'));
  Array image = readImage(path, 0);
  EXPECT_EQ(image.shape, (std::vector<int64_t>{7, 9, 1}));
  EXPECT_EQ(valuesOf(image), std::vector<int>(63, 100));
  EXPECT_EQ(readImage(path, 3).shape, (std::vector<int64_t>{7, 9, 3}));
}

TEST(Images, damaged_files_are_named) {
  TemporaryFolder folder;
  writeJpeg(folder.path / "a.jpg", 64, 64, std::string(4096, 'x'));
  std::string whole = readBytes(folder.path / "a.jpg");
  std::string cut = folder.write("c/cut.jpg", whole.substr(0, whole.size() / 2));
  EXPECT_TRUE(contains(failing([&] { readImage(cut, 0); }), "cut.jpg: error: not a readable JPEG image: "));
  writePng(folder.path / "b.png", 4, 4, PNG_FORMAT_GRAY, std::string(16, 'x'));
  std::string half = folder.write("c/half.png", readBytes(folder.path / "b.png").substr(0, 50));
  EXPECT_TRUE(contains(failing([&] { readImage(half, 0); }), "half.png: error: not a readable PNG image: "));
  EXPECT_TRUE(contains(failing([&] { readImage(folder.write("c/no.png", "text"), 0); }), "neither a PNG nor a JPEG"));
}

TEST(Images, other_sizes_are_brought_to_one) {
  TemporaryFolder folder;
  writePng(folder.path / "a/1.png", 2, 2, PNG_FORMAT_GRAY, "aaaa");
  writePng(folder.path / "a/2.png", 4, 6, PNG_FORMAT_GRAY, std::string(24, 'b'));
  EXPECT_EQ(valuesOf(readDataset({folder.path}, {}).arrays["features"]),
            (std::vector<int>{'a', 'a', 'a', 'a', 'b', 'b', 'b', 'b'}));
}

TEST(Images, one_file_is_one_row) {
  TemporaryFolder folder;
  writePng(folder.path / "one.PNG", 3, 2, PNG_FORMAT_GRAY, "abcdef");
  Dataset data = readDataset({folder.path / "one.PNG"}, {});
  EXPECT_EQ(data.arrays["features"].shape, (std::vector<int64_t>{1, 1, 2, 3}));
  EXPECT_FALSE(data.arrays.count("target"));
  DataOptions options;
  options.fit({4, 6, 3});
  EXPECT_TRUE(options.isChannelsLast);
  EXPECT_EQ(readDataset({folder.path / "one.PNG"}, options).arrays["features"].shape,
            (std::vector<int64_t>{1, 4, 6, 3}));
  options = {};
  options.fit({1, -1, 6});
  EXPECT_EQ(readDataset({folder.path / "one.PNG"}, options).arrays["features"].shape,
            (std::vector<int64_t>{1, 1, 2, 6}));
}

// Halved, a pixel is (3 a + 3 b + c) / 7 of its two pixels and the next one; doubled, it lies between two, 3 : 1.
TEST(Images, resizing_weighs_by_a_triangle) {
  Array row(INGOT_U8, {1, 4, 1});
  for (int i = 0; i < 4; ++i)
    row.data()[i] = char(40 * i);
  EXPECT_EQ(valuesOf(resizeImage(row, 1, 2)), (std::vector<int>{29, 91}));
  EXPECT_EQ(valuesOf(resizeImage(row, 1, 8)), (std::vector<int>{0, 10, 30, 50, 70, 90, 110, 120}));
}

} // namespace
