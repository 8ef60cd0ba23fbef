// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From objects and constants to a file under its final name: write the parts beside it, link them, rename.
#include "codegen/Codegen.h"

#include "codegen/artifact/Constants.h"
#include "codegen/artifact/Link.h"
#include "codegen/artifact/ProgramModule.h"
#include "codegen/artifact/TemporaryFiles.h"

#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace ingot {
namespace {

Error checkPath(const std::string &path) {
  StringRef ending = sys::path::extension(path), folder = sys::path::parent_path(path);
  if (ending != ".so" && ending != ".a" && ending != ".o")
    return createStringError(inconvertibleErrorCode(), "%s: the ending must be .so, .a or .o", path.c_str());
  if (sys::fs::is_directory(path))
    return createStringError(inconvertibleErrorCode(), "cannot write %s: it is a folder", path.c_str());
  if (std::error_code error = sys::fs::access(folder.empty() ? "." : folder, sys::fs::AccessMode::Write))
    return createStringError(error, "cannot write %s: %s", path.c_str(), error.message().c_str());
  return Error::success();
}

class Writer {
public:
  Writer(const Artifact &artifact, StringRef path) : artifact(artifact), path(path), files(path) {}

  /// An object with everything in it, hidden but for the exported functions, to be linked into another artifact. The
  /// file is this writer's.
  Expected<std::string> writePart() {
    if (Error error = writeInputs())
      return std::move(error);
    return mergeObject();
  }

  Error run(bool cppHeader) {
    if (Error error = checkPath(path))
      return error;
    StringRef kind = sys::path::extension(path);
    if (Error error = writeInputs())
      return error;
    Expected<std::string> result = kind == ".so" ? linkLibrary() : kind == ".a" ? makeArchive() : mergeObject();
    if (!result)
      return result.takeError();
    if (Error error = writeHeader(".h", formatHeader(artifact.program)))
      return error;
    if (cppHeader)
      if (Error error = writeHeader(".hpp", formatCppHeader(artifact.program)))
        return error;
    return files.publish(*result, path);
  }

private:
  Error addCode(StringRef suffix, StringRef contents) {
    Expected<std::string> file = files.write(suffix, contents);
    if (!file)
      return file.takeError();
    inputs.push_back(*file);
    return Error::success();
  }

  Error writeInputs() {
    Expected<std::unique_ptr<MemoryBuffer>> program = emitProgramObject(artifact);
    if (!program)
      return program.takeError();
    if (Error error = addCode(".program.o", (*program)->getBuffer()))
      return error;
    for (const CodeVariant &variant : artifact.variants)
      for (const std::unique_ptr<MemoryBuffer> &object : variant.objects)
        if (Error error = addCode(".code.o", object->getBuffer()))
          return error;
    for (const std::unique_ptr<Artifact> &other : artifact.parts) {
      parts.push_back(std::make_unique<Writer>(*other, path));
      Expected<std::string> part = parts.back()->writePart();
      if (!part)
        return part.takeError();
      inputs.push_back(*part);
    }
    return addCode(".runtime.a", runtimeArchive());
  }

  Expected<std::string> linkLibrary() {
    std::string script = "{ global: ingot_process_v1;";
    for (const std::string &name : exportedNames(artifact.program))
      script += " " + name + ";";
    script += " local: *; };\n";
    Expected<std::string> scriptFile = files.write(".exports", script);
    if (!scriptFile)
      return scriptFile;
    Expected<std::string> result = files.create(".so");
    if (!result)
      return result;
    if (Error error = linkShared(*result, sys::path::filename(path), *scriptFile, inputs))
      return std::move(error);
    if (Error error = fillConstants(*result, artifact.constants, artifact.program.constantBytes))
      return std::move(error);
    return result;
  }

  Expected<std::string> mergeObject() {
    Expected<std::string> result = files.create(".o");
    if (!result)
      return result;
    if (Error error = linkObject(*result, inputs))
      return std::move(error);
    if (Error error = fillConstants(*result, artifact.constants, artifact.program.constantBytes))
      return std::move(error);
    return result;
  }

  Expected<std::string> makeArchive() {
    Expected<std::string> object = mergeObject();
    if (!object)
      return object;
    Expected<std::string> result = files.create(".a");
    if (!result)
      return result;
    Expected<NewArchiveMember> member = NewArchiveMember::getFile(*object, /*Deterministic=*/true);
    if (!member)
      return member.takeError();
    member->MemberName = "model.o";
    if (Error error = writeArchive(*result, *member, SymtabWritingMode::NormalSymtab, object::Archive::K_GNU,
                                   /*Deterministic=*/true, /*Thin=*/false))
      return std::move(error);
    return result;
  }

  Error writeHeader(StringRef ending, const std::string &text) {
    SmallString<128> header(path);
    sys::path::remove_filename(header);
    sys::path::append(header, artifact.program.name + ending);
    Expected<std::string> file = files.write(ending, text);
    if (!file)
      return file.takeError();
    return files.publish(*file, header);
  }

  const Artifact &artifact;
  std::string path;
  TemporaryFiles files;
  std::vector<std::unique_ptr<Writer>> parts; // their files are needed until the link
  std::vector<std::string> inputs;            // the linker's: objects, then the runtime's archive
};

} // namespace

mlir::LogicalResult writeArtifact(const Artifact &artifact, StringRef path, mlir::Location where, bool cppHeader) {
  if (Error error = Writer(artifact, path).run(cppHeader))
    return mlir::emitError(where, toString(std::move(error)));
  return mlir::success();
}

mlir::LogicalResult checkArtifactPath(StringRef path, mlir::Location where) {
  if (Error error = checkPath(path.str()))
    return mlir::emitError(where, toString(std::move(error)));
  return mlir::success();
}

} // namespace ingot
