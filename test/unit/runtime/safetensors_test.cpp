// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Safetensors files: what is written is read, also by the format's definition, byte for byte. test/tools/state.test has
// the damaged ones.
#include "AtomicFile.h"
#include "Failure.h"
#include "Safetensors.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace ingot;

namespace {

class SafetensorsTest : public testing::Test {
protected:
  void SetUp() override { path = std::filesystem::temp_directory_path() / ("states-" + std::to_string(getpid())); }
  void TearDown() override { std::filesystem::remove(path); }

  std::string contents() {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string path;
};

TEST_F(SafetensorsTest, WritesTheFormat) {
  const float w[] = {1, 2};
  const char bytes[] = {7};
  writeSafetensors(path, {{"optimizer", "sgd"}},
                   {{"w", {INGOT_F32, {1, 2}, reinterpret_cast<const char *>(w), sizeof w}},
                    {"b", {INGOT_BOOL, {}, bytes, sizeof bytes}}});
  std::string header = R"({"__metadata__":{"optimizer":"sgd"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
                       R"("b":{"dtype":"BOOL","shape":[],"data_offsets":[8,9]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  uint64_t length = header.size();
  std::string expected(reinterpret_cast<const char *>(&length), sizeof length);
  expected += header + std::string(reinterpret_cast<const char *>(w), sizeof w) + std::string(bytes, 1);
  EXPECT_EQ(contents(), expected);
}

TEST_F(SafetensorsTest, ReadsWhatItWrote) {
  const int64_t numbers[] = {1, -2, 3, 1ll << 60, 5, 6};
  writeSafetensors(path, {{"a", "b\"c"}},
                   {{"empty", {INGOT_F64, {0, 3}, nullptr, 0}},
                    {"odd name \n", {INGOT_I64, {2, 3}, reinterpret_cast<const char *>(numbers), sizeof numbers}}});
  SafetensorsFile file = readSafetensors(path);
  EXPECT_EQ(file.metadata, (std::map<std::string, std::string>{{"a", "b\"c"}}));
  ASSERT_EQ(file.tensors.size(), 2u);
  EXPECT_EQ(file.tensors.at("empty").shape, (std::vector<int64_t>{0, 3}));
  const TensorView &tensor = file.tensors.at("odd name \n");
  EXPECT_EQ(tensor.dtype, INGOT_I64);
  ASSERT_EQ(tensor.bytes, sizeof numbers);
  EXPECT_EQ(std::memcmp(tensor.data, numbers, sizeof numbers), 0);
}

TEST_F(SafetensorsTest, AFailedWriteLeavesTheOldFile) {
  std::ofstream(path) << "old";
  { // destroyed without being committed
    AtomicFile file(path);
    file.write("new", 3);
  }
  EXPECT_THROW(writeSafetensors(path + "/file", {}, {}), Failure);
  EXPECT_EQ(contents(), "old");
}

} // namespace
