//===- SourceHash.cpp - Which file a library was compiled from ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/SourceHash.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"
#include <fstream>
#include <vector>

namespace ingot {

std::string hashOfFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> piece(1 << 20);
  std::vector<uint64_t> hashes;
  while (file.read(piece.data(), piece.size()) || file.gcount() > 0)
    hashes.push_back(llvm::xxh3_64bits(llvm::StringRef(piece.data(), file.gcount())));
  if (!file.eof())
    return "";
  llvm::ArrayRef bytes(reinterpret_cast<const uint8_t *>(hashes.data()), hashes.size() * sizeof(uint64_t));
  return llvm::utohexstr(llvm::xxh3_64bits(bytes), /*LowerCase=*/true, 16);
}

std::string hashOfFiles(const std::vector<std::string> &paths) {
  std::string hashes;
  for (const std::string &path : paths)
    hashes += hashOfFile(path);
  return llvm::utohexstr(llvm::xxh3_64bits(llvm::StringRef(hashes)), /*LowerCase=*/true, 16);
}

} // namespace ingot
