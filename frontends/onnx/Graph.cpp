//===- Graph.cpp - Walks a model's graph and builds the module ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Nodes in topological order, each through its schema's check and then its importer, its symbolic rule or its function
// body.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Graph.h"
#include "frontends/onnx/ElementTypes.h"
#include "frontends/onnx/Location.h"
#include "frontends/onnx/Registry.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using ::onnx::NodeProto;

// Deeper nesting of functions than this is a mistake.
static constexpr unsigned kMaxCallDepth = 64;
// No model has this many nodes, but functions that call each other twice do.
static constexpr unsigned kMaxNodes = 1 << 20;

namespace ingot::frontend {
namespace {

std::string domainOf(const NodeProto &node) { return node.domain() == "ai.onnx" ? "" : node.domain(); }

Opsets opsetsOf(const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto> &imports) {
  Opsets opsets;
  for (const auto &opset : imports)
    opsets[opset.domain() == "ai.onnx" ? "" : opset.domain()] = opset.version();
  return opsets;
}

int64_t versionFor(const NodeProto &node, const Opsets &opsets) {
  auto found = opsets.find(domainOf(node));
  return found == opsets.end() ? 0 : found->second;
}

const ::onnx::OpSchema *schemaOf(const NodeProto &node, int64_t version) {
  return ::onnx::OpSchemaRegistry::Schema(node.op_type(), version, domainOf(node));
}

bool hasBody(const NodeProto &node, int64_t version) {
  const ::onnx::OpSchema *schema = schemaOf(node, version);
  return schema && (schema->HasFunction() || schema->HasContextDependentFunction());
}

bool hasImporter(const NodeProto &node, int64_t version) {
  return domainOf(node).empty() && (node.op_type() == "If" || findOperator(node.op_type(), version));
}

/// Numbers the nodes so that producers come first, or gives the nodes of a cycle.
struct Order {
  SmallVector<unsigned> sequence, cycle;
};

Order topologicalOrder(const google::protobuf::RepeatedPtrField<NodeProto> &nodes) {
  llvm::StringMap<unsigned> producers;
  for (int i = 0; i < nodes.size(); ++i)
    for (const std::string &output : nodes[i].output())
      if (!output.empty())
        producers.try_emplace(output, i);
  Order order;
  enum State : char { Unseen, Open, Done };
  std::vector<State> states(nodes.size(), Unseen);
  // Depth-first with an explicit stack: a model may be a chain of many thousand nodes.
  std::vector<std::pair<unsigned, int>> stack;
  for (int root = 0; root < nodes.size(); ++root) {
    if (states[root] == Unseen)
      stack.push_back({root, 0});
    while (!stack.empty()) {
      auto &[node, next] = stack.back();
      states[node] = Open;
      if (next == nodes[node].input_size()) {
        states[node] = Done;
        order.sequence.push_back(node);
        stack.pop_back();
        continue;
      }
      auto producer = producers.find(nodes[node].input(next++));
      if (producer == producers.end() || states[producer->second] == Done)
        continue;
      if (states[producer->second] == Open) {
        for (auto &entry : stack)
          if (!order.cycle.empty() || entry.first == producer->second)
            order.cycle.push_back(entry.first);
        return order;
      }
      stack.push_back({producer->second, 0});
    }
  }
  return order;
}

} // namespace

Graph::Graph(std::shared_ptr<Model> file, const ImportOptions &options)
    : model(std::move(file)), options(options), context(model->getContext()), builder(context), symbols(context) {}

OwningOpRef<ModuleOp> Graph::import() {
  Location where = fileLocation(context, model->path());
  OwningOpRef<ModuleOp> module = ModuleOp::create(where);
  std::string name = options.name.empty() ? llvm::sys::path::stem(model->path()).str() : options.name;
  (*module)->setAttr("ingot.name", builder.getStringAttr(name));
  if (options.isEvaluation)
    (*module)->setAttr("ingot.evaluation", builder.getUnitAttr());
  if (failed(checkOpsets()) || failed(checkSupported()))
    return {};
  builder.setInsertionPointToEnd(module->getBody());
  function = builder.create<func::FuncOp>(where, "main", builder.getFunctionType({}, {}));
  function.addEntryBlock();
  builder.setInsertionPointToEnd(&function.getBody().front());
  Scope scope;
  Assumptions assumptions;
  if (failed(importInputs(scope)) || failed(checkDimensionNames()) ||
      failed(importInitializers(model->proto().graph(), scope)) ||
      failed(
          importNodes(model->proto().graph().node(), scope, opsetsOf(model->proto().opset_import()), std::nullopt)) ||
      failed(importOutputs(scope)))
    return {};
  for (Attribute assumed : assumptions.get())
    require(symbols.adopt(cast<ShapeAttr>(assumed)).front());
  if (failed(describeSymbols(*module)))
    return {};
  return module;
}

LogicalResult Graph::importInitializers(const ::onnx::GraphProto &graph, Scope &scope) {
  for (const auto &initializer : graph.initializer()) {
    Location where = tensorLocation(context, model->path(), initializer.name());
    if (!model->type(initializer, where))
      return failure();
    auto tensor = std::make_shared<Tensor>();
    tensor->name = initializer.name();
    tensor->initializer = &initializer;
    scope.add(initializer.name(), tensor);
  }
  if (graph.sparse_initializer_size())
    return emitError(fileLocation(context, model->path())) << "sparse initializers are not supported yet";
  return success();
}

LogicalResult Graph::importNodes(const Nodes &nodes, Scope &scope, const Opsets &opsets,
                                 std::optional<Location> caller) {
  Order order = topologicalOrder(nodes);
  auto locate = [&](unsigned index) {
    return caller ? innerLocation(*caller, nodes[index])
                  : nodeLocation(context, model->path(), nodes[index], index, versionFor(nodes[index], opsets));
  };
  if (!order.cycle.empty()) {
    InFlightDiagnostic error = emitError(locate(order.cycle.front())) << "the graph is cyclic: ";
    for (unsigned index : order.cycle)
      error << "\"" << nodes[index].output(0) << "\" <- ";
    return error << "\"" << nodes[order.cycle.front()].output(0) << "\"";
  }
  for (unsigned index : order.sequence)
    if (failed(importNode(nodes[index], scope, opsets, locate(index))))
      return failure();
  return success();
}

LogicalResult Graph::importNode(const NodeProto &proto, Scope &scope, const Opsets &opsets, Location where) {
  for (const std::string &input : proto.input())
    if (!input.empty() && !scope.find(input))
      return emitError(where) << "input \"" << input << "\" is not an input, an initializer or the output of any node";
  for (const std::string &output : proto.output())
    if (!output.empty() && scope.has(output))
      return emitError(where) << "output \"" << output << "\" is defined twice";
  if (++nodeCount > kMaxNodes)
    return emitError(where) << "the model expands to more than " << kMaxNodes << " nodes";
  if (const ::onnx::FunctionProto *body = findFunction(proto))
    return importCall(proto, *body, scope, where);
  int64_t version = versionFor(proto, opsets);
  Node node(*this, proto, scope, version, where);
  if (const ::onnx::OpSchema *schema = schemaOf(proto, version)) {
    try {
      schema->Verify(proto);
    } catch (const std::exception &problem) {
      return emitError(where) << problem.what();
    }
    if (failed(checkElementTypes(node, *schema)))
      return failure();
  }
  if (evaluateSymbolically(node))
    return success();
  if (domainOf(proto).empty() && node.type() == "If")
    return importIf(proto, scope, opsets, where);
  ::onnx::FunctionProto body;
  if (hasImporter(proto, version)) {
    if (failed(findOperator(proto.op_type(), version)->import(node)))
      return failure();
  } else if (!schemaBody(proto, scope, version, body, where)) {
    return emitError(where) << "the operator " << qualifiedName(proto) << " is not supported yet";
  } else if (failed(importCall(proto, body, scope, where))) {
    return failure();
  }
  for (const std::string &output : proto.output())
    if (!output.empty() && !scope.has(output))
      return emitError(where) << "output \"" << output << "\" is not supported yet";
  return success();
}

const ::onnx::FunctionProto *Graph::findFunction(const NodeProto &node) const {
  for (const auto &function : model->proto().functions())
    if (function.name() == node.op_type() && function.domain() == node.domain() &&
        function.overload() == node.overload())
      return &function;
  return nullptr;
}

bool Graph::schemaBody(const NodeProto &node, Scope &scope, int64_t opset, ::onnx::FunctionProto &body,
                       Location where) {
  const ::onnx::OpSchema *schema = schemaOf(node, opset);
  if (!schema)
    return false;
  if (schema->HasFunction())
    if (const ::onnx::FunctionProto *fixed = schema->GetFunction(opset)) {
      body = *fixed;
      return true;
    }
  if (!schema->HasContextDependentFunction())
    return false;
  std::vector<::onnx::TypeProto> types;
  for (const std::string &input : node.input()) {
    auto tensor = input.empty() ? nullptr : scope.find(input);
    RankedTensorType tensorType = tensor ? type(*tensor, where) : RankedTensorType();
    ::onnx::TypeProto &proto = types.emplace_back();
    if (!tensorType)
      continue;
    proto.mutable_tensor_type()->set_elem_type(onnxType(tensorType.getElementType()));
    auto *shape = proto.mutable_tensor_type()->mutable_shape();
    for (AffineExpr dim : symbols.dims(tensorType)) {
      auto size = constantValue(dim);
      size ? shape->add_dim()->set_dim_value(*size) : shape->add_dim()->set_dim_param(symbols.print(dim));
    }
  }
  ::onnx::FunctionBodyBuildContextImpl types_and_attributes(node, types);
  return schema->BuildContextDependentFunction(types_and_attributes, body, opset);
}

namespace {

const ::onnx::AttributeProto *findAttribute(const google::protobuf::RepeatedPtrField<::onnx::AttributeProto> &list,
                                            const std::string &name) {
  for (const auto &attribute : list)
    if (attribute.name() == name)
      return &attribute;
  return nullptr;
}

/// Puts the caller's attributes (or the function's defaults) where the body refers to them.
void bindAttributes(NodeProto &inner, const NodeProto &call, const ::onnx::FunctionProto &body,
                    const ::onnx::OpSchema *schema) {
  google::protobuf::RepeatedPtrField<::onnx::AttributeProto> bound;
  for (const auto &attribute : inner.attribute()) {
    const std::string &reference = attribute.ref_attr_name();
    const ::onnx::AttributeProto *given = &attribute;
    if (!reference.empty()) {
      given = findAttribute(call.attribute(), reference);
      if (!given)
        given = findAttribute(body.attribute_proto(), reference);
      if (!given && schema)
        if (auto declared = schema->attributes().find(reference); declared != schema->attributes().end())
          given = &declared->second.default_value;
      if (!given || given->type() == ::onnx::AttributeProto::UNDEFINED)
        continue;
    }
    auto *copy = bound.Add();
    *copy = *given;
    copy->set_name(attribute.name());
  }
  inner.mutable_attribute()->Swap(&bound);
}

} // namespace

LogicalResult Graph::importCall(const NodeProto &node, const ::onnx::FunctionProto &function, Scope &scope,
                                Location where) {
  if (callDepth >= kMaxCallDepth)
    return emitError(where) << "functions call each other without end";
  ++callDepth;
  auto leave = llvm::make_scope_exit([&] { --callDepth; });
  const ::onnx::OpSchema *schema = findFunction(node) ? nullptr : schemaOf(node, 1 << 20);
  Scope inner;
  for (int i = 0; i < function.input_size() && i < node.input_size(); ++i)
    if (!node.input(i).empty())
      inner.add(function.input(i), scope.find(node.input(i)));
  // The nodes live as long as the model: constants refer to tensors in their attributes.
  auto bound = std::make_shared<::onnx::FunctionProto>(function);
  bodies.push_back(bound);
  for (NodeProto &step : *bound->mutable_node()) {
    bindAttributes(step, node, function, schema);
    for (std::string &input : *step.mutable_input()) // an optional input that the caller left out
      if (llvm::is_contained(function.input(), input) && !inner.has(input))
        input.clear();
  }
  if (failed(importNodes(bound->node(), inner, opsetsOf(function.opset_import()), where)))
    return failure();
  for (int i = 0; i < node.output_size() && i < function.output_size(); ++i) {
    auto tensor = inner.find(function.output(i));
    if (!node.output(i).empty() && tensor)
      scope.add(node.output(i), tensor);
    else if (!node.output(i).empty())
      return emitError(where) << "the function " << function.name() << " does not define its output \""
                              << function.output(i) << "\"";
  }
  return success();
}

LogicalResult Graph::importIf(const NodeProto &node, Scope &scope, const Opsets &opsets, Location where) {
  auto condition = scope.find(node.input(0));
  const Known *contents = known(*condition, where);
  auto numbers = contents ? contents->numbers() : std::nullopt;
  if (!numbers || numbers->size() != 1)
    return emitError(where) << "a condition that is computed from data is not supported yet";
  const ::onnx::AttributeProto *attribute =
      findAttribute(node.attribute(), numbers->front() ? "then_branch" : "else_branch");
  const ::onnx::GraphProto &branch = attribute->g();
  Scope inner(&scope);
  if (failed(importInitializers(branch, inner)) || failed(importNodes(branch.node(), inner, opsets, where)))
    return failure();
  for (int i = 0; i < node.output_size() && i < branch.output_size(); ++i) {
    auto tensor = inner.find(branch.output(i).name());
    if (!tensor)
      return emitError(where) << "the branch does not define its output \"" << branch.output(i).name() << "\"";
    if (!node.output(i).empty())
      scope.add(node.output(i), tensor);
  }
  return success();
}

LogicalResult Graph::checkOpsets() {
  // Newer operators may mean something else than what is known here.
  auto known = ::onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map();
  for (auto &[domain, version] : opsetsOf(model->proto().opset_import())) {
    auto range = known.find(domain);
    if (range != known.end() && (version > range->second.second || version < 1))
      return emitError(fileLocation(context, model->path()))
             << "the model uses version " << version << " of the operator set \""
             << (domain.empty() ? "ai.onnx" : domain) << "\"; versions 1 to " << range->second.second << " are known";
  }
  return success();
}

LogicalResult Graph::checkSupported() {
  // One error per operator and version, at its first node, naming the others.
  struct Missing {
    std::string op;
    Location where;
    bool exists;
    SmallVector<std::string> others;
  };
  std::vector<Missing> missing;
  std::function<void(const Nodes &, const Opsets &)> visit = [&](const Nodes &nodes, const Opsets &opsets) {
    for (int i = 0; i < nodes.size(); ++i) {
      const NodeProto &node = nodes[i];
      int64_t version = versionFor(node, opsets);
      for (const auto &attribute : node.attribute())
        if (attribute.has_g())
          visit(attribute.g().node(), opsets);
      if (findFunction(node) || hasImporter(node, version) || hasBody(node, version))
        continue;
      std::string op = qualifiedName(node) + "-" + std::to_string(version);
      auto found = llvm::find_if(missing, [&](const Missing &entry) { return entry.op == op; });
      if (found == missing.end())
        missing.push_back(
            {op, nodeLocation(context, model->path(), node, i, version), schemaOf(node, version) != nullptr, {}});
      else
        found->others.push_back(node.name().empty() ? node.op_type() + "#" + std::to_string(i) : node.name());
    }
  };
  visit(model->proto().graph().node(), opsetsOf(model->proto().opset_import()));
  for (const auto &function : model->proto().functions())
    visit(function.node(), opsetsOf(function.opset_import()));
  for (const Missing &entry : missing) {
    InFlightDiagnostic error = emitError(entry.where);
    error << (entry.exists ? "the operator is not supported yet"
                           : "there is no such operator in the operator sets that Ingot knows; it is not supported");
    size_t shown = std::min<size_t>(entry.others.size(), 8);
    for (size_t i = 0; i < shown; ++i)
      error << (i ? ", \"" : "; it is also that of \"") << entry.others[i] << "\"";
    if (shown < entry.others.size())
      error << " and " << entry.others.size() - shown << " more";
  }
  return success(missing.empty());
}

} // namespace ingot::frontend
