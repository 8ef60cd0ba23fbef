// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Picture.h"

#include "Readers.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace ingot;

namespace {

std::vector<int> bytesOf(const Array &image) {
  auto *data = reinterpret_cast<const unsigned char *>(image.data());
  return {data, data + image.bytes()};
}

TEST(Picture, FormsOfImages) {
  EXPECT_EQ(imageFormOf({3, 9, 6})->height, 9);
  EXPECT_TRUE(imageFormOf({9, 6, 1})->isChannelsLast);
  EXPECT_FALSE(imageFormOf({9, 6}));
  EXPECT_FALSE(imageFormOf({2, 9, 6}));
}

TEST(Picture, NumbersBecomeBytes) {
  ImageForm form{1, 2, 1, false};
  auto pixels = [&](std::vector<double> row) {
    std::vector<int> all = bytesOf(pixelsOf(row, form, pixelRangeOf(row)));
    return std::vector<int>{all[0], all[3]};
  };
  EXPECT_EQ(pixels({0.2, 1}), (std::vector<int>{51, 255}));
  EXPECT_EQ(pixels({20, 200}), (std::vector<int>{20, 200}));
  EXPECT_EQ(pixels({4, 16}), (std::vector<int>{64, 255}));
  EXPECT_EQ(pixels({-1, 3}), (std::vector<int>{0, 255}));
  EXPECT_EQ(pixels({0, 0}), (std::vector<int>{0, 0}));
}

TEST(Picture, ChannelsBecomeOneMap) {
  std::vector<double> values{1, -2, -3, 1};
  EXPECT_EQ(mapOf(values, {1, 2, 2, false}, OverChannels::Sum), (std::vector<double>{-2, -1}));
  EXPECT_EQ(mapOf(values, {1, 2, 2, true}, OverChannels::Greatest), (std::vector<double>{2, 3}));
}

TEST(Picture, MapsGrowSmoothly) {
  std::vector<double> map{0, 4};
  EXPECT_EQ(resizeMap(map, 1, 2, 1, 4), (std::vector<double>{0, 1, 3, 4}));
  EXPECT_EQ(resizeMap(map, 2, 1, 4, 1), (std::vector<double>{0, 1, 3, 4}));
  EXPECT_EQ(resizeMap(std::vector<double>{7}, 1, 1, 2, 3), std::vector<double>(6, 7));
}

TEST(Picture, ColoursTellTheSign) {
  std::vector<double> grey{0.5, 0.5, 0.5}, map{1, -1, 0};
  ImageForm form{1, 3, 1, false};
  std::vector<int> pixels = bytesOf(overlay(pixelsOf(grey, form, {0, 255}), map));
  EXPECT_GT(pixels[0], pixels[2]); // red
  EXPECT_LT(pixels[3], pixels[5]); // blue
  EXPECT_EQ(pixels[6], pixels[8]); // grey
}

TEST(Picture, FilesCanBeReadAgain) {
  std::vector<double> row{0, 50, 100, 150, 200, 250};
  Array image = pixelsOf(row, {2, 3, 1, false}, {0, 1});
  std::vector<Array> panels;
  panels.push_back(enlarge(image, 4));
  panels.push_back(enlarge(image, 3));
  EXPECT_EQ(panels[0].shape, (std::vector<int64_t>{4, 6, 3}));
  Array both = sideBySide(panels);
  EXPECT_EQ(both.shape, (std::vector<int64_t>{4, 16, 3}));
  std::string path = std::filesystem::temp_directory_path() / ("ingot-picture-" + std::to_string(getpid()) + ".png");
  writePng(path, both);
  EXPECT_EQ(bytesOf(readImage(path, 3)), bytesOf(both));
  std::filesystem::remove(path);
  EXPECT_EQ(stack(panels).shape, (std::vector<int64_t>{12, 6, 3}));
}

} // namespace
