// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linking in process: lld for the merge, llvm-objcopy's library to hide what stays inside an object.
#include "codegen/artifact/Link.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ObjCopy/CommonConfig.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/Binary.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

LLD_HAS_DRIVER(elf)

using namespace llvm;

// The build puts the archive's bytes here, so that the compiler is one file.
__asm__(R"(
  .section .rodata.ingot_runtime,"a",@progbits
  .balign 16
  .local ingot_runtime_archive
  .local ingot_runtime_archive_end
ingot_runtime_archive:
  .incbin ")" INGOT_RUNTIME_ARCHIVE R"("
ingot_runtime_archive_end:
  .text
)");
extern "C" __attribute__((visibility("hidden"))) const char ingot_runtime_archive[], ingot_runtime_archive_end[];

namespace ingot {

StringRef runtimeArchive() {
  return StringRef(ingot_runtime_archive, ingot_runtime_archive_end - ingot_runtime_archive);
}

static Error runLinker(ArrayRef<std::string> arguments) {
  SmallVector<const char *> words = {"ld.lld"};
  for (const std::string &argument : arguments)
    words.push_back(argument.c_str());
  std::string messages;
  raw_string_ostream stream(messages);
  lld::Result result = lld::lldMain(words, stream, stream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode == 0)
    return Error::success();
  return createStringError(inconvertibleErrorCode(), "the linker failed: %s", StringRef(messages).trim().str().c_str());
}

// The C library of the machine that compiles: generated libraries ask for its symbol versions.
static Expected<std::string> findSystemLibrary(StringRef name) {
  for (StringRef folder :
       {"/lib/x86_64-linux-gnu/", "/usr/lib/x86_64-linux-gnu/", "/lib64/", "/usr/lib64/", "/usr/lib/"})
    if (std::string path = (folder + name).str(); sys::fs::exists(path))
      return path;
  return createStringError(inconvertibleErrorCode(), "the system's %s is nowhere to be found", name.str().c_str());
}

Error linkShared(StringRef output, StringRef soname, StringRef versionScript, ArrayRef<std::string> inputs) {
  std::vector<std::string> arguments = {"-shared",
                                        "-o",
                                        output.str(),
                                        "-soname",
                                        soname.str(),
                                        "--version-script",
                                        versionScript.str(),
                                        "-z",
                                        "now",
                                        "-z",
                                        "relro",
                                        "-z",
                                        "defs",
                                        "--gc-sections",
                                        "--hash-style=gnu",
                                        "--build-id=fast",
                                        "--as-needed",
                                        "-O1",
                                        "--no-undefined-version"};
  llvm::append_range(arguments, inputs);
  for (StringRef name : {"libm.so.6", "libc.so.6"}) {
    Expected<std::string> path = findSystemLibrary(name);
    if (!path)
      return path.takeError();
    arguments.push_back(*path);
  }
  return runLinker(arguments);
}

// Without this, two models in one program would see each other's kernels.
static Error localizeHidden(StringRef path) {
  Expected<object::OwningBinary<object::Binary>> binary = object::createBinary(path);
  if (!binary)
    return binary.takeError();
  objcopy::ConfigManager config;
  config.Common.InputFilename = config.Common.OutputFilename = path;
  config.ELF.LocalizeHidden = true;
  std::string merged = (path + ".local").str();
  std::error_code error;
  raw_fd_ostream stream(merged, error);
  if (error)
    return errorCodeToError(error);
  Error failure = objcopy::executeObjcopyOnBinary(config, *binary->getBinary(), stream);
  stream.close();
  if (!failure)
    failure = errorCodeToError(sys::fs::rename(merged, path));
  if (failure)
    sys::fs::remove(merged);
  return failure;
}

Error linkObject(StringRef output, ArrayRef<std::string> inputs) {
  std::vector<std::string> arguments = {"-r", "-o", output.str()};
  llvm::append_range(arguments, inputs);
  if (Error error = runLinker(arguments))
    return error;
  return localizeHidden(output);
}

} // namespace ingot
