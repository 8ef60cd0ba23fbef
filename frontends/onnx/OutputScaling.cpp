//===- OutputScaling.cpp - Outputs in the units of the data ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/OutputScaling.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

using Names = google::protobuf::RepeatedPtrField<std::string>;

/// Calls `work` with each list of names in which nodes of the graph and of its subgraphs refer to tensors.
void forEachReference(::onnx::GraphProto &graph, llvm::function_ref<void(Names *)> work) {
  for (::onnx::NodeProto &node : *graph.mutable_node()) {
    work(node.mutable_input());
    work(node.mutable_output());
    for (::onnx::AttributeProto &attribute : *node.mutable_attribute()) {
      if (attribute.has_g())
        forEachReference(*attribute.mutable_g(), work);
      for (::onnx::GraphProto &branch : *attribute.mutable_graphs())
        forEachReference(branch, work);
    }
  }
}

class Rescaling {
public:
  Rescaling(::onnx::GraphProto &graph, const OutputScaling &scaling, Location where)
      : graph(graph), scaling(scaling), where(where) {
    forEachReference(graph, [&](Names *names) { taken.insert(names->begin(), names->end()); });
    for (const auto &initializer : graph.initializer())
      taken.insert(initializer.name());
    for (const auto &input : graph.input())
      taken.insert(input.name());
  }

  LogicalResult run() {
    const ::onnx::ValueInfoProto *output = nullptr;
    for (const auto &one : graph.output())
      output = one.name() == scaling.output ? &one : output;
    if (!output)
      return emitError(where) << "the model has no output \"" << scaling.output << "\" that could be scaled";
    if (llvm::none_of(graph.node(), [&](auto &node) { return llvm::is_contained(node.output(), scaling.output); }))
      return emitError(where) << "no node computes the output \"" << scaling.output << "\"";
    element = output->type().tensor_type().elem_type();
    if (element != ::onnx::TensorProto::FLOAT && element != ::onnx::TensorProto::DOUBLE)
      return emitError(where) << "the output \"" << scaling.output << "\" is neither float32 nor float64";
    if (!chooseDims(output->type().tensor_type().shape()))
      return emitError(where) << "there are " << scaling.mean.size() << " means for the output \"" << scaling.output
                              << "\", which has another number of elements";
    std::string scaled = rename();
    std::string product = fresh(scaling.output + ".product");
    add("Mul", {scaled, addConstant("deviation", scaling.deviation)}, product);
    add("Add", {product, addConstant("mean", scaling.mean)}, scaling.output);
    return success();
  }

private:
  /// Those of the constants: a row's where there is a number for each of its elements, else the last axis.
  bool chooseDims(const ::onnx::TensorShapeProto &shape) {
    auto count = int64_t(scaling.mean.size());
    int64_t perRow = 1;
    for (int i = 1; i < shape.dim_size(); ++i) {
      perRow *= shape.dim(i).dim_value(); // 0 of an open one
      dims.push_back(shape.dim(i).dim_value());
    }
    if (count == 1)
      dims.clear();
    else if (perRow != count || dims.empty())
      dims = {count};
    bool isKnown = shape.dim_size() > 0 && shape.dim(shape.dim_size() - 1).has_dim_value();
    return count == 1 || perRow == count || !isKnown || shape.dim(shape.dim_size() - 1).dim_value() == count;
  }

  /// Gives the tensor that is the output now another name, which is returned.
  std::string rename() {
    std::string name = fresh(scaling.output + ".scaled");
    forEachReference(graph, [&](Names *names) {
      for (std::string &one : *names)
        if (one == scaling.output)
          one = name;
    });
    return name;
  }

  std::string fresh(std::string name) {
    while (!taken.insert(name).second)
      name += "_";
    return name;
  }

  std::string addConstant(StringRef what, const std::vector<double> &numbers) {
    std::string name = fresh(scaling.output + "." + what.str());
    ::onnx::NodeProto *node = add("Constant", {}, name);
    ::onnx::AttributeProto *value = node->add_attribute();
    value->set_name("value");
    value->set_type(::onnx::AttributeProto::TENSOR);
    ::onnx::TensorProto *tensor = value->mutable_t();
    tensor->set_data_type(element);
    for (int64_t dim : dims)
      tensor->add_dims(dim);
    for (double number : numbers)
      if (element == ::onnx::TensorProto::FLOAT)
        tensor->add_float_data(float(number));
      else
        tensor->add_double_data(number);
    return name;
  }

  ::onnx::NodeProto *add(const char *op, std::initializer_list<std::string> inputs, const std::string &output) {
    ::onnx::NodeProto *node = graph.add_node();
    node->set_op_type(op);
    node->set_name(output + "/" + op);
    for (const std::string &input : inputs)
      node->add_input(input);
    node->add_output(output);
    return node;
  }

  ::onnx::GraphProto &graph;
  const OutputScaling &scaling;
  Location where;
  llvm::StringSet<> taken;
  int32_t element = 0;
  std::vector<int64_t> dims;
};

} // namespace

LogicalResult rescaleOutput(::onnx::GraphProto &graph, const OutputScaling &scaling, Location where) {
  return Rescaling(graph, scaling, where).run();
}

} // namespace ingot::frontend
