// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A minimal ELF64 writer: header, one data section, one symbol. LLVM's own writer would hold all bytes in memory,
// twice.
#include "codegen/artifact/ConstantsObject.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileOutputBuffer.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace llvm::ELF;

namespace ingot {
namespace {

enum SectionIndex { None, Data, Symbols, Strings, Stack, sectionCount };

// The section names and the symbol's name live in one string table.
class StringTable {
public:
  uint32_t add(StringRef text) {
    uint32_t offset = contents.size();
    contents.append(text.data(), text.size());
    contents.push_back(0);
    return offset;
  }
  std::string contents = std::string(1, '\0');
};

// Where everything lies in the file.
struct Layout {
  explicit Layout(int64_t bytes, StringRef symbolName) : dataBytes(INGOT_SLACK + bytes + INGOT_SLACK) {
    names[Data] = strings.add(".lrodata.ingot");
    names[Symbols] = strings.add(".symtab");
    names[Strings] = strings.add(".strtab");
    names[Stack] = strings.add(".note.GNU-stack");
    name = strings.add(symbolName);
    symbolsOffset = alignTo(dataOffset + dataBytes, 8);
    stringsOffset = symbolsOffset + 2 * sizeof(Elf64_Sym);
    sectionsOffset = alignTo(stringsOffset + strings.contents.size(), 8);
    fileBytes = sectionsOffset + sectionCount * sizeof(Elf64_Shdr);
  }
  static constexpr uint64_t dataOffset = alignTo(sizeof(Elf64_Ehdr), INGOT_ALIGNMENT);
  uint64_t dataBytes, symbolsOffset, stringsOffset, sectionsOffset, fileBytes;
  StringTable strings;
  uint32_t names[sectionCount] = {}, name;
};

Elf64_Ehdr makeHeader(const Layout &layout, const Triple &triple) {
  Elf64_Ehdr header = {};
  memcpy(header.e_ident, ElfMagic, 4);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = triple.isAArch64() ? EM_AARCH64 : EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shoff = layout.sectionsOffset;
  header.e_shnum = sectionCount;
  header.e_shstrndx = Strings;
  return header;
}

void writeSections(const Layout &layout, const Triple &triple, Elf64_Shdr *section) {
  // Code must not lie on both sides of gigabytes of data: x86-64 has a flag for sections that are to be put apart.
  section[Data].sh_flags = SHF_ALLOC | (triple.isX86() ? uint64_t(SHF_X86_64_LARGE) : 0);
  section[Data].sh_type = section[Stack].sh_type = SHT_PROGBITS;
  section[Data].sh_offset = Layout::dataOffset;
  section[Data].sh_size = layout.dataBytes;
  section[Data].sh_addralign = INGOT_ALIGNMENT;
  section[Symbols].sh_type = SHT_SYMTAB;
  section[Symbols].sh_offset = layout.symbolsOffset;
  section[Symbols].sh_size = 2 * sizeof(Elf64_Sym);
  section[Symbols].sh_link = Strings;
  section[Symbols].sh_info = 1; // first global symbol
  section[Symbols].sh_entsize = sizeof(Elf64_Sym);
  section[Symbols].sh_addralign = 8;
  section[Strings].sh_type = SHT_STRTAB;
  section[Strings].sh_offset = layout.stringsOffset;
  section[Strings].sh_size = layout.strings.contents.size();
  section[Strings].sh_addralign = section[Stack].sh_addralign = 1;
  section[Stack].sh_offset = layout.stringsOffset;
  for (int i = 0; i < sectionCount; ++i)
    section[i].sh_name = layout.names[i];
}

Elf64_Sym makeSymbol(const Layout &layout) {
  Elf64_Sym symbol = {};
  symbol.st_name = layout.name;
  symbol.setBindingAndType(STB_GLOBAL, STT_OBJECT);
  symbol.st_other = STV_HIDDEN;
  symbol.st_shndx = Data;
  symbol.st_value = INGOT_SLACK;
  symbol.st_size = layout.dataBytes - 2 * INGOT_SLACK;
  return symbol;
}

} // namespace

Error writeConstantsObject(StringRef path, const Triple &triple, StringRef symbol, int64_t bytes,
                           ArrayRef<ConstantPiece> pieces) {
  Layout layout(bytes, symbol);
  Expected<std::unique_ptr<FileOutputBuffer>> file = FileOutputBuffer::create(path, layout.fileBytes);
  if (!file)
    return file.takeError();
  char *start = reinterpret_cast<char *>((*file)->getBufferStart());
  Elf64_Ehdr header = makeHeader(layout, triple);
  Elf64_Sym symbolEntry = makeSymbol(layout);
  Elf64_Shdr sections[sectionCount] = {};
  writeSections(layout, triple, sections);
  memcpy(start, &header, sizeof header);
  memcpy(start + layout.symbolsOffset + sizeof(Elf64_Sym), &symbolEntry, sizeof symbolEntry);
  memcpy(start + layout.stringsOffset, layout.strings.contents.data(), layout.strings.contents.size());
  memcpy(start + layout.sectionsOffset, sections, sizeof sections);
  char *constants = start + Layout::dataOffset + INGOT_SLACK;
  for (const ConstantPiece &piece : pieces) {
    if (piece.offset < 0 || piece.bytes < 0 || piece.offset + piece.bytes > bytes)
      return createStringError(inconvertibleErrorCode(),
                               "internal error: a constant lies outside of the constant block");
    piece.fill(MutableArrayRef<char>(constants + piece.offset, piece.bytes));
  }
  return (*file)->commit();
}

} // namespace ingot
