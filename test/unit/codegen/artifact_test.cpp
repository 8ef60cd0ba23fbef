// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whole artifacts from a small program whose code is C: the files work, and nothing else is left in the folder.
#include "codegen/Codegen.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/TargetParser/Host.h"

#include <dlfcn.h>
#include <filesystem>
#include <gtest/gtest.h>

using namespace ingot;
namespace fs = std::filesystem;

namespace {

class ArtifactTest : public testing::Test {
protected:
  void SetUp() override {
    folder = fs::temp_directory_path() / ("ingot-artifact-" + std::to_string(getpid()));
    fs::create_directory(folder);
  }
  void TearDown() override { fs::remove_all(folder); }

  Artifact makeArtifact(std::string name) {
    Artifact artifact;
    ProgramDescription &program = artifact.program;
    program.name = name;
    program.source = "small.onnx";
    program.triple = llvm::sys::getDefaultTargetTriple();
    program.symbols = {{"n", 0, 1000}};
    mlir::AffineExpr n = mlir::getAffineSymbolExpr(0, &context);
    program.inputs = {{"x", INGOT_F32, {n}}};
    program.outputs = {{"sum", INGOT_F32, {}}};
    program.launches = {"scale", "sum"};
    program.constantBytes = 68;
    program.slots = {n * 4};
    artifact.variants.push_back({"x86-64", 0, {}});
    artifact.variants[0].objects.push_back(std::move(*llvm::MemoryBuffer::getFile(KERNELS_OBJECT)));
    artifact.constants.push_back({64, 4, [](llvm::MutableArrayRef<char> bytes) {
                                    float factor = 2;
                                    memcpy(bytes.data(), &factor, sizeof factor);
                                  }});
    return artifact;
  }

  std::string write(const Artifact &artifact, std::string file) {
    messages.clear();
    mlir::ScopedDiagnosticHandler handler(&context,
                                          [&](mlir::Diagnostic &diagnostic) { messages += diagnostic.str(); });
    std::string path = folder / file;
    succeeded = mlir::succeeded(writeArtifact(artifact, path, mlir::UnknownLoc::get(&context)));
    return path;
  }

  std::vector<std::string> listFolder() {
    std::vector<std::string> names;
    for (auto &entry : fs::directory_iterator(folder))
      names.push_back(entry.path().filename());
    llvm::sort(names);
    return names;
  }

  std::string readFile(const std::string &path) { return llvm::MemoryBuffer::getFile(path).get()->getBuffer().str(); }

  mlir::MLIRContext context;
  fs::path folder;
  std::string messages;
  bool succeeded = false;
};

using RunFunction = int (*)(const int64_t *, const float *, float *);

TEST_F(ArtifactTest, SharedLibraryRuns) {
  std::string path = write(makeArtifact("small"), "libsmall.so");
  ASSERT_TRUE(succeeded) << messages;
  EXPECT_EQ(listFolder(), (std::vector<std::string>{"libsmall.so", "small.h"}));
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_TRUE(library) << dlerror();
  auto run = reinterpret_cast<RunFunction>(dlsym(library, "small_run"));
  ASSERT_TRUE(run);
  std::vector<float> x(500, 0.5f);
  float sum = 0;
  int64_t n = 500;
  EXPECT_EQ(run(&n, x.data(), &sum), 0);
  EXPECT_EQ(sum, 500);
  n = 1001;
  EXPECT_EQ(run(&n, x.data(), &sum), INGOT_INVALID);
  auto error = reinterpret_cast<const char *(*)()>(dlsym(library, "small_error"));
  EXPECT_STREQ(error(), "dimension \"n\" is 1001, expected 0 to 1000");
}

TEST_F(ArtifactTest, NeedsOnlyLibcAndExportsOnlyItsName) {
  std::string path = write(makeArtifact("small"), "libsmall.so");
  std::string list =
      "ldd " + path + " | grep -vE 'linux-vdso|ld-linux' | grep -cvE 'libc.so|libm.so' > " + path + ".txt";
  EXPECT_NE(std::system(list.c_str()), 0) << readFile(path + ".txt");
  std::string names = "nm -D --defined-only " + path + " | awk '{print $3}' | sort | tr '\\n' ' ' > " + path + ".txt";
  ASSERT_EQ(std::system(names.c_str()), 0);
  EXPECT_EQ(readFile(path + ".txt"), "ingot_process_v1 small_error small_model small_run ");
}

TEST_F(ArtifactTest, TwoLibrariesShareOnePool) {
  std::string one = write(makeArtifact("one"), "libone.so"), two = write(makeArtifact("two"), "libtwo.so");
  void *first = dlopen(one.c_str(), RTLD_NOW | RTLD_LOCAL), *second = dlopen(two.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_TRUE(first && second);
  using GetModel = const ingot_model *(*)();
  const ingot_model *modelOne = reinterpret_cast<GetModel>(dlsym(first, "one_model"))();
  const ingot_model *modelTwo = reinterpret_cast<GetModel>(dlsym(second, "two_model"))();
  ASSERT_NE(modelOne, modelTwo);
  EXPECT_NE(modelOne->functions, modelTwo->functions);
  EXPECT_EQ(ingot_set_threads(modelOne, 3), INGOT_OK);
  EXPECT_EQ(ingot_threads(modelTwo), 3);
}

TEST_F(ArtifactTest, StaticLibrariesAndObjectsLinkTogether) {
  write(makeArtifact("one"), "libone.a");
  ASSERT_TRUE(succeeded) << messages;
  write(makeArtifact("two"), "two.o");
  ASSERT_TRUE(succeeded) << messages;
  EXPECT_EQ(listFolder(), (std::vector<std::string>{"libone.a", "one.h", "two.h", "two.o"}));
  std::string source = folder / "main.c", program = folder / "main";
  std::error_code error;
  llvm::raw_fd_ostream(source, error) << R"(
#include "one.h"
#include "two.h"
int main(void) {
  float x[3] = {1, 2, 3}, a, b;
  one_dims first = {3};
  two_dims second = {2};
  return one_run(&first, x, &a) || two_run(&second, x, &b) || a != 12 || b != 6;
}
)";
  std::string compile = std::string(C_COMPILER) + " -Wall -Werror " + source + " " + (folder / "two.o").string() +
                        " -L" + folder.string() + " -lone -o " + program;
  ASSERT_EQ(std::system(compile.c_str()), 0);
  EXPECT_EQ(std::system(program.c_str()), 0);
}

TEST_F(ArtifactTest, CppHeaderWrapsASession) {
  Artifact artifact = makeArtifact("small");
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) { messages += diagnostic.str(); });
  ASSERT_TRUE(
      mlir::succeeded(writeArtifact(artifact, (folder / "small.a").string(), mlir::UnknownLoc::get(&context), true)))
      << messages;
  EXPECT_EQ(listFolder(), (std::vector<std::string>{"small.a", "small.h", "small.hpp"}));
  std::string source = folder / "main.cpp", program = folder / "main";
  std::error_code error;
  llvm::raw_fd_ostream(source, error) << R"(
#include "small.hpp"
#include <cstring>
int main() {
  small::Session session;
  float x[3] = {1, 2, 3}, sum = 0;
  session.run({3}, x, &sum);
  if (sum != 12)
    return 1;
  try {
    session.run({-1}, x, &sum);
  } catch (const ingot::Error &error) {
    return std::strcmp(error.what(), "input \"x\": dimension 0 is negative") ? 2 : 0;
  }
  return 3;
}
)";
  std::string compile = std::string(C_COMPILER) + " -x c++ -std=c++17 -Wall -Werror -I" RUNTIME_INCLUDE " " + source +
                        " -x none " + (folder / "small.a").string() + " -lstdc++ -o " + program;
  ASSERT_EQ(std::system(compile.c_str()), 0);
  EXPECT_EQ(std::system(program.c_str()), 0);
}

TEST_F(ArtifactTest, SameInputGivesTheSameBytes) {
  std::string first = readFile(write(makeArtifact("small"), "libsmall.so"));
  EXPECT_EQ(readFile(write(makeArtifact("small"), "libsmall.so")) == first, true);
}

TEST_F(ArtifactTest, FailureLeavesNothingBehind) {
  Artifact artifact = makeArtifact("small");
  artifact.variants[0].isa = "x86-64-v9"; // its entry is not in the object
  write(artifact, "libsmall.so");
  EXPECT_FALSE(succeeded);
  EXPECT_NE(messages.find("undefined hidden symbol: ingot_entry_x86_64_v9"), std::string::npos) << messages;
  EXPECT_TRUE(listFolder().empty());
  write(makeArtifact("small"), "libsmall.dll");
  EXPECT_NE(messages.find("the ending must be .so, .a or .o"), std::string::npos) << messages;
  write(makeArtifact("small"), "missing/libsmall.so");
  EXPECT_NE(messages.find("cannot write"), std::string::npos) << messages;
}

TEST_F(ArtifactTest, HeaderNamesAreIdentifiers) {
  Artifact artifact = makeArtifact("small");
  artifact.program.inputs[0].name = "input.1 */";
  artifact.program.outputs[0].name = "default";
  std::string header = formatHeader(artifact.program);
  EXPECT_NE(header.find("int small_run(const small_dims *dims, const float *input_1___, float *default_);"),
            std::string::npos)
      << header;
  EXPECT_NE(header.find("/* input \"input.1 _/\": float32[n] */"), std::string::npos) << header;
}

} // namespace
