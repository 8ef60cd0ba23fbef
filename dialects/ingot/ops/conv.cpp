//===- conv.cpp - Shape rules and folds: conv -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {

LogicalResult ConvOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                       DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                       SmallVectorImpl<Type> &types) {
  auto op = adaptorOf<ConvOp>(context, operands, attributes, properties, regions);
  SymbolScope scope(context);
  Type inputType = operands[0].getType(), filterType = operands[1].getType();
  SmallVector<AffineExpr> input = scope.dims(inputType), filter = scope.dims(filterType);
  size_t spatial = input.size() - 2;
  if (input.size() < 3 || filter.size() != input.size() || op.getStrides().size() != spatial ||
      op.getDilations().size() != spatial || op.getLow().size() != spatial || op.getHigh().size() != spatial) // conv.1
    return reject(where, "ranks do not agree: input ", describe(inputType), ", filter ", describe(filterType));
  auto filters = constantValue(filter.back());
  int64_t groups = op.getGroups();
  AffineExpr wanted = simplifyDimension(filter[spatial] * groups);
  if (groups < 1 || !scope.canBeEqual(input.back(), wanted)) // conv.2
    return reject(where, "input has ", scope.print(input.back()), " channels, but filter ", describe(filterType),
                  " in ", groups, " group(s) needs ", scope.print(wanted));
  if (filters && *filters % groups) // conv.3
    return reject(where, *filters, " filters are no multiple of ", groups, " groups");
  for (size_t i = 0; i < spatial; ++i) {
    if (op.getStrides()[i] < 1 || op.getDilations()[i] < 1)
      return reject(where, "strides and dilations must be positive");
    AffineExpr window = (filter[i] - 1) * op.getDilations()[i] + 1;
    AffineExpr padded = input[i + 1] + op.getLow()[i] + op.getHigh()[i];
    if (!scope.canReach(padded, window)) // conv.4
      return reject(where, "window is larger than the padded input: input ", describe(inputType), ", filter ",
                    describe(filterType));
    input[i + 1] = (padded - window).floorDiv(op.getStrides()[i]) + 1;
  }
  input.back() = filter.back();
  types.push_back(scope.tensor(input, getElementTypeOrSelf(inputType)));
  return success();
}

LogicalResult ConvTransposeOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where,
                                                ValueRange operands, DictionaryAttr attributes,
                                                OpaqueProperties properties, RegionRange regions,
                                                SmallVectorImpl<Type> &types) {
  auto op = adaptorOf<ConvTransposeOp>(context, operands, attributes, properties, regions);
  SymbolScope scope(context);
  Type inputType = operands[0].getType(), filterType = operands[1].getType();
  SmallVector<AffineExpr> input = scope.dims(inputType), filter = scope.dims(filterType);
  size_t spatial = input.size() - 2;
  if (input.size() < 3 || filter.size() != input.size() || op.getStrides().size() != spatial ||
      op.getDilations().size() != spatial || op.getLow().size() != spatial || op.getHigh().size() != spatial ||
      op.getOutputPadding().size() != spatial)
    return reject(where, "ranks do not agree: input ", describe(inputType), ", filter ", describe(filterType));
  auto channels = constantValue(input.back());
  if (!scope.canBeEqual(input.back(), filter.back()))
    return reject(where, "input has ", scope.print(input.back()), " channels, but the filter ", describe(filterType),
                  " takes ", scope.print(filter.back()));
  if (op.getGroups() < 1 || (channels && *channels % op.getGroups()))
    return reject(where, "channels are no multiple of ", op.getGroups(), " groups");
  for (size_t i = 0; i < spatial; ++i) {
    AffineExpr size = (input[i + 1] - 1) * op.getStrides()[i] + (filter[i] - 1) * op.getDilations()[i] + 1 +
                      op.getOutputPadding()[i] - op.getLow()[i] - op.getHigh()[i];
    input[i + 1] = simplifyDimension(size);
    if (!scope.canReach(input[i + 1], scope.constant(0)))
      return reject(where, "padding removes more than the whole output: input ", describe(inputType));
  }
  input.back() = filter[spatial] * op.getGroups();
  types.push_back(scope.tensor(input, getElementTypeOrSelf(inputType)));
  return success();
}

/// Each element of `scattered` meets a whole window of the filter, of which the last axis runs over its channels.
static double countProducts(Value scattered, Value filter, SizesOf sizes) {
  return 2 * countElements(sizes(scattered)) * countElements(ArrayRef(sizes(filter)).drop_back());
}
double ConvOp::countOperations(SizesOf sizes) { return countProducts(getOutput(), getFilter(), sizes); }
double ConvTransposeOp::countOperations(SizesOf sizes) { return countProducts(getInput(), getFilter(), sizes); }
double ConvFilterGradientOp::countOperations(SizesOf sizes) { return countProducts(getGradient(), getOutput(), sizes); }

LogicalResult ConvFilterGradientOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where,
                                                     ValueRange operands, DictionaryAttr attributes,
                                                     OpaqueProperties properties, RegionRange regions,
                                                     SmallVectorImpl<Type> &types) {
  auto op = adaptorOf<ConvFilterGradientOp>(context, operands, attributes, properties, regions);
  SymbolScope scope(context);
  Type inputType = operands[0].getType(), gradientType = operands[1].getType();
  SmallVector<AffineExpr> input = scope.dims(inputType), gradient = scope.dims(gradientType);
  ArrayRef<int64_t> window = op.getWindow();
  size_t spatial = window.size();
  if (spatial == 0 || input.size() != spatial + 2 || gradient.size() != spatial + 2 ||
      op.getStrides().size() != spatial || op.getDilations().size() != spatial || op.getLow().size() != spatial ||
      op.getHigh().size() != spatial) // conv_filter_gradient.1
    return reject(where, "ranks do not agree: input ", describe(inputType), ", gradient ", describe(gradientType),
                  ", window of ", spatial, " axes");
  if (!scope.canBeEqual(input[0], gradient[0])) // .2
    return reject(where, "numbers of images differ: input ", describe(inputType), ", gradient ",
                  describe(gradientType));
  auto channels = constantValue(input.back()), filters = constantValue(gradient.back());
  int64_t groups = op.getGroups();
  if (groups < 1 || (channels && *channels % groups) || (filters && *filters % groups)) // .3
    return reject(where, "channels are no multiple of ", groups, " groups: input ", describe(inputType), ", gradient ",
                  describe(gradientType));
  SmallVector<AffineExpr> output;
  for (size_t i = 0; i < spatial; ++i) {
    if (op.getStrides()[i] < 1 || op.getDilations()[i] < 1 || window[i] < 0)
      return reject(where, "strides and dilations must be positive, and the window not negative");
    AffineExpr room = input[i + 1] + op.getLow()[i] + op.getHigh()[i] - (window[i] - 1) * op.getDilations()[i] - 1;
    AffineExpr results = room.floorDiv(op.getStrides()[i]) + 1;
    if (!scope.canReach(results, gradient[i + 1])) // .4
      return reject(where, "gradient ", describe(gradientType), " has more pixels than a convolution of ",
                    describe(inputType));
    output.push_back(scope.constant(window[i]));
  }
  output.push_back(simplifyDimension(input.back().floorDiv(groups)));
  output.push_back(gradient.back());
  types.push_back(scope.tensor(output, getElementTypeOrSelf(inputType)));
  return success();
}

} // namespace ingot
