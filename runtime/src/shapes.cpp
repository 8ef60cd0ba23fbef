// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every message names the tensor, what was given, and what was expected.
#include "shapes.h"

#include "model.h"
#include "process.h"

#include <stdlib.h>

using namespace ingot;

static constexpr int64_t unbound = -1;

static const char *nameOf(int32_t dtype) {
  static const char *const names[] = {"?",      "float32", "uint8", "int8", "uint16",  "int16",
                                      "int32",  "int64",   "?",     "bool", "float16", "float64",
                                      "uint32", "uint64",  "?",     "?",    "bfloat16"};
  return dtype >= 0 && dtype <= INGOT_BF16 ? names[dtype] : "?";
}

static int64_t elementBytes(int32_t dtype) {
  static const int8_t bytes[] = {1, 4, 1, 1, 2, 2, 4, 8, 1, 1, 2, 8, 4, 8, 1, 1, 2};
  return dtype >= 0 && dtype <= INGOT_BF16 ? bytes[dtype] : 1;
}

// What inputs and outputs have in common: type, rank, a usable buffer.
static ingot_status checkTensor(const char *kind, const ingot_port &port, const ingot_tensor &tensor, bool needData) {
  if (tensor.dtype != port.dtype)
    return fail(INGOT_INVALID, "%s \"%s\" has type %s, expected %s", kind, port.name, nameOf(tensor.dtype),
                nameOf(port.dtype));
  if (tensor.rank != port.rank)
    return fail(INGOT_INVALID, "%s \"%s\" has %d dimensions, expected %d", kind, port.name, tensor.rank, port.rank);
  int64_t bytes = elementBytes(port.dtype);
  auto address = reinterpret_cast<uintptr_t>(tensor.data);
  if (needData && address % static_cast<uintptr_t>(bytes))
    return fail(INGOT_INVALID, "%s \"%s\" is not aligned to its elements of %d bytes", kind, port.name,
                static_cast<int>(bytes));
  for (int32_t i = 0; i < tensor.rank; ++i)
    if (tensor.shape[i] < 0)
      return fail(INGOT_INVALID, "%s \"%s\": dimension %d is negative", kind, port.name, i);
    else if (__builtin_mul_overflow(bytes, tensor.shape[i], &bytes))
      return fail(INGOT_INVALID, "%s \"%s\" is larger than any memory", kind, port.name);
  if (needData && bytes && !tensor.data)
    return fail(INGOT_INVALID, "%s \"%s\" has no data", kind, port.name);
  return INGOT_OK;
}

// The value of a symbol that no shape tells.
static ingot_status bindLength(const ingot_description &description, const ingot_port &port, const ingot_tensor &tensor,
                               int64_t *symbols) {
  int64_t given = *static_cast<const int64_t *>(tensor.data), &symbol = symbols[-1 - port.dims[0]];
  if (given < 0 || given > INT64_MAX / 2) // sums of sizes must not overflow
    return fail(INGOT_INVALID, "input \"%s\" is %ld, which is no length", port.name, given);
  if (symbol != unbound && symbol != given)
    return fail(INGOT_INVALID, "input \"%s\" is %ld, but an earlier input has a dimension \"%s\" of %ld", port.name,
                given, description.symbols[-1 - port.dims[0]].name, symbol);
  symbol = given;
  return INGOT_OK;
}

static ingot_status bindDimension(const ingot_description &description, const ingot_port &port, int32_t index,
                                  int64_t given, int64_t *symbols) {
  int64_t wanted = port.dims[index];
  if (wanted >= 0) {
    if (given == wanted)
      return INGOT_OK;
    return fail(INGOT_INVALID, "input \"%s\": dimension %d is %ld, expected %ld", port.name, index, given, wanted);
  }
  int64_t symbol = -1 - wanted;
  if (symbols[symbol] == unbound)
    symbols[symbol] = given;
  else if (symbols[symbol] != given)
    return fail(INGOT_INVALID, "input \"%s\": dimension %d (\"%s\") is %ld, but an earlier input has %ld there",
                port.name, index, description.symbols[symbol].name, given, symbols[symbol]);
  return INGOT_OK;
}

ingot_status ingot::bindInputs(const ingot_program &program, const ingot_tensor *inputs, bool needData,
                               int64_t *symbols) {
  const ingot_description &description = program.description;
  if (!inputs && description.input_count)
    return fail(INGOT_INVALID, "no inputs given, expected %d", description.input_count);
  for (int32_t i = 0; i < description.symbol_count; ++i)
    symbols[i] = unbound;
  for (int32_t i = 0; i < description.input_count; ++i) {
    const ingot_port &port = description.inputs[i];
    if (isLeftOut(port, inputs[i]))
      continue;
    bool isLength = port.role == INGOT_LENGTH;
    if (ingot_status status = checkTensor("input", port, inputs[i], needData || isLength))
      return status;
    if (ingot_status status = isLength ? bindLength(description, port, inputs[i], symbols) : INGOT_OK)
      return status;
    for (int32_t j = 0; j < port.rank; ++j)
      if (ingot_status status = bindDimension(description, port, j, inputs[i].shape[j], symbols))
        return status;
  }
  return checkSymbols(program, symbols);
}

ingot_status ingot::checkSymbols(const ingot_program &program, const int64_t *symbols) {
  const ingot_description &description = program.description;
  for (int32_t i = 0; i < description.symbol_count; ++i) {
    const ingot_symbol &symbol = description.symbols[i];
    if (symbols[i] >= symbol.minimum && (symbol.maximum < 0 || symbols[i] <= symbol.maximum))
      continue;
    if (symbols[i] == unbound)
      return fail(INGOT_INVALID, "no input tells the dimension \"%s\"", symbol.name);
    if (symbol.maximum < 0)
      return fail(INGOT_INVALID, "dimension \"%s\" is %ld, expected at least %ld", symbol.name, symbols[i],
                  symbol.minimum);
    if (symbol.maximum == symbol.minimum)
      return fail(INGOT_INVALID, "dimension \"%s\" is %ld, expected %ld", symbol.name, symbols[i], symbol.minimum);
    return fail(INGOT_INVALID, "dimension \"%s\" is %ld, expected %ld to %ld", symbol.name, symbols[i], symbol.minimum,
                symbol.maximum);
  }
  if (const char *broken = program.broken_assumption ? program.broken_assumption(symbols) : nullptr)
    return fail(INGOT_INVALID, "the dimensions do not fit together: the model needs %s", broken);
  return INGOT_OK;
}

ingot_status ingot::checkOutputs(const ingot_description &description, const ingot_tensor *outputs,
                                 const int64_t *dims) {
  if (!outputs && description.output_count)
    return fail(INGOT_INVALID, "no outputs given, expected %d", description.output_count);
  for (int32_t i = 0; i < description.output_count; ++i) {
    const ingot_port &port = description.outputs[i];
    if (ingot_status status = checkTensor("output", port, outputs[i], true))
      return status;
    for (int32_t j = 0; j < port.rank; ++j)
      if (outputs[i].shape[j] != dims[j])
        return fail(INGOT_INVALID, "output \"%s\": dimension %d is %ld, expected %ld", port.name, j,
                    outputs[i].shape[j], dims[j]);
    dims += port.rank;
  }
  return INGOT_OK;
}

int64_t ingot::countOutputDims(const ingot_description &description) {
  int64_t count = 0;
  for (int32_t i = 0; i < description.output_count; ++i)
    count += description.outputs[i].rank;
  return count;
}

int64_t ingot::computeSizes(const ingot_program &program, const int64_t *symbols, int64_t *outputDims) {
  int64_t arenaBytes = program.description.arena_bytes;
  if (program.sizes) {
    program.sizes(symbols, outputDims, &arenaBytes);
    return arenaBytes;
  }
  for (int32_t i = 0; i < program.description.output_count; ++i)
    for (int32_t j = 0; j < program.description.outputs[i].rank; ++j) {
      int64_t dim = program.description.outputs[i].dims[j];
      *outputDims++ = dim >= 0 ? dim : symbols[-1 - dim];
    }
  return arenaBytes;
}

ingot_status ingot::outputShapes(const ingot_model *model, const ingot_tensor *inputs, ingot_tensor *outputs) {
  const ingot_program &program = *modelOf(model).program;
  const ingot_description &description = program.description;
  int64_t dimCount = countOutputDims(description);
  auto *symbols = static_cast<int64_t *>(calloc(description.symbol_count + dimCount + 1, sizeof(int64_t)));
  if (!symbols)
    return fail(INGOT_NO_MEMORY, "no memory for the shapes");
  ingot_status status = bindInputs(program, inputs, false, symbols);
  if (!status) {
    int64_t *dims = symbols + description.symbol_count;
    computeSizes(program, symbols, dims);
    for (int32_t i = 0; i < description.output_count; ++i) {
      outputs[i].dtype = description.outputs[i].dtype;
      outputs[i].rank = description.outputs[i].rank;
      for (int32_t j = 0; j < outputs[i].rank; ++j)
        outputs[i].shape[j] = *dims++;
    }
  }
  free(symbols);
  return status;
}
