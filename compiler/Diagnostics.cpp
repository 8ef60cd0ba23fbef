//===- Diagnostics.cpp - Errors in the user's terms -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/Diagnostics.h"
#include "frontends/Frontend.h"
#include <fmt/format.h>

using namespace mlir;

namespace ingot {
namespace {

StringRef severityText(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Note:
    return "note";
  case DiagnosticSeverity::Warning:
    return "warning";
  case DiagnosticSeverity::Error:
    return "error";
  case DiagnosticSeverity::Remark:
    return "remark";
  }
  return "";
}

/// `message` without the operation's own name that MLIR's verifiers put in front of it.
std::string plainMessage(Diagnostic &diagnostic) {
  std::string message = diagnostic.str();
  StringRef rest = message;
  if (rest.consume_front("'ingot.") && rest.contains("' op "))
    return rest.split("' op ").second.str();
  return message;
}

/// The place in a recipe's text, or null: what comes from a model file has no column.
FileLineColLoc textPlace(Location location) {
  auto place = location->findInstanceOf<FileLineColLoc>();
  return place && place.getColumn() ? place : FileLineColLoc();
}

} // namespace

std::string formatDiagnostic(Diagnostic &diagnostic, const std::string &modelPath) {
  std::string severity = severityText(diagnostic.getSeverity()).str();
  if (FileLineColLoc place = textPlace(diagnostic.getLocation()))
    return fmt::format("{}:{}:{}: {}: {}\n", std::string_view(place.getFilename().getValue()), place.getLine(),
                       place.getColumn(), severity, plainMessage(diagnostic));
  // A recipe's networks come from files of their own.
  std::string file = findFile(diagnostic.getLocation()).str();
  std::string text = fmt::format("{}: {}: ", file.empty() ? modelPath : file, severity);
  if (std::string place = describe(diagnostic.getLocation()); !place.empty())
    text += place + ": ";
  return text + plainMessage(diagnostic) + "\n";
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context, std::string modelPath,
                                     std::function<void(const std::string &)> sink)
    : ScopedDiagnosticHandler(context) {
  setHandler([this, modelPath = std::move(modelPath), sink = std::move(sink)](Diagnostic &diagnostic) {
    std::string text = formatDiagnostic(diagnostic, modelPath);
    for (Diagnostic &note : diagnostic.getNotes())
      text += formatDiagnostic(note, modelPath);
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error) {
      hasError = true;
      hasOther |= diagnostic.str().find("not supported yet") == std::string::npos;
    }
    sink(text);
    return success();
  });
}

} // namespace ingot
