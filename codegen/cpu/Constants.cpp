//===- Constants.cpp - Constants as they lie in memory --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/Codegen.h"
#include "codegen/cpu/ConstantElements.h"
#include "codegen/cpu/Packing.h"
#include "codegen/cpu/Winograd.h"
#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"
#include <cstring>

using namespace mlir;

namespace ingot {
namespace {

int64_t bytesOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getNumElements() * elementBytes(tensor.getElementType());
}

} // namespace

ArrayRef<char> cpu::elementsOf(ElementsAttr value, std::vector<char> &storage) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return blob ? blob->getData() : ArrayRef<char>();
  }
  auto dense = cast<DenseElementsAttr>(value);
  ArrayRef<char> raw = dense.getRawData();
  bool isBoolean = dense.getElementType().isInteger(1);
  if (!isBoolean && !dense.isSplat())
    return raw;
  storage.resize(bytesOf(value.getShapedType()));
  if (isBoolean) {
    for (auto [to, from] : llvm::zip(storage, dense.getValues<bool>()))
      to = from;
  } else if (!raw.empty()) {
    for (size_t at = 0; at < storage.size(); at += raw.size())
      std::memcpy(storage.data() + at, raw.data(), raw.size());
  }
  return storage;
}

namespace {

/// Copies a tensor of `shape` to `to` with strides in elements, one run of the innermost axis at a time.
template <typename Element>
void scatter(const Element *from, Element *to, ArrayRef<int64_t> shape, ArrayRef<SmallVector<int64_t>> places) {
  if (shape.empty()) {
    *to = *from;
    return;
  }
  SmallVector<int64_t> index(shape.size());
  size_t last = shape.size() - 1;
  for (;;) {
    int64_t base = 0;
    for (size_t axis = 0; axis < last; ++axis)
      base += places[axis][index[axis]];
    for (int64_t i = 0; i < shape[last]; ++i)
      to[base + places[last][i]] = *from++;
    size_t axis = last;
    while (axis-- > 0 && ++index[axis] == shape[axis])
      index[axis] = 0;
    if (axis == size_t(-1))
      return;
  }
}

/// Where index i of each input axis goes in the packed tensor: outer stride * (i / block) + inner stride * (i % block).
SmallVector<SmallVector<int64_t>> packedPlaces(kernel::PackOp pack, ArrayRef<int64_t> from) {
  ArrayRef<int64_t> to = cast<RankedTensorType>(pack.getOutput().getType()).getShape();
  SmallVector<int64_t> strides(to.size(), 1);
  for (size_t axis = to.size(); axis-- > 1;)
    strides[axis - 1] = strides[axis] * to[axis];
  SmallVector<SmallVector<int64_t>> places(from.size());
  size_t inner = from.size();
  for (auto [outer, axis, block] : llvm::enumerate(pack.getPermutation(), pack.getBlocks())) {
    int64_t innerStride = block > 1 ? strides[inner++] : 0;
    for (int64_t i = 0; i < from[axis]; ++i)
      places[axis].push_back(i / block * strides[outer] + i % block * innerStride);
  }
  return places;
}

void pack(kernel::PackOp op, ArrayRef<char> from, MutableArrayRef<char> to) {
  auto type = cast<RankedTensorType>(op.getInput().getType());
  SmallVector<int64_t> shape(type.getShape());
  std::vector<float> transformed;
  if (cpu::WinogradForm form = cpu::winogradForm(op)) {
    ArrayRef<float> filter(reinterpret_cast<const float *>(from.data()), from.size() / sizeof(float));
    transformed = cpu::transformFilter(filter, shape[2], shape[3], form);
    from = ArrayRef(reinterpret_cast<const char *>(transformed.data()), transformed.size() * sizeof(float));
    shape[0] = shape[1] = form.filterSize();
  }
  Type stored = cast<RankedTensorType>(op.getOutput().getType()).getElementType();
  std::vector<char> reduced;
  if (stored != type.getElementType()) {
    ArrayRef<float> values(reinterpret_cast<const float *>(from.data()), from.size() / sizeof(float));
    reduced = cpu::reduceElements(values, shape, cpu::scaledAxis(op), cpu::storageOf(stored));
    from = reduced;
  }
  SmallVector<SmallVector<int64_t>> places = packedPlaces(op, shape);
  std::fill(to.begin(), to.end(), 0);
  auto run = [&](auto element) {
    using Element = decltype(element);
    scatter(reinterpret_cast<const Element *>(from.data()), reinterpret_cast<Element *>(to.data()), shape, places);
  };
  switch (elementBytes(stored)) {
  case 1:
    return run(uint8_t());
  case 2:
    return run(uint16_t());
  case 4:
    return run(uint32_t());
  default:
    return run(uint64_t());
  }
}

/// `op`, if given, says how the elements are laid out.
void write(ElementsAttr value, kernel::PackOp op, MutableArrayRef<char> to) {
  std::vector<char> storage;
  int64_t bytes = bytesOf(value.getShapedType());
  ArrayRef<char> elements = cpu::elementsOf(value, storage);
  if (int64_t(elements.size()) < bytes)
    return; // the importer has checked the sizes of mapped tensors
  if (op)
    pack(op, elements, to);
  else
    std::memcpy(to.data(), elements.data(), bytes);
}

void write(Value constant, MutableArrayRef<char> to) {
  auto op = constant.getDefiningOp<kernel::PackOp>();
  auto source = (op ? op.getInput() : constant).getDefiningOp<ConstantOp>();
  write(source.getValue(), op, to);
}

} // namespace

int64_t winogradBytes(ModuleOp planned) {
  int64_t more = 0;
  llvm::DenseSet<int64_t> seen; // equal constants have one place
  auto count = [&](Value from, Value to) { more += bytesOf(to.getType()) - bytesOf(from.getType()); };
  planned.walk([&](kernel::LaunchOp launch) {
    if (launch.isPreparation())
      count(launch.getOperands()[0], launch.getOutputs()[0]);
    if (!launch.getPlan())
      return;
    for (auto [operand, buffer] : llvm::zip(launch.getOperands(), launch.getPlan()->getAsRange<kernel::BufferAttr>())) {
      auto pack = operand.getDefiningOp<kernel::PackOp>();
      if (pack && cpu::winogradForm(pack) && seen.insert(buffer.getPosition()).second)
        count(pack.getInput(), pack.getOutput());
    }
  });
  return more;
}

std::vector<ConstantPiece> collectConstants(ModuleOp planned) {
  std::map<int64_t, ConstantPiece> pieces;
  planned.walk([&](kernel::LaunchOp launch) {
    if (!launch.getPlan())
      return;
    for (auto [operand, buffer] : llvm::zip(launch.getOperands(), launch.getPlan()->getAsRange<kernel::BufferAttr>())) {
      if (buffer.getSpace() != kernel::Space::Constant)
        continue;
      Value constant = operand;
      pieces[buffer.getPosition()] = {buffer.getPosition(), bytesOf(operand.getType()),
                                      [constant](MutableArrayRef<char> to) { write(constant, to); }};
    }
  });
  // What the state begins with.
  auto main = planned.lookupSymbol<func::FuncOp>("main");
  for (unsigned i = 0; main && i < main.getNumArguments(); ++i)
    if (auto place = main.getArgAttrOfType<IntegerAttr>(i, "kernel.initial")) {
      auto value = main.getArgAttrOfType<ElementsAttr>(i, "ingot.initial");
      pieces[place.getInt()] = {place.getInt(), bytesOf(value.getShapedType()),
                                [value](MutableArrayRef<char> to) { write(value, {}, to); }};
    }
  std::vector<ConstantPiece> result;
  for (auto &[offset, piece] : pieces)
    result.push_back(std::move(piece));
  return result;
}

} // namespace ingot
