//===- Location.cpp - Where in the model an operation comes from ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Location.h"
#include "frontends/Frontend.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace ingot {
namespace frontend {

std::string qualifiedName(const ::onnx::NodeProto &node) {
  bool isStandard = node.domain().empty() || node.domain() == "ai.onnx";
  return isStandard ? node.op_type() : node.domain() + "." + node.op_type();
}

Location fileLocation(MLIRContext *context, StringRef file) { return FileLineColLoc::get(context, file, 0, 0); }

Location tensorLocation(MLIRContext *context, StringRef file, StringRef name) {
  return NameLoc::get(StringAttr::get(context, name), fileLocation(context, file));
}

Location nodeLocation(MLIRContext *context, StringRef file, const ::onnx::NodeProto &node, unsigned index,
                      int64_t opset) {
  Builder builder(context);
  std::string name = node.name().empty() ? node.op_type() + "#" + std::to_string(index) : node.name();
  Location named = NameLoc::get(builder.getStringAttr(name), FileLineColLoc::get(context, file, index, 0));
  Attribute metadata =
      builder.getDictionaryAttr({builder.getNamedAttr("op", builder.getStringAttr(qualifiedName(node))),
                                 builder.getNamedAttr("opset", builder.getI64IntegerAttr(opset))});
  return FusedLoc::get(context, {named}, metadata);
}

Location innerLocation(Location caller, const ::onnx::NodeProto &node) {
  std::string name = node.name().empty() ? node.op_type() : node.name();
  return CallSiteLoc::get(NameLoc::get(StringAttr::get(caller.getContext(), name)), caller);
}

} // namespace frontend

std::optional<NodeLocation> findNode(Location location) {
  std::optional<NodeLocation> node;
  location->walk([&](Location part) {
    auto fused = dyn_cast<FusedLoc>(part);
    auto metadata = fused ? dyn_cast_or_null<DictionaryAttr>(fused.getMetadata()) : DictionaryAttr();
    auto op = metadata ? metadata.getAs<StringAttr>("op") : StringAttr();
    auto opset = metadata ? metadata.getAs<IntegerAttr>("opset") : IntegerAttr();
    auto named = fused && !fused.getLocations().empty() ? dyn_cast<NameLoc>(fused.getLocations().front()) : NameLoc();
    auto file = named ? dyn_cast<FileLineColLoc>(named.getChildLoc()) : FileLineColLoc();
    if (!op || !opset || !file)
      return WalkResult::advance();
    node = NodeLocation{file.getFilename().getValue(), named.getName().getValue(), op.getValue(), opset.getInt(),
                        file.getLine()};
    return WalkResult::interrupt();
  });
  return node;
}

StringRef findFile(Location location) {
  auto file = location->findInstanceOf<FileLineColLoc>();
  return file ? file.getFilename().getValue() : StringRef();
}

std::string describe(const NodeLocation &node) {
  return ("node \"" + node.name + "\" (" + node.op + "-" + Twine(node.opset) + ", #" + Twine(node.index) + ")").str();
}

std::string describe(Location location) {
  if (auto node = findNode(location))
    return describe(*node);
  auto tensor = location->findInstanceOf<NameLoc>();
  return tensor ? ("tensor \"" + tensor.getName().getValue() + "\"").str() : "";
}

} // namespace ingot
