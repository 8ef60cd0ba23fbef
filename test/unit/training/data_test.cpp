// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Readers of tables and of MNIST's and CIFAR's files.
#include "Dataset.h"

#include "Failing.h"
#include "TemporaryFolder.h"

#include <gtest/gtest.h>
#include <zlib.h>

using namespace ingot;

namespace {

std::vector<double> valuesOf(const Array &array) {
  std::vector<double> values;
  for (int64_t i = 0; i < array.count(); ++i)
    values.push_back(array.at(i));
  return values;
}

std::string readingFails(const std::string &path, const DataOptions &options = {}) {
  return failing([&] { readDataset({path}, options); });
}

DataOptions withTarget(const std::string &target) {
  DataOptions options;
  options.target = target;
  return options;
}

TEST(Csv, columns_but_the_target_are_features) {
  TemporaryFolder folder;
  std::string path = folder.write("a.csv", "a,\"b \"\"x\"\"\",y\r\n1,2.5,0\r\n\r\n-3e1, +4 ,1\r\n");
  Dataset data = readDataset({path}, withTarget("y"));
  EXPECT_EQ(data.arrays["features"].shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(valuesOf(data.arrays["features"]), (std::vector<double>{1, 2.5, -30, 4}));
  EXPECT_EQ(valuesOf(data.arrays["target"]), (std::vector<double>{0, 1}));
}

TEST(Csv, words_in_the_target_are_classes) {
  TemporaryFolder folder;
  std::string path = folder.write("a.csv", "target;a;id\nsetosa;1;x\n\"rose;red\";2;y\nsetosa;3;z\n");
  DataOptions options;
  options.dropped = {"id"};
  Dataset data = readDataset({path}, options);
  EXPECT_EQ(data.classes, (std::vector<std::string>{"rose;red", "setosa"}));
  EXPECT_EQ(valuesOf(data.arrays["target"]), (std::vector<double>{1, 0, 1}));
  options.classes = {"iris", "setosa"};
  EXPECT_TRUE(contains(readingFails(path, options), "class \"rose;red\" does not occur in the training data"));
}

TEST(Csv, mistakes_are_located) {
  TemporaryFolder folder;
  std::string good = folder.write("good.csv", "a,b,y\n1,2,3\n");
  EXPECT_TRUE(contains(readingFails(good, withTarget("z")), "there is no column \"z\"; there are a, b, y"));
  EXPECT_TRUE(contains(readingFails(good), "there is no column \"target\" (--target names the column of targets)"));
  EXPECT_TRUE(contains(readingFails(folder.write("w.csv", "a,b,y\n1,2,3\n4,x,6\n"), withTarget("y")),
                       "line 3, column \"b\": \"x\" is not a number"));
  EXPECT_TRUE(
      contains(readingFails(folder.write("n.csv", "a,b,y\n1,nan,3\n"), withTarget("y")), "\"nan\" is not a number"));
  EXPECT_TRUE(contains(readingFails(folder.write("s.csv", "a,b,y\n1,2\n"), withTarget("y")),
                       "line 2 has 2 fields, but the header has 3"));
  EXPECT_TRUE(contains(readingFails(folder.write("q.csv", "a,b,y\n1,\"2,3\n"), withTarget("y")),
                       "line 2: a quotation mark is not closed"));
  EXPECT_TRUE(contains(readingFails(folder.write("e.csv", "")), "the file is empty"));
  EXPECT_TRUE(contains(readingFails(folder.write("h.csv", "a,y\n"), withTarget("y")), "there are no examples"));
}

std::string idx(const std::string &type, const std::vector<int> &dims, const std::string &elements) {
  std::string bytes = std::string(2, '\0') + type + char(dims.size());
  for (int dim : dims)
    bytes += {char(dim >> 24), char(dim >> 16), char(dim >> 8), char(dim)};
  return bytes + elements;
}

TEST(Idx, labels_are_found_beside_the_images) {
  TemporaryFolder folder;
  std::string images = folder.write("train-images-idx3-ubyte", idx("\x08", {2, 1, 2}, "\x01\x02\xff\x04"));
  folder.write("train-labels-idx1-ubyte", idx("\x08", {2}, "\x07\x03"));
  Dataset data = readDataset({images}, {});
  EXPECT_EQ(data.arrays["features"].shape, (std::vector<int64_t>{2, 1, 2}));
  EXPECT_EQ(valuesOf(data.arrays["features"]), (std::vector<double>{1, 2, 255, 4}));
  EXPECT_EQ(valuesOf(data.arrays["target"]), (std::vector<double>{7, 3}));
}

TEST(Idx, may_be_gzipped_and_have_wide_elements) {
  TemporaryFolder folder;
  std::string images = folder.path / "x-idx.gz", bytes = idx("\x0b", {2, 1}, std::string("\x01\x02\xff\xfe", 4));
  gzFile file = gzopen(images.c_str(), "wb");
  gzwrite(file, bytes.data(), unsigned(bytes.size()));
  gzclose(file);
  std::string labels = folder.write("y", idx("\x08", {2}, std::string("\x00\x01", 2)));
  EXPECT_EQ(valuesOf(readDataset({images}, withTarget(labels)).arrays["features"]), (std::vector<double>{258, -2}));
}

TEST(Idx, mistakes_are_named) {
  TemporaryFolder folder;
  std::string images = folder.write("a-images-idx3-ubyte", idx("\x08", {2, 2}, "abc"));
  EXPECT_TRUE(contains(readingFails(images), "its header promises 4 bytes of elements, but there are 3"));
  std::string huge = folder.write("h", idx("\x0e", {0x7fffffff, 0x7fffffff, 0x7fffffff}, ""));
  EXPECT_TRUE(contains(readingFails(huge, withTarget(huge)), "larger than any memory"));
  std::string right = folder.write("r", idx("\x08", {2}, "ab")), three = folder.write("t", idx("\x08", {3}, "abc"));
  EXPECT_TRUE(contains(readingFails(right, withTarget(three)), "3 labels for 2 examples"));
  EXPECT_TRUE(contains(readingFails(right), "which file holds the labels?"));
}

TEST(Cifar, a_folder_is_its_training_files_in_order) {
  TemporaryFolder folder;
  std::string pixels(3072, '\x05');
  folder.write("data_batch_2.bin", '\x02' + pixels);
  folder.write("data_batch_1.bin", '\x01' + pixels + '\x09' + pixels);
  std::string test = folder.write("test_batch.bin", '\x04' + pixels);
  folder.write("batches.meta.txt", "plane\ncar\n\n");
  Dataset data = readDataset({folder.path}, {});
  EXPECT_EQ(data.arrays["features"].shape, (std::vector<int64_t>{3, 3, 32, 32}));
  EXPECT_EQ(valuesOf(data.arrays["target"]), (std::vector<double>{1, 9, 2}));
  EXPECT_EQ(data.classes, (std::vector<std::string>{"plane", "car"}));
  EXPECT_EQ(valuesOf(readDataset({test}, {}).arrays["target"]), (std::vector<double>{4}));
  DataOptions last;
  last.isChannelsLast = true;
  EXPECT_EQ(readDataset({test}, last).arrays["features"].shape, (std::vector<int64_t>{1, 32, 32, 3}));
  EXPECT_TRUE(contains(readingFails(folder.write("cut.bin", pixels)), "3072 bytes are no whole number"));
}

TEST(Dataset, parts_follow_each_other) {
  TemporaryFolder folder;
  std::string first = folder.write("1.csv", "a,target\n1,x\n2,y\n"), second = folder.write("2.csv", "a,target\n3,y\n");
  Dataset data = readDataset({first, second}, {});
  EXPECT_EQ(valuesOf(data.arrays["features"]), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(valuesOf(data.arrays["target"]), (std::vector<double>{0, 1, 1}));
  std::string other = folder.write("3.csv", "a,b,target\n3,4,y\n");
  EXPECT_TRUE(contains(failing([&] { readDataset({first, other}, {}); }), "does not continue"));
}

TEST(Dataset, unknown_formats_are_refused) {
  TemporaryFolder folder;
  EXPECT_TRUE(contains(readingFails(folder.path / "none.npz"), "no such file or folder"));
  EXPECT_TRUE(contains(readingFails(folder.write("a.xls", "what")), "the format is not known"));
  EXPECT_TRUE(contains(readingFails(folder.path), "no class has a PNG or JPEG image"));
}

TEST(Npz, rows_must_agree) {
  TemporaryFolder folder;
  ArrayMap arrays;
  arrays["x"] = Array(INGOT_F32, {3, 2});
  arrays["y"] = Array(INGOT_I64, {2});
  std::string path = folder.path / "a.npz";
  writeNpz(path, arrays);
  EXPECT_TRUE(contains(readingFails(path), "\"y\" has 2 rows, but \"x\" has 3"));
  arrays["y"] = Array(INGOT_I64, {});
  writeNpz(path, arrays);
  EXPECT_TRUE(contains(readingFails(path), "\"y\" is a single number"));
}

} // namespace
