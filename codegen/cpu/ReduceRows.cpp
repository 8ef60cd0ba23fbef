//===- ReduceRows.cpp - Products of bytes ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where a product with int8 weights may compute in integers, its rows are rounded when the model runs, each with a
// scale of its own. They are stored with an offset of 128, as the instruction for it multiplies unsigned by signed
// bytes; what the offset adds to each column's sum is known when the model is compiled.
//
//   %y = kernel.launch @k(%x, %w, %s)                     with  matmul %x, (cast %w); mul %s
//   =>
//   %t, %i = kernel.launch @row_scales(%x)                t = max |x| / 127, i = 1 / t
//   %q = kernel.launch @row_bytes(%x, %i)                 q = x i + 128, to the nearest
//   %y = kernel.launch @k(%w, %s, %q, %t, %o)       with  matmul (cast %q), (cast %w); sub %o; mul %t; mul %s
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/ConstantElements.h"
#include "codegen/cpu/Packing.h"
#include "mlir/IR/AsmState.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

RankedTensorType withElement(RankedTensorType type, Type element) {
  return RankedTensorType::get(type.getShape(), element, type.getEncoding());
}

/// Whether every result pixel of a convolution is a product with the pixel at its place.
bool isProduct(ConvOp op) {
  auto areAll = [](ArrayRef<int64_t> values, int64_t number) {
    return llvm::all_of(values, [number](int64_t value) { return value == number; });
  };
  return op.getGroups() == 1 && areAll(typeOf(op.getFilter()).getShape().drop_back(2), 1) &&
         areAll(op.getStrides(), 1) && areAll(op.getLow(), 0) && areAll(op.getHigh(), 0);
}

/// Whole words, and no overflow of the sums in int32.
bool isDepth(int64_t size) {
  constexpr int64_t most = (int64_t(1) << 31) / (255 * 127);
  return !ShapedType::isDynamic(size) && size % stepsPerWord(Storage::Int8) == 0 && size <= most;
}

/// A product in a kernel whose rows can be bytes.
struct Candidate {
  Operation *product;
  BlockArgument rows, weights;
};

std::optional<Candidate> findCandidate(kernel::FuncOp kernel) {
  for (Operation &op : kernel.getBody().front()) {
    auto precision = op.getAttrOfType<StringAttr>("ingot.precision");
    auto conv = dyn_cast<ConvOp>(op);
    if (!precision || precision.getValue() != "int8" || !(isa<MatmulOp>(op) || (conv && isProduct(conv))))
      continue;
    auto cast = op.getOperand(1).getDefiningOp<CastOp>();
    auto unpack = cast ? cast.getInput().getDefiningOp<kernel::UnpackOp>() : kernel::UnpackOp();
    auto rows = dyn_cast<BlockArgument>(op.getOperand(0));
    auto weights = unpack ? dyn_cast<BlockArgument>(unpack.getInput()) : BlockArgument();
    bool isStored = rows && weights && storageOf(weights.getType()) == Storage::Int8;
    if (isStored && typeOf(rows).getElementType().isF32() && isDepth(typeOf(rows).getShape().back()))
      return Candidate{&op, rows, weights};
  }
  return std::nullopt;
}

class RowReducer {
public:
  explicit RowReducer(ModuleOp module) : module(module), f32(Float32Type::get(module.getContext())) {
    module.walk([&](kernel::LaunchOp launch) { launches[launch.getCallee()].push_back(launch); });
  }

  void run() {
    SmallVector<kernel::FuncOp> kernels(module.getOps<kernel::FuncOp>());
    for (kernel::FuncOp kernel : kernels)
      if (std::optional<Candidate> candidate = findCandidate(kernel))
        reduce(kernel, *candidate);
  }

private:
  /// The rows of a tensor as bytes.
  struct Rows {
    Value bytes, scales;
  };

  void reduce(kernel::FuncOp kernel, const Candidate &candidate) {
    unsigned rowsNumber = candidate.rows.getArgNumber(), weightsNumber = candidate.weights.getArgNumber();
    for (kernel::LaunchOp launch : launches[kernel.getName()]) {
      Rows rows = rowsOf(launch.getOperands()[rowsNumber], launch.getLoc());
      Value offsets = offsetsOf(launch.getOperands()[weightsNumber].getDefiningOp<kernel::PackOp>());
      launch.getOperandsMutable().append({rows.bytes, rows.scales, offsets});
    }
    rewrite(kernel, candidate);
    if (!candidate.rows.use_empty())
      return;
    kernel.getBody().front().eraseArgument(rowsNumber);
    for (kernel::LaunchOp launch : launches[kernel.getName()])
      launch.getOperandsMutable().erase(rowsNumber);
    setType(kernel);
  }

  void rewrite(kernel::FuncOp kernel, const Candidate &candidate) {
    Operation *product = candidate.product;
    Location loc = product->getLoc();
    Block &block = kernel.getBody().front();
    RankedTensorType type = typeOf(candidate.rows);
    Value result = product->getResult(0);
    Value bytes = block.addArgument(withElement(type, byteType()), loc);
    Value scales = block.addArgument(scalesType(type), loc);
    Value offsets = block.addArgument(RankedTensorType::get({typeOf(result).getShape().back()}, f32), loc);
    OpBuilder builder(product);
    product->setOperand(0, builder.create<CastOp>(loc, bytes, f32));
    builder.setInsertionPointAfter(product);
    Value centred = builder.create<SubOp>(loc, result, offsets);
    result.replaceAllUsesExcept(builder.create<MulOp>(loc, centred, scales), centred.getDefiningOp());
    setType(kernel);
  }

  static void setType(kernel::FuncOp kernel) {
    kernel.setFunctionType(
        FunctionType::get(kernel.getContext(), kernel.getBody().front().getArgumentTypes(), kernel.getResultTypes()));
  }

  Type byteType() { return IntegerType::get(module.getContext(), 8, IntegerType::Unsigned); }

  RankedTensorType scalesType(RankedTensorType type) {
    SymbolScope scope(module.getContext());
    SmallVector<AffineExpr> dims = scope.dims(type);
    dims.back() = scope.constant(1);
    return scope.tensor(dims, f32);
  }

  Value number(OpBuilder &builder, Location loc, float value) {
    return builder.create<ConstantOp>(loc, DenseElementsAttr::get(RankedTensorType::get({}, f32), value));
  }

  Rows rowsOf(Value value, Location loc) {
    auto [known, isNew] = reduced.try_emplace(value);
    if (!isNew)
      return known->second;
    OpBuilder builder(module.getContext());
    builder.setInsertionPointAfterValue(value);
    RankedTensorType type = typeOf(value), scales = scalesType(type);
    auto [first, second] = kernelsFor(type);
    auto scale = builder.create<kernel::LaunchOp>(loc, TypeRange{scales, scales}, first.getName(), value, ArrayAttr());
    auto bytes = builder.create<kernel::LaunchOp>(loc, TypeRange{withElement(type, byteType())}, second.getName(),
                                                  ValueRange{value, scale.getResult(1)}, ArrayAttr());
    return reduced[value] = {bytes.getResult(0), scale.getResult(0)};
  }

  kernel::FuncOp define(const std::string &name, ArrayRef<Type> arguments, ArrayRef<Type> results,
                        function_ref<SmallVector<Value>(OpBuilder &, Location, ValueRange)> body) {
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    Location loc = module.getLoc();
    auto func = builder.create<kernel::FuncOp>(loc, name, builder.getFunctionType(arguments, results),
                                               builder.getStringAttr("private"), ArrayAttr(), ArrayAttr());
    Block &block = func.getBody().emplaceBlock();
    block.addArguments(arguments, SmallVector<Location>(arguments.size(), loc));
    builder.setInsertionPointToEnd(&block);
    SmallVector<Value> values = body(builder, loc, block.getArguments());
    builder.create<kernel::ReturnOp>(loc, values);
    return func;
  }

  /// @row_scales and @row_bytes for tensors of this type.
  std::pair<kernel::FuncOp, kernel::FuncOp> kernelsFor(RankedTensorType type) {
    auto [known, isNew] = kernels.try_emplace(type);
    if (!isNew)
      return known->second;
    RankedTensorType scales = scalesType(type);
    std::string suffix = std::to_string(kernels.size() - 1);
    kernel::FuncOp first =
        define("row_scales_" + suffix, {type}, {scales, scales}, [&](auto &builder, auto loc, auto in) {
          Value magnitude = builder.template create<AbsOp>(loc, in[0]);
          Value largest =
              builder.template create<ReduceOp>(loc, magnitude, ReduceKind::Max, ArrayRef<int64_t>{type.getRank() - 1});
          Value scale = builder.template create<MulOp>(loc, largest, this->number(builder, loc, 1.0f / 127));
          // A row of zeros needs no scale.
          Value divisor = builder.template create<MaxOp>(loc, scale, this->number(builder, loc, 1e-30f));
          Value inverse = builder.template create<DivOp>(loc, this->number(builder, loc, 1), divisor);
          return SmallVector<Value>{scale, inverse};
        });
    auto bytes = withElement(type, byteType());
    kernel::FuncOp second =
        define("row_bytes_" + suffix, {type, scales}, {bytes}, [&](auto &builder, auto loc, auto in) {
          Value scaled = builder.template create<MulOp>(loc, in[0], in[1]);
          // A cast cuts the fraction off.
          Value moved = builder.template create<AddOp>(loc, scaled, this->number(builder, loc, 128.5f));
          return SmallVector<Value>{builder.template create<CastOp>(loc, moved, byteType())};
        });
    return kernels[type] = {first, second};
  }

  /// 128 times the sum of each column, as the product has it.
  Value offsetsOf(kernel::PackOp pack) {
    Value &made = offsets[pack];
    if (made)
      return made;
    auto constant = pack.getInput().getDefiningOp<ConstantOp>();
    ArrayRef<int64_t> shape = typeOf(constant).getShape();
    std::vector<char> storage;
    std::vector<char> bytes =
        reduceElements(floatsOf(constant.getValue(), storage), shape, scaledAxis(pack), Storage::Int8);
    // The columns of a product are its weights' last axis.
    std::vector<int64_t> sums(shape.back());
    for (size_t at = 0; at < bytes.size(); ++at)
      sums[at % sums.size()] += static_cast<signed char>(bytes[at]);
    std::vector<float> values;
    for (int64_t sum : sums)
      values.push_back(float(128 * sum));
    OpBuilder builder(module.getContext());
    builder.setInsertionPointAfter(pack);
    AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(
        ArrayRef(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float)), 64);
    auto type = RankedTensorType::get({shape.back()}, f32);
    return made = builder.create<ConstantOp>(pack.getLoc(), type,
                                             DenseResourceElementsAttr::get(type, "offsets", std::move(blob)));
  }

  ModuleOp module;
  Type f32;
  llvm::StringMap<SmallVector<kernel::LaunchOp>> launches;
  llvm::DenseMap<Value, Rows> reduced;
  llvm::DenseMap<Operation *, Value> offsets;
  llvm::MapVector<Type, std::pair<kernel::FuncOp, kernel::FuncOp>> kernels;
};

} // namespace

void reduceRows(ModuleOp module) { RowReducer(module).run(); }

} // namespace ingot::cpu
