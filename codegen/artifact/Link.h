// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linking in process, with lld.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/TargetParser/Triple.h"

#include <string>

namespace ingot {

/// The runtime's static library, as bytes in this program.
llvm::StringRef runtimeArchive();

/// Links `inputs` into a shared library that exports what the version script says and needs libc and libm alone.
llvm::Error linkShared(llvm::StringRef output, llvm::StringRef soname, llvm::StringRef versionScript,
                       llvm::ArrayRef<std::string> inputs);

/// Merges `inputs` into one object and makes its hidden symbols local.
llvm::Error linkObject(llvm::StringRef output, llvm::ArrayRef<std::string> inputs);

} // namespace ingot
