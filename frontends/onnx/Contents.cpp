//===- Contents.cpp - The elements of a tensor of the file ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// raw_data and external data are used where they lie; the typed fields (float_data, ...) of old exporters are copied.
// The declared size is believed only after the stored bytes agree with it, so nothing is allocated from it.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Model.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using ::onnx::TensorProto;

// Not more than this many elements are written into the IR itself.
static constexpr int64_t kInlineLimit = 64;

namespace ingot::frontend {

Type elementType(int32_t type, MLIRContext *context, std::string &reason) {
  auto integer = [&](unsigned width) { return IntegerType::get(context, width); };
  auto natural = [&](unsigned width) { return IntegerType::get(context, width, IntegerType::Unsigned); };
  switch (type) {
  case TensorProto::FLOAT:
    return Float32Type::get(context);
  case TensorProto::DOUBLE:
    return Float64Type::get(context);
  case TensorProto::FLOAT16:
    return Float16Type::get(context);
  case TensorProto::BFLOAT16:
    return BFloat16Type::get(context);
  case TensorProto::BOOL:
    return integer(1);
  case TensorProto::INT8:
    return integer(8);
  case TensorProto::INT16:
    return integer(16);
  case TensorProto::INT32:
    return integer(32);
  case TensorProto::INT64:
    return integer(64);
  case TensorProto::UINT8:
    return natural(8);
  case TensorProto::UINT16:
    return natural(16);
  case TensorProto::UINT32:
    return natural(32);
  case TensorProto::UINT64:
    return natural(64);
  default:
    bool isKnown = ::onnx::TensorProto_DataType_IsValid(type) && type != TensorProto::UNDEFINED;
    reason = isKnown ? "elements of type " + ::onnx::TensorProto_DataType_Name(TensorProto::DataType(type)) +
                           " are not supported yet"
                     : "there is no element type " + std::to_string(type);
    return {};
  }
}

int32_t onnxType(Type element) {
  if (element.isF32())
    return TensorProto::FLOAT;
  if (element.isF64())
    return TensorProto::DOUBLE;
  if (element.isF16())
    return TensorProto::FLOAT16;
  if (element.isBF16())
    return TensorProto::BFLOAT16;
  bool isUnsigned = element.isUnsignedInteger();
  switch (element.getIntOrFloatBitWidth()) {
  case 1:
    return TensorProto::BOOL;
  case 8:
    return isUnsigned ? TensorProto::UINT8 : TensorProto::INT8;
  case 16:
    return isUnsigned ? TensorProto::UINT16 : TensorProto::INT16;
  case 32:
    return isUnsigned ? TensorProto::UINT32 : TensorProto::INT32;
  default:
    return isUnsigned ? TensorProto::UINT64 : TensorProto::INT64;
  }
}

namespace {

int64_t bytesOf(Type element) { return (element.getIntOrFloatBitWidth() + 7) / 8; }

/// Copies a repeated field, narrowing each number to `To`.
template <typename To, typename Field>
void copyField(const Field &field, std::vector<char> &storage) {
  storage.resize(field.size() * sizeof(To));
  To *target = reinterpret_cast<To *>(storage.data());
  for (int i = 0; i < field.size(); ++i)
    target[i] = static_cast<To>(field.Get(i));
}

/// The typed field that holds elements of this type.
void copyTyped(const TensorProto &tensor, Type element, std::vector<char> &storage) {
  if (element.isF32())
    return copyField<float>(tensor.float_data(), storage);
  if (element.isF64())
    return copyField<double>(tensor.double_data(), storage);
  if (element.isSignlessInteger(64))
    return copyField<int64_t>(tensor.int64_data(), storage);
  if (element.isUnsignedInteger(64))
    return copyField<uint64_t>(tensor.uint64_data(), storage);
  if (element.isUnsignedInteger(32))
    return copyField<uint32_t>(tensor.uint64_data(), storage);
  if (bytesOf(element) == 4)
    return copyField<int32_t>(tensor.int32_data(), storage);
  if (bytesOf(element) == 2) // the halves' bits, too, lie in int32_data
    return copyField<uint16_t>(tensor.int32_data(), storage);
  copyField<uint8_t>(tensor.int32_data(), storage);
}

bool isSplat(ArrayRef<char> bytes, int64_t size) {
  // Comparing the buffer with itself one element further reads every byte once.
  return int64_t(bytes.size()) >= size && std::memcmp(bytes.data(), bytes.data() + size, bytes.size() - size) == 0;
}

std::string describeType(RankedTensorType type) {
  std::string text;
  llvm::raw_string_ostream out(text);
  llvm::interleave(type.getShape(), out, "x");
  out << (type.getRank() ? "x" : "") << type.getElementType();
  return text;
}

} // namespace

RankedTensorType Model::type(const TensorProto &tensor, Location where) const {
  std::string reason;
  Type element = elementType(tensor.data_type(), context, reason);
  if (!element)
    return emitError(where) << reason, RankedTensorType();
  int64_t bytes = bytesOf(element);
  for (int64_t size : tensor.dims()) {
    if (size < 0)
      return emitError(where) << "has the negative dimension " << size, RankedTensorType();
    if (size != 0 && __builtin_mul_overflow(bytes, size, &bytes))
      return emitError(where) << "is larger than any memory", RankedTensorType();
  }
  return RankedTensorType::get(ArrayRef(tensor.dims().data(), tensor.dims_size()), element);
}

std::optional<ArrayRef<char>> Model::bytes(const TensorProto &tensor, Location where, std::vector<char> &storage) {
  RankedTensorType tensorType = type(tensor, where);
  if (!tensorType)
    return std::nullopt;
  std::optional<ArrayRef<char>> stored;
  StringRef field = "raw_data";
  if (tensor.data_location() == TensorProto::EXTERNAL) {
    stored = externalBytes(tensor, where);
    field = "external data";
  } else if (tensor.has_raw_data()) {
    stored = ArrayRef<char>(tensor.raw_data().data(), tensor.raw_data().size());
  } else {
    copyTyped(tensor, tensorType.getElementType(), storage);
    stored = ArrayRef<char>(storage);
    field = "typed data";
  }
  int64_t expected = tensorType.getNumElements() * bytesOf(tensorType.getElementType());
  if (stored && int64_t(stored->size()) != expected) {
    emitError(where) << field << " has " << stored->size() << " bytes, but " << describeType(tensorType) << " needs "
                     << expected;
    return std::nullopt;
  }
  return stored;
}

std::shared_ptr<void> Model::shareBytes(const TensorProto &tensor) {
  std::weak_ptr<void> &known = shared[&tensor];
  std::shared_ptr<void> bytes = known.lock();
  if (!bytes) {
    // After import, nothing but constants reads the model.
    auto release = [model = shared_from_this()](TensorProto *tensor) {
      std::string().swap(*tensor->mutable_raw_data());
    };
    known = bytes = std::shared_ptr<TensorProto>(const_cast<TensorProto *>(&tensor), release);
  }
  return bytes;
}

ElementsAttr Model::contents(const TensorProto &tensor, Location where) {
  std::vector<char> storage;
  std::optional<ArrayRef<char>> data = bytes(tensor, where, storage);
  if (!data)
    return {};
  RankedTensorType tensorType = type(tensor, where);
  Type element = tensorType.getElementType();
  int64_t size = bytesOf(element), count = tensorType.getNumElements();
  bool splat = count > 0 && isSplat(*data, size);
  if (count <= kInlineLimit || splat) {
    ArrayRef<char> used = splat ? data->take_front(size) : *data;
    if (!element.isInteger(1))
      return DenseElementsAttr::getFromRawBuffer(tensorType, used);
    SmallVector<bool> bits(llvm::map_range(used, [](char byte) { return byte != 0; }));
    return DenseElementsAttr::get(tensorType, ArrayRef<bool>(bits));
  }
  bool isAligned = reinterpret_cast<uintptr_t>(data->data()) % size == 0;
  AsmResourceBlob blob;
  if (storage.empty() && isAligned) // lies in the file, which the blob keeps open
    blob = UnmanagedAsmResourceBlob::allocateWithAlign(*data, size,
                                                       [bytes = shareBytes(tensor)](void *, size_t, size_t) {});
  else
    blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(*data, 64, /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(tensorType, tensor.name().empty() ? "constant" : tensor.name(),
                                        std::move(blob));
}

} // namespace ingot::frontend
