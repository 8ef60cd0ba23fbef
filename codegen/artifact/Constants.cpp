// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The reserved room is the only read-only section without file contents (NOBITS). Filling it inserts its bytes into the
// file:
//
//   before  | headers | .lrodata: no bytes | rest |          after  | headers | .lrodata: the constants | rest |
//
// The rest moves by a multiple of the page size. References inside of an ELF file are by address, so that only the file
// offsets in the section and segment headers change.
#include "codegen/artifact/Constants.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <fmt/format.h>

using namespace llvm;
using namespace llvm::ELF;

namespace ingot {
namespace {

constexpr uint64_t pageBytes = 1 << 16; // the largest of our targets

Error internalError(StringRef text) {
  return createStringError(inconvertibleErrorCode(), "internal error: %s", text.str().c_str());
}

// A small linked file in memory, whose headers are to be changed.
class Image {
public:
  explicit Image(StringRef contents) : bytes(contents) {}

  Elf64_Ehdr &header() { return *reinterpret_cast<Elf64_Ehdr *>(bytes.data()); }
  MutableArrayRef<Elf64_Shdr> sections() {
    return {reinterpret_cast<Elf64_Shdr *>(bytes.data() + header().e_shoff), header().e_shnum};
  }
  MutableArrayRef<Elf64_Phdr> segments() {
    return {reinterpret_cast<Elf64_Phdr *>(bytes.data() + header().e_phoff), header().e_phnum};
  }

  Elf64_Shdr *findRoom() {
    for (Elf64_Shdr &section : sections())
      if (section.sh_type == SHT_NOBITS && (section.sh_flags & SHF_ALLOC) && !(section.sh_flags & SHF_WRITE))
        return &section;
    return nullptr;
  }

  // The segment that is loaded with this section in it; null in a relocatable object.
  Elf64_Phdr *findSegment(const Elf64_Shdr &section) {
    for (Elf64_Phdr &segment : segments())
      if (segment.p_type == PT_LOAD && section.sh_addr >= segment.p_vaddr &&
          section.sh_addr < segment.p_vaddr + segment.p_memsz)
        return &segment;
    return nullptr;
  }

  // Moves what lies in the file at or after `from`; returns the offset of the section headers before the move.
  void moveRest(uint64_t from, uint64_t distance) {
    for (Elf64_Shdr &section : sections())
      if (section.sh_offset >= from)
        section.sh_offset += distance;
    for (Elf64_Phdr &segment : segments())
      if (segment.p_offset >= from)
        segment.p_offset += distance;
    if (header().e_shoff >= from)
      header().e_shoff += distance;
  }

  std::string bytes;
};

// Where the constants go and how far the rest moves.
struct Insertion {
  uint64_t from, at, distance;
};

Insertion makeRoom(Image &image, Elf64_Shdr &section) {
  Insertion insertion;
  if (Elf64_Phdr *segment = image.findSegment(section)) {
    insertion.from = segment->p_offset + segment->p_filesz;
    insertion.at = segment->p_offset + section.sh_addr - segment->p_vaddr;
    segment->p_filesz = segment->p_memsz;
  } else {
    insertion.from = section.sh_offset;
    insertion.at = alignTo(section.sh_offset, INGOT_ALIGNMENT);
  }
  insertion.distance = alignTo(insertion.at + section.sh_size - insertion.from, pageBytes);
  section.sh_type = SHT_PROGBITS;
  section.sh_offset = 0; // stays out of the move
  image.moveRest(insertion.from, insertion.distance);
  section.sh_offset = insertion.at;
  return insertion;
}

class File {
public:
  ~File() {
    if (handle)
      sys::fs::closeFile(*handle);
  }

  Error open(StringRef path, uint64_t bytes) {
    Expected<sys::fs::file_t> opened =
        sys::fs::openNativeFileForReadWrite(path, sys::fs::CD_OpenExisting, sys::fs::OF_None);
    if (!opened)
      return opened.takeError();
    handle = *opened;
    // Allocates: a full disk is an error here, not a fault in a mapped page.
    return errorCodeToError(sys::fs::resize_file(*handle, bytes));
  }

  // Lets `write` at a part of the file; only this part is mapped, and only for as long.
  Error write(uint64_t offset, uint64_t bytes, function_ref<void(MutableArrayRef<char>)> write) {
    if (bytes == 0)
      return Error::success();
    uint64_t start = alignDown(offset, sys::fs::mapped_file_region::alignment());
    std::error_code error;
    sys::fs::mapped_file_region region(*handle, sys::fs::mapped_file_region::readwrite, bytes + offset - start, start,
                                       error);
    if (error)
      return errorCodeToError(error);
    write({region.data() + (offset - start), bytes});
    return Error::success();
  }

  Error write(uint64_t offset, StringRef contents) {
    return write(offset, contents.size(), [&](MutableArrayRef<char> to) { llvm::copy(contents, to.begin()); });
  }

private:
  std::optional<sys::fs::file_t> handle;
};

} // namespace

std::string reserveConstants(const Triple &triple, int64_t bytes, bool isPart) {
  // Code must not lie on both sides of gigabytes of data: x86-64 has a flag for sections that are to be put apart.
  return fmt::format(".section {},\"{}\",@nobits\n.balign {}\n.hidden {}\n.globl {}\n"
                     ".zero {}\n{}:\n.zero {}\n.text\n",
                     isPart ? ".lrodata_part.ingot" : ".lrodata.ingot", triple.isX86() ? "al" : "a", INGOT_ALIGNMENT,
                     constantsSymbol.str(), constantsSymbol.str(), INGOT_SLACK, constantsSymbol.str(),
                     alignTo(bytes, INGOT_ALIGNMENT) + INGOT_SLACK);
}

Error fillConstants(StringRef path, ArrayRef<ConstantPiece> pieces, int64_t bytes) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> linked =
      MemoryBuffer::getFile(path, /*IsText=*/false, false, /*IsVolatile=*/true);
  if (!linked)
    return errorCodeToError(linked.getError());
  Image image((*linked)->getBuffer());
  linked->reset();
  Elf64_Shdr *section = image.findRoom();
  if (!section)
    return internalError("the linked file has no room for constants");
  auto [from, at, distance] = makeRoom(image, *section);
  File file;
  if (Error error = file.open(path, image.bytes.size() + distance))
    return error;
  StringRef contents = image.bytes;
  // The old bytes behind the insertion are to become zeros where no constant overwrites them.
  uint64_t stale = std::min<uint64_t>(contents.size() - from, distance);
  if (Error error = file.write(from, stale, [](MutableArrayRef<char> to) { std::fill(to.begin(), to.end(), 0); }))
    return error;
  if (Error error = file.write(0, contents.take_front(from)))
    return error;
  if (Error error = file.write(from + distance, contents.drop_front(from)))
    return error;
  for (const ConstantPiece &piece : pieces) {
    if (piece.offset < 0 || piece.bytes < 0 || piece.offset + piece.bytes > bytes)
      return internalError("a constant lies outside of the constant block");
    if (Error error = file.write(at + INGOT_SLACK + piece.offset, piece.bytes, piece.fill))
      return error;
  }
  return Error::success();
}

} // namespace ingot
