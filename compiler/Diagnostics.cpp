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

} // namespace

std::string formatDiagnostic(Diagnostic &diagnostic, const std::string &modelPath) {
  std::string text = fmt::format("{}: {}: ", modelPath, std::string_view(severityText(diagnostic.getSeverity())));
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
