// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Over how many examples a loss is a mean, which tells how pieces of a batch count.
#pragma once
#include "Array.h"
#include "ingot/runtime.h"

#include <functional>
#include <string>
#include <vector>

namespace ingot {

/// The hyperparameters by which a gradient step is told how its piece of a batch counts: `share`, and `TARGET.share`
/// for the means over labels of targets that have one. A caller does not choose them.
bool isShare(const ingot_port &port);
std::vector<std::string> sharesOf(const ingot_description &about);

/// Gives some rows of an input; null where there are none.
using RowsOfInput = std::function<const Array *(const ingot_port &)>;

/// Over how many examples the loss on these rows is a mean: the labels of the only target of classes that are not of
/// the class that counts nothing, else the rows.
double countExamples(const ingot_description &about, int64_t rows, const RowsOfInput &arrayOf);

/// How rows count as a piece of a batch, in the order of `sharesOf`. The first number is that of `countExamples`, or
/// the rows where there are targets with shares of their own, whose labels that count follow.
std::vector<double> countForShares(const ingot_description &about, int64_t rows, const RowsOfInput &arrayOf);

/// The shares of a piece with these counts in a batch with those; `rows` is the piece's part of the batch's rows, which
/// decides where no label counts.
std::vector<double> sharesOf(const std::vector<double> &piece, const std::vector<double> &batch, double rows);

} // namespace ingot
