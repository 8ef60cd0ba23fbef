//===- Model.cpp - A model file in memory ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parses a file and checks what concerns it as a whole. Files for external tensors are mapped when first asked for, and
// only from the model's own folder.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Model.h"
#include "frontends/onnx/Location.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/stubs/logging.h"
#include "google/protobuf/text_format.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "onnx/checker.h"
#include "onnx/defs/parser.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

/// Keeps the first error of protobuf's text parser.
class FirstError : public google::protobuf::io::ErrorCollector {
public:
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string &message) override {
    if (text.empty())
      text = "line " + std::to_string(line + 1) + ", column " + std::to_string(column + 1) + ": " + message;
  }
  std::string text;
};

/// Empty, or why `text` is no model.
std::string parseText(llvm::StringRef text, bool isOnnxSyntax, ::onnx::ModelProto &model) {
  if (isOnnxSyntax) {
    ::onnx::OnnxParser parser(std::string_view(text.data(), text.size()));
    auto status = parser.Parse(model);
    return status.IsOK() ? "" : status.ErrorMessage();
  }
  google::protobuf::TextFormat::Parser parser;
  FirstError error;
  parser.RecordErrorsTo(&error);
  return parser.ParseFromString(text.str(), &model) ? "" : error.text;
}

std::string parseBinary(llvm::StringRef bytes, ::onnx::ModelProto &model) {
  if (bytes.size() > INT32_MAX)
    return "the file is larger than 2 GiB, the limit of a protobuf message; store the weights as external data";
  google::protobuf::LogSilencer silence;
  if (!model.ParsePartialFromArray(bytes.data(), bytes.size()))
    return "not an ONNX model, or a truncated one: the protobuf message cannot be parsed";
  return "";
}

/// Empty, or why the path may not be followed from a model: it must lie in the model's folder.
std::string checkLocation(StringRef location) {
  if (location.empty())
    return "has no location";
  if (llvm::sys::path::is_absolute(location))
    return "is an absolute path";
  for (auto part = llvm::sys::path::begin(location), end = llvm::sys::path::end(location); part != end; ++part)
    if (*part == "..")
      return "leaves the model's folder";
  return "";
}

} // namespace

std::shared_ptr<Model> Model::open(StringRef path, MLIRContext *context) {
  auto result = std::make_shared<Model>();
  result->context = context;
  result->file = path.str();
  return succeeded(result->parse()) ? result : nullptr;
}

LogicalResult Model::parse() {
  Location where = fileLocation(context, file);
  auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return emitError(where) << "cannot read the file: " << buffer.getError().message();
  StringRef bytes = (*buffer)->getBuffer(), extension = llvm::sys::path::extension(file);
  if (bytes.empty())
    return emitError(where) << "the file is empty";
  bool isText = extension == ".textproto" || extension == ".pbtxt" || extension == ".onnxtxt",
       isOnnxSyntax = extension == ".onnxtext";
  std::string problem = isText || isOnnxSyntax ? parseText(bytes, isOnnxSyntax, model) : parseBinary(bytes, model);
  if (!problem.empty())
    return emitError(where) << problem;
  if (!model.has_graph() || (model.opset_import_size() == 0 && model.ir_version() >= 3))
    return emitError(where) << "not an ONNX model: it has no " << (model.has_graph() ? "opset_import" : "graph");
  ::onnx::checker::check_function_call_cycles(model);
  return success();
}

llvm::MemoryBuffer *Model::openExternal(StringRef location, InFlightDiagnostic &error) {
  if (auto found = externals.find(location); found != externals.end())
    return found->second.get();
  if (std::string problem = checkLocation(location); !problem.empty()) {
    error << "external data \"" << location << "\" " << problem;
    return nullptr;
  }
  SmallString<256> folder(llvm::sys::path::parent_path(file)), path, realFolder, realPath;
  if (folder.empty())
    folder = ".";
  path = folder;
  llvm::sys::path::append(path, location);
  if (std::error_code problem = llvm::sys::fs::real_path(path, realPath)) {
    error << "external data \"" << location << "\" cannot be read: " << problem.message();
    return nullptr;
  }
  // A symbolic link may lead outside although the name does not.
  if (llvm::sys::fs::real_path(folder, realFolder) || !StringRef(realPath).starts_with(realFolder) ||
      !llvm::sys::path::is_separator(realPath[realFolder.size()])) {
    error << "external data \"" << location << "\" leaves the model's folder through a symbolic link";
    return nullptr;
  }
  auto buffer = llvm::MemoryBuffer::getFile(realPath, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer) {
    error << "external data \"" << location << "\" cannot be read: " << buffer.getError().message();
    return nullptr;
  }
  return (externals[location] = std::move(*buffer)).get();
}

std::optional<ArrayRef<char>> Model::externalBytes(const ::onnx::TensorProto &tensor, Location where) {
  StringRef location;
  uint64_t offset = 0, length = UINT64_MAX;
  InFlightDiagnostic error = emitError(where);
  for (const auto &entry : tensor.external_data()) {
    StringRef value = entry.value();
    if (entry.key() == "location")
      location = value;
    else if ((entry.key() == "offset" && value.getAsInteger(10, offset)) ||
             (entry.key() == "length" && value.getAsInteger(10, length))) {
      error << "external data has the " << entry.key() << " \"" << value << "\", which is no byte count";
      return std::nullopt;
    }
  }
  llvm::MemoryBuffer *buffer = openExternal(location, error);
  if (!buffer)
    return std::nullopt;
  uint64_t size = buffer->getBufferSize();
  if (offset > size || (length != UINT64_MAX && length > size - offset)) {
    error << "external data \"" << location << "\" has " << size << " bytes, but the tensor lies at offset " << offset;
    if (length != UINT64_MAX)
      error << " with length " << length;
    return std::nullopt;
  }
  error.abandon();
  return ArrayRef<char>(buffer->getBufferStart() + offset, length == UINT64_MAX ? size - offset : length);
}

} // namespace ingot::frontend
