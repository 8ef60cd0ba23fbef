//===- import_test.cpp - What importOnnx keeps of a model -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Models in ONNX's own syntax; the operators' translation is tested in test/ops/<family>/import.onnxtext.
//
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "frontends/Frontend.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace ingot;

namespace {

class Import : public testing::Test {
protected:
  Import() {
    context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
      errors += describe(diagnostic.getLocation()) + ": " + diagnostic.str() + "\n";
      return success();
    });
  }

  ModuleOp import(StringRef text) {
    SmallString<128> path;
    int file;
    EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("model", "onnxtext", file, path));
    llvm::raw_fd_ostream(file, /*shouldClose=*/true) << text;
    module = importOnnx(path, options, &context);
    llvm::sys::fs::remove(path);
    return module.get();
  }

  func::FuncOp main() { return *module->getOps<func::FuncOp>().begin(); }

  template <typename Op>
  size_t count() {
    size_t number = 0;
    module->walk([&](Op) { ++number; });
    return number;
  }

  template <typename Op>
  Op only() {
    EXPECT_EQ(count<Op>(), 1u);
    Op found;
    module->walk([&](Op op) { found = op; });
    return found;
  }

  /// [min, max] of a symbol.
  std::vector<int64_t> bounds(StringRef symbol) {
    auto names = module->getOperation()->getAttrOfType<ArrayAttr>("ingot.symbols");
    auto ranges = module->getOperation()->getAttrOfType<ArrayAttr>("ingot.symbol_bounds");
    for (auto [name, range] : llvm::zip(names, ranges))
      if (cast<StringAttr>(name).getValue() == symbol)
        return cast<DenseI64ArrayAttr>(range).asArrayRef().vec();
    return {};
  }

  MLIRContext context;
  ImportOptions options;
  OwningOpRef<ModuleOp> module;
  std::string errors;
};

const char *const kRelu = R"(<ir_version: 8, opset_import: ["" : 17]>
relu (float[batch, 4] x) => (float[batch, 4] y) { y = Relu (x) })";

TEST_F(Import, keepsTheNamesOfInputsAndOutputs) {
  ASSERT_TRUE(import(kRelu));
  EXPECT_EQ(cast<StringAttr>(main().getArgAttr(0, "ingot.name")).getValue(), "x");
  EXPECT_EQ(cast<StringAttr>(main().getResultAttr(0, "ingot.name")).getValue(), "y");
}

TEST_F(Import, locatesAnUnnamedNodeByItsNumber) {
  ASSERT_TRUE(import(kRelu));
  auto node = findNode(only<ReluOp>().getLoc());
  ASSERT_TRUE(node);
  EXPECT_EQ(describe(*node), "node \"Relu#0\" (Relu-17, #0)");
}

TEST_F(Import, findsTheNodeThatAPassHasWrapped) {
  ASSERT_TRUE(import(kRelu));
  Location inner = only<ReluOp>().getLoc();
  Location outer =
      NameLoc::get(StringAttr::get(&context, "gradient"), FusedLoc::get(&context, {UnknownLoc::get(&context), inner}));
  auto node = findNode(outer);
  ASSERT_TRUE(node);
  EXPECT_EQ(node->name, "Relu#0");
}

TEST_F(Import, makesAPinnedDimensionConstant) {
  options.dims["batch"] = {8, 8};
  ASSERT_TRUE(import(kRelu));
  EXPECT_EQ(cast<RankedTensorType>(main().getArgumentTypes()[0]).getShape(), (ArrayRef<int64_t>{8, 4}));
}

TEST_F(Import, recordsTheBoundsOfADimension) {
  options.dims["batch"] = {1, 64};
  ASSERT_TRUE(import(kRelu));
  EXPECT_EQ(bounds("batch"), (std::vector<int64_t>{1, 64}));
}

TEST_F(Import, refusesANameThatNoDimensionHas) {
  options.dims["bach"] = {8, 8};
  EXPECT_FALSE(import(kRelu));
  EXPECT_EQ(errors, ": no dimension is named \"bach\"; this model's are batch\n");
}

TEST_F(Import, namesPinnedDimensionsAmongTheModels) {
  options.dims["batch"] = {1, 1};
  options.dims["bach"] = {8, 8};
  EXPECT_FALSE(import(kRelu));
  EXPECT_EQ(errors, ": no dimension is named \"bach\"; this model's are batch\n");
}

TEST_F(Import, boundsASymbolByWhatASliceNeeds) {
  ASSERT_TRUE(import(R"(<ir_version: 8, opset_import: ["" : 17]>
slice (float[seq, 4] x, float[512, 4] table) => (y)
<int64 zero = {0}, int64[1] start = {0}, int64[1] axis = {0}> {
  shape = Shape (x)
  length = Gather (shape, axis)
  part = Slice (table, start, length, axis)
  y = Add (x, part)
})"));
  EXPECT_EQ(bounds("seq"), (std::vector<int64_t>{0, 512}));
}

TEST_F(Import, makesOneConstantOfAWeightUsedTwice) {
  ASSERT_TRUE(import(R"(<ir_version: 8, opset_import: ["" : 17]>
twice (float[4] x) => (z) <float[4] w = {1, 2.5, 3, 4}> { y = Mul (x, w) z = Add (y, w) })"));
  EXPECT_EQ(count<ConstantOp>(), 1u);
}

TEST_F(Import, namesTheCallerOfAFunctionsNode) {
  ASSERT_TRUE(import(R"(<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
call (float[4] x) => (y) { [caller] y = local.Twice <factor = 2.0> (x) }
<opset_import: ["" : 17], domain: "local">
Twice <factor> (a) => (b) { c = Constant <value_float: float = @factor> () b = Mul (a, c) })"))
      << errors;
  auto node = findNode(only<MulOp>().getLoc());
  ASSERT_TRUE(node);
  EXPECT_EQ(node->op, "local.Twice");
}

TEST_F(Import, takesTheBranchThatAKnownConditionSelects) {
  ASSERT_TRUE(import(R"(<ir_version: 8, opset_import: ["" : 17]>
branch (float[4] x) => (y) <bool yes = {1}> {
  y = If (yes) <then_branch = a () => (float[4] t) { t = Relu (x) }, else_branch = b () => (float[4] e) { e = Exp (x) }>
})")) << errors;
  EXPECT_EQ(count<ReluOp>(), 1u);
  EXPECT_EQ(count<ExpOp>(), 0u);
}

TEST_F(Import, takesShapesThroughFloatingPoint) {
  // How old exporters double a map: the size as a real number, times the scale, and back.
  ASSERT_TRUE(import(R"(<ir_version: 8, opset_import: ["" : 17]>
scale (float[1, 2, h, 8] x) => (y) <int64[1] two = {2}, float[1] scale = {2}, int64[2] head = {1, 2}, int64[1] w = {16}> {
  shape = Shape (x)
  height = Gather (shape, two)
  real = Cast <to = 1> (height)
  scaled = Mul (real, scale)
  floored = Floor (scaled)
  whole = Cast <to = 7> (floored)
  sizes = Concat <axis = 0> (head, whole, w)
  y = Resize (x, , , sizes)
})")) << errors;
  SymbolScope scope(&context);
  EXPECT_EQ(scope.print(scope.dims(main().getResultTypes()[0])[2]), "h * 2");
}

TEST_F(Import, listsEveryOperatorItCannotImport) {
  EXPECT_FALSE(import(R"(<ir_version: 8, opset_import: ["" : 17]>
missing (float[4] x) => (y) { a = StringNormalizer (x) b = Odd (a) c = Odd (b) y = Relu (c) })"));
  EXPECT_EQ(errors, "node \"StringNormalizer#0\" (StringNormalizer-17, #0): the operator is not supported yet\n"
                    "node \"Odd#1\" (Odd-17, #1): there is no such operator in the operator sets that Ingot knows; it "
                    "is not supported; "
                    "it is also that of \"Odd#2\"\n");
}

TEST_F(Import, refusesADeclaredShapeThatTheGraphContradicts) {
  EXPECT_FALSE(import(R"(<ir_version: 8, opset_import: ["" : 17]>
wrong (float[2, 4] x) => (float[3, 4] y) { y = Relu (x) })"));
  EXPECT_EQ(errors, "tensor \"y\": is declared as 3x4, but the graph computes 2x4\n");
}

TEST(ImportableOperators, areManyAndHaveAFamily) {
  std::vector<ImportableOperator> operators = importableOperators();
  EXPECT_GT(operators.size(), 130u);
  for (const ImportableOperator &op : operators)
    EXPECT_FALSE(op.family.empty()) << op.name.str();
}

} // namespace
