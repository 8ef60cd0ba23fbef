// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RowFunction.h"

#include "Elements.h"
#include "Failure.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace ingot {
namespace {

// Rows begin, begin + 1, ... as a tensor of `total` rows, the last of which repeats.
Array toArray(const ingot_port &port, const std::string &subject, const Rows &rows, size_t begin, size_t count,
              size_t total) {
  std::vector<int64_t> shape{int64_t(total)};
  shape.insert(shape.end(), rows.shape.begin(), rows.shape.end());
  Array array(static_cast<ingot_dtype>(port.dtype), shape);
  bool isStored = withElementType(array.dtype, [&](auto element) {
    auto *to = reinterpret_cast<decltype(element) *>(array.data());
    for (size_t i = 0; i < total; ++i)
      for (double value : rows.row(begin + std::min(i, count - 1)))
        *to++ = decltype(element)(value);
  });
  if (!isStored)
    throw Failure(exitBadInput, subject,
                  fmt::format("input \"{}\": 16-bit real numbers are not supported yet", port.name));
  return array;
}

// The shape of what belongs to one of so many rows; some outputs count rows and something else in one axis.
std::vector<int64_t> shapeOfRow(const Array &array, size_t rows) {
  std::vector<int64_t> shape = array.shape;
  if (size_t(shape[0]) == rows)
    shape.erase(shape.begin());
  else
    shape[0] /= int64_t(rows);
  return shape;
}

} // namespace

RowFunction::RowFunction(Library &library, int64_t mostRows) : library(library), mostRows(mostRows) {
  library.expectEntry("run");
  const ingot_description &about = library.description();
  std::string arriving = std::string(scores().name) + ".gradient";
  for (int32_t i = 0; i < about.input_count; ++i)
    if (about.inputs[i].name == arriving)
      cotangent = &about.inputs[i];
  auto ports = inputs();
  if (ports.empty())
    throw Failure(exitBadInput, library.path(), "the model has no inputs");
  for (const ingot_port *port : ports)
    if (port->rank == 0 || port->dims[0] != ports[0]->dims[0])
      throw Failure(exitBadInput, library.path(),
                    fmt::format("input \"{}\" has no row for each example, as \"{}\" has", port->name, ports[0]->name));
  int64_t rows = ports[0]->dims[0];
  fixedRows = std::max<int64_t>(0, rows);
  if (rows < 0 && about.symbols[-1 - rows].maximum > 0)
    this->mostRows = std::min(mostRows, about.symbols[-1 - rows].maximum);
}

std::vector<const ingot_port *> RowFunction::inputs() const {
  std::vector<const ingot_port *> ports;
  const ingot_description &about = library.description();
  for (int32_t i = 0; i < about.input_count; ++i)
    if (&about.inputs[i] != cotangent)
      ports.push_back(&about.inputs[i]);
  return ports;
}

const ingot_port *RowFunction::findOutput(const std::string &name) const {
  const ingot_description &about = library.description();
  for (int32_t i = 0; i < about.output_count; ++i)
    if (about.outputs[i].name == name)
      return &about.outputs[i];
  return nullptr;
}

std::vector<std::string> RowFunction::outputNames() const {
  std::vector<std::string> names;
  const ingot_description &about = library.description();
  for (int32_t i = 0; i < about.output_count; ++i)
    names.push_back(about.outputs[i].name);
  return names;
}

void RowFunction::expectGradient(const std::string &tensor) const {
  if (!findOutput(tensor + ".gradient")) {
    bool isInput = false;
    for (const ingot_port *port : inputs())
      if (port->name == tensor) {
        isInput = true;
        if (!isReal(static_cast<ingot_dtype>(port->dtype)))
          throw Failure(exitBadInput, path(),
                        fmt::format("input \"{}\" has whole numbers, which have no gradient; make the library with "
                                    "ingotc --grad-inputs --cotangent --grad-at TENSOR, the tensor of embeddings, and "
                                    "explain it with --at TENSOR",
                                    tensor));
      }
    throw Failure(exitBadInput, path(),
                  fmt::format("tells no gradient by \"{}\"; make it with ingotc --grad-inputs --cotangent{}", tensor,
                              isInput ? "" : " --grad-at " + tensor));
  }
  if (!takesCotangent())
    throw Failure(exitBadInput, path(),
                  "tells the gradient of the sum of its first output only; make it with ingotc --grad-inputs "
                  "--cotangent");
}

std::vector<int64_t> RowFunction::rowDims(const ingot_port &port) {
  std::vector<int64_t> dims(port.dims + 1, port.dims + port.rank);
  for (int64_t &dim : dims)
    dim = std::max<int64_t>(dim, -1);
  return dims;
}

std::vector<Rows> RowFunction::run(const RowMap &inputs, const std::vector<std::string> &outputs,
                                   const Rows *arriving) {
  std::vector<Rows> results(outputs.size());
  size_t count = inputs.begin()->second.count();
  auto most = size_t(fixedRows ? fixedRows : mostRows);
  for (size_t begin = 0; begin < count; begin += most)
    runSome(inputs, begin, std::min(most, count - begin), arriving, outputs, results);
  return results;
}

std::vector<Array> RowFunction::makeInputs(const RowMap &inputs, size_t begin, size_t count, size_t total,
                                           const Rows *arriving) const {
  const ingot_description &about = library.description();
  std::vector<Array> arrays;
  for (int32_t i = 0; i < about.input_count; ++i) {
    const ingot_port &port = about.inputs[i];
    if (&port != cotangent)
      arrays.push_back(toArray(port, path(), inputs.at(port.name), begin, count, total));
    else if (arriving)
      arrays.push_back(toArray(port, path(), *arriving, begin, count, total));
    else
      arrays.push_back(makeZeros(port, arrays, total));
  }
  return arrays;
}

// Its shape is the first output's, which follows from the inputs before it.
Array RowFunction::makeZeros(const ingot_port &port, const std::vector<Array> &before, size_t total) const {
  std::vector<int64_t> shape(port.dims, port.dims + port.rank);
  const ingot_description &about = library.description();
  for (int64_t &dim : shape)
    for (size_t i = 0; dim < 0 && i < before.size(); ++i)
      for (int32_t axis = 0; dim < 0 && axis < about.inputs[i].rank; ++axis)
        if (about.inputs[i].dims[axis] == dim)
          dim = before[i].shape[size_t(axis)];
  shape[0] = int64_t(total);
  if (std::count_if(shape.begin(), shape.end(), [](int64_t dim) { return dim < 0; }))
    throw Failure(exitBadInput, path(),
                  fmt::format("the size of \"{}\" follows from no input's; pin it with ingotc --dim", port.name));
  Array zeros(static_cast<ingot_dtype>(port.dtype), shape);
  std::memset(zeros.data(), 0, zeros.bytes());
  return zeros;
}

void RowFunction::runSome(const RowMap &inputs, size_t begin, size_t count, const Rows *arriving,
                          const std::vector<std::string> &outputs, std::vector<Rows> &results) {
  const ingot_description &about = library.description();
  size_t total = fixedRows ? size_t(fixedRows) : count;
  std::vector<Array> given = makeInputs(inputs, begin, count, total, arriving);
  std::vector<ingot_tensor> tensors = tensorsOf(given);
  std::vector<Array> made = library.makeOutputs(tensors);
  library.run(tensors, tensorsOf(made));
  for (size_t wanted = 0; wanted < outputs.size(); ++wanted)
    for (int32_t i = 0; i < about.output_count; ++i) {
      if (about.outputs[i].name != outputs[wanted])
        continue;
      const Array &array = made[size_t(i)];
      if (array.shape.empty() || array.shape[0] % int64_t(total))
        throw Failure(exitBadInput, path(), fmt::format("output \"{}\" has no row for each example", outputs[wanted]));
      Rows &result = results[wanted];
      result.shape = shapeOfRow(array, total);
      for (size_t k = 0; k < count * result.perRow(); ++k)
        result.values.push_back(array.at(int64_t(k)));
    }
}

} // namespace ingot
