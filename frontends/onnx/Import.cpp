//===- Import.cpp - The way in ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ONNX library and protobuf report by throwing; what is not caught nearer to its cause ends here as an error.
//
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "frontends/onnx/Graph.h"
#include "frontends/onnx/Location.h"

using namespace mlir;

namespace ingot {

OwningOpRef<ModuleOp> importOnnx(StringRef path, const ImportOptions &options, MLIRContext *context) {
  context->loadDialect<IngotDialect, func::FuncDialect>();
  Location where = frontend::fileLocation(context, path);
  try {
    std::shared_ptr<frontend::Model> model = frontend::Model::open(path, context);
    return model ? frontend::Graph(model, options).import() : nullptr;
  } catch (const std::bad_alloc &) {
    emitError(where) << "the model does not fit into memory";
  } catch (const std::exception &problem) {
    emitError(where) << problem.what();
  }
  return {};
}

} // namespace ingot
