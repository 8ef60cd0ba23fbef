//===- Export.cpp - Other weights in a model file --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything but the contents of the named initializers, and on request training mode, stays as it is in the file.
// Weights that lie in files beside the model come into it, so that the new file can lie anywhere.
//
//===----------------------------------------------------------------------===//
#include "frontends/Frontend.h"
#include "frontends/onnx/Location.h"
#include "frontends/onnx/Model.h"
#include "frontends/onnx/OutputScaling.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>
#include <functional>
#include <numeric>
#include <set>

using namespace mlir;

namespace ingot {
namespace {

std::string describe(int32_t type, ArrayRef<int64_t> dims) {
  std::string text = ::onnx::TensorProto::DataType_Name(static_cast<::onnx::TensorProto::DataType>(type)) + "[";
  for (size_t i = 0; i < dims.size(); ++i)
    text += (i ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

class Exporter {
public:
  Exporter(std::shared_ptr<frontend::Model> model, double loraScale)
      : model(std::move(model)), proto(this->model->proto()), loraScale(loraScale) {
    where = frontend::fileLocation(this->model->getContext(), this->model->path());
  }

  LogicalResult replace(ArrayRef<TensorContents> tensors) {
    llvm::StringMap<const TensorContents *> byName;
    for (const TensorContents &tensor : tensors)
      byName[tensor.name] = &tensor;
    unsigned replaced = 0;
    for (::onnx::TensorProto &initializer : *proto.mutable_graph()->mutable_initializer()) {
      const TensorContents *tensor = byName.lookup(initializer.name());
      const TensorContents *left = byName.lookup(initializer.name() + ".lora_B");
      const TensorContents *right = byName.lookup(initializer.name() + ".lora_A");
      if (failed(tensor ? set(initializer, *tensor) : inlined(initializer)) ||
          (left && right && failed(increase(initializer, *left, *right))))
        return failure();
      replaced += tensor || (left && right) ? 1 : 0;
    }
    if (!replaced)
      return emitError(*where) << "none of the given weights has the name of one of the model's";
    return success();
  }

  /// Batch normalisation and dropout as they are once training is over.
  LogicalResult leaveTraining() {
    std::set<std::string> gone;
    for (::onnx::NodeProto &node : *proto.mutable_graph()->mutable_node()) {
      bool isDropout = node.op_type() == "Dropout", isNormalization = node.op_type() == "BatchNormalization";
      if (!node.domain().empty() || (!isDropout && !isNormalization))
        continue;
      if (isDropout && node.input_size() > 2)
        node.mutable_input()->DeleteSubrange(2, node.input_size() - 2); // training_mode: false when it is left out
      auto *attributes = node.mutable_attribute();
      for (int i = attributes->size(); isNormalization && i-- > 0;)
        if (attributes->Get(i).name() == "training_mode")
          attributes->DeleteSubrange(i, 1);
      while (isNormalization && node.output_size() > 1) {
        gone.insert(node.output(node.output_size() - 1));
        node.mutable_output()->RemoveLast();
      }
    }
    gone.erase("");
    auto *outputs = proto.mutable_graph()->mutable_output();
    for (int i = outputs->size(); i-- > 0;)
      if (gone.count(outputs->Get(i).name()))
        outputs->DeleteSubrange(i, 1);
    for (const ::onnx::NodeProto &node : proto.graph().node())
      for (const std::string &input : node.input())
        if (gone.count(input))
          return emitError(*where) << "node \"" << node.name() << "\" (" << node.op_type() << ") uses \"" << input
                                   << "\", a statistic that batch normalisation computes only in training mode";
    return success();
  }

  LogicalResult rescale(const OutputScaling &scaling) {
    return frontend::rescaleOutput(*proto.mutable_graph(), scaling, *where);
  }

  LogicalResult write(StringRef output) {
    constexpr size_t most = INT32_MAX;
    if (proto.ByteSizeLong() > most)
      return emitError(*where) << "with its weights inside, the file would be larger than 2 GiB, the limit of protobuf";
    std::string bytes;
    if (!proto.SerializeToString(&bytes))
      return emitError(*where) << "the model cannot be written in protobuf's form";
    // Under another name first: an older file stays until all is written.
    if (llvm::Error error = llvm::writeToOutput(output, [&](llvm::raw_ostream &out) {
          out << bytes;
          out.flush();
          // A stream that dies with an error ends the program.
          auto &file = static_cast<llvm::raw_fd_ostream &>(out);
          std::error_code problem = file.error();
          file.clear_error();
          return llvm::errorCodeToError(problem);
        }))
      return emitError(*where) << "cannot write " << output << ": " << llvm::toString(std::move(error));
    return success();
  }

private:
  LogicalResult set(::onnx::TensorProto &initializer, const TensorContents &tensor) {
    std::vector<int64_t> dims(initializer.dims().begin(), initializer.dims().end());
    if (initializer.data_type() != tensor.onnxType || dims != tensor.dims)
      return emitError(*where) << "tensor \"" << tensor.name << "\" is " << describe(initializer.data_type(), dims)
                               << ", but its new weights are " << describe(tensor.onnxType, tensor.dims);
    fill(initializer, tensor.bytes);
    return success();
  }

  /// X + loraScale B A, where a row of X is all that its first index has.
  LogicalResult increase(::onnx::TensorProto &initializer, const TensorContents &left, const TensorContents &right) {
    int64_t count =
        std::accumulate(initializer.dims().begin(), initializer.dims().end(), int64_t(1), std::multiplies());
    int64_t rows = initializer.dims_size() ? initializer.dims(0) : 0, columns = rows ? count / rows : 0;
    int64_t rank = left.dims.size() == 2 ? left.dims[1] : 0;
    if (initializer.data_type() != left.onnxType || left.onnxType != right.onnxType ||
        left.dims != std::vector{rows, rank} || right.dims != std::vector{rank, columns})
      return emitError(*where) << "\"" << left.name << "\" and \"" << right.name << "\" are "
                               << describe(left.onnxType, left.dims) << " and " << describe(right.onnxType, right.dims)
                               << ", which is no increment of " << rows << " rows and " << columns << " columns";
    std::vector<char> storage;
    std::optional<ArrayRef<char>> bytes = model->bytes(initializer, *where, storage);
    if (!bytes)
      return failure();
    std::vector<char> sum(bytes->begin(), bytes->end());
    if (left.onnxType == ::onnx::TensorProto::FLOAT)
      addProduct<float>(sum, left, right);
    else if (left.onnxType == ::onnx::TensorProto::DOUBLE)
      addProduct<double>(sum, left, right);
    else
      return emitError(*where) << "increments of " << describe(left.onnxType, left.dims) << " are not supported yet";
    fill(initializer, sum);
    return success();
  }

  template <typename T>
  void addProduct(std::vector<char> &sum, const TensorContents &left, const TensorContents &right) const {
    auto at = [](const char *bytes, int64_t i) {
      T value;
      std::memcpy(&value, bytes + i * int64_t(sizeof value), sizeof value);
      return value;
    };
    int64_t rows = left.dims[0], rank = left.dims[1], columns = right.dims[1];
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j) {
        double product = 0;
        for (int64_t k = 0; k < rank; ++k)
          product += double(at(left.bytes.data(), i * rank + k)) * double(at(right.bytes.data(), k * columns + j));
        int64_t place = i * columns + j;
        T value = T(double(at(sum.data(), place)) + loraScale * product);
        std::memcpy(sum.data() + place * int64_t(sizeof value), &value, sizeof value);
      }
  }

  LogicalResult inlined(::onnx::TensorProto &initializer) {
    if (initializer.data_location() != ::onnx::TensorProto::EXTERNAL)
      return success();
    std::vector<char> storage;
    std::optional<ArrayRef<char>> bytes = model->bytes(initializer, *where, storage);
    if (!bytes)
      return failure();
    fill(initializer, *bytes);
    return success();
  }

  static void fill(::onnx::TensorProto &initializer, ArrayRef<char> bytes) {
    ::onnx::TensorProto bare;
    bare.set_name(initializer.name());
    bare.set_doc_string(initializer.doc_string());
    bare.set_data_type(initializer.data_type());
    *bare.mutable_dims() = initializer.dims();
    bare.set_raw_data(bytes.data(), bytes.size());
    initializer = std::move(bare);
  }

  std::shared_ptr<frontend::Model> model;
  ::onnx::ModelProto proto;
  double loraScale;
  std::optional<Location> where;
};

} // namespace

LogicalResult exportOnnx(StringRef path, ArrayRef<TensorContents> weights, const ExportChanges &changes,
                         StringRef output, MLIRContext *context) {
  std::shared_ptr<frontend::Model> model = frontend::Model::open(path, context);
  if (!model)
    return failure();
  Exporter exporter(std::move(model), changes.loraScale);
  return failure(failed(exporter.replace(weights)) || (changes.forInference && failed(exporter.leaveTraining())) ||
                 (changes.scaling && failed(exporter.rescale(*changes.scaling))) || failed(exporter.write(output)));
}

} // namespace ingot
