// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Explanations as a document, as arrays, as pictures and as lines of text.
#pragma once
#include "Explainer.h"

namespace ingot {

/// The document of `ingot explain`. Values of large examples are in the arrays alone.
nlohmann::ordered_json documentOf(const ExplainRequest &request, const Explainer &explainer,
                                  const std::vector<Explanation> &explanations);

/// Writes explanation.json, attributions.npz and a PNG file for each example that is an image into a folder, which is
/// made if need be.
void writeExplanations(const std::string &folder, const nlohmann::ordered_json &document, Explainer &explainer,
                       const std::vector<Explanation> &explanations);

/// One line.
std::string describe(const Explanation &explanation);

/// The picture's file within the folder; "" when there is none.
std::string pictureName(const Explanation &explanation);

} // namespace ingot
