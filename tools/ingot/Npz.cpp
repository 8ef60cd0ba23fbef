// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Zip archives, as far as NumPy writes them: stored or deflated members, 64-bit sizes.
#include "Npz.h"

#include "Failure.h"

#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <sstream>
#include <zlib.h>

namespace ingot {
namespace {

enum : uint32_t {
  localMark = 0x04034b50,
  centralMark = 0x02014b50,
  endMark = 0x06054b50,
  end64Mark = 0x06064b50,
  locator64Mark = 0x07064b50
};
constexpr size_t localBytes = 30, centralBytes = 46, endBytes = 22, end64Bytes = 56, locator64Bytes = 20;

struct Member {
  std::string name;
  uint32_t method;
  uint64_t packedBytes, bytes, localOffset;
};

class Archive {
public:
  explicit Archive(const std::string &path) : path(path) {
    std::ifstream file(path, std::ios::binary);
    if (!file)
      throw Failure(exitBadInput, path, "cannot be opened");
    std::stringstream contents;
    contents << file.rdbuf();
    bytes = contents.str();
  }

  std::vector<Member> members() {
    uint64_t end = findEnd(), count = number(end + 10, 2), at = number(end + 16, 4);
    if (end >= locator64Bytes && number(end - locator64Bytes, 4) == locator64Mark) {
      uint64_t end64 = number(end - locator64Bytes + 8, 8);
      count = number(end64 + 32, 8);
      at = number(end64 + 48, 8);
    }
    std::vector<Member> all;
    for (uint64_t i = 0; i < count; ++i)
      all.push_back(readEntry(at));
    return all;
  }

  std::string extract(const Member &member) {
    expectMark(member.localOffset, localMark);
    uint64_t start =
        member.localOffset + localBytes + number(member.localOffset + 26, 2) + number(member.localOffset + 28, 2);
    check(start, member.packedBytes);
    if (member.method == 0)
      return bytes.substr(start, member.bytes);
    if (member.method != Z_DEFLATED)
      throw Failure(exitBadInput, path,
                    fmt::format("{} is compressed by method {}, which is not supported", member.name, member.method));
    return inflateMember(member, start);
  }

private:
  void check(uint64_t at, uint64_t length) {
    if (at > bytes.size() || length > bytes.size() - at)
      throw Failure(exitBadInput, path, "the archive is cut off");
  }

  uint64_t number(uint64_t at, unsigned length) {
    check(at, length);
    uint64_t value = 0;
    for (unsigned i = length; i-- > 0;)
      value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
  }

  void expectMark(uint64_t at, uint32_t mark) {
    if (number(at, 4) != mark)
      throw Failure(exitBadInput, path, "the archive is damaged");
  }

  uint64_t findEnd() {
    // A comment of up to 64 KB may follow.
    for (uint64_t back = endBytes; back <= bytes.size() && back < endBytes + 65536; ++back)
      if (number(bytes.size() - back, 4) == endMark)
        return bytes.size() - back;
    throw Failure(exitBadInput, path, "not an .npz file (no zip archive)");
  }

  Member readEntry(uint64_t &at) {
    expectMark(at, centralMark);
    uint64_t nameBytes = number(at + 28, 2), extraBytes = number(at + 30, 2), commentBytes = number(at + 32, 2);
    check(at + centralBytes, nameBytes + extraBytes + commentBytes);
    Member member = {bytes.substr(at + centralBytes, nameBytes), static_cast<uint32_t>(number(at + 10, 2)),
                     number(at + 20, 4), number(at + 24, 4), number(at + 42, 4)};
    if (number(at + 8, 2) & 1)
      throw Failure(exitBadInput, path, fmt::format("{} is encrypted", member.name));
    readLongSizes(member, at + centralBytes + nameBytes, extraBytes);
    at += centralBytes + nameBytes + extraBytes + commentBytes;
    return member;
  }

  // The zip64 extra field holds those of three numbers, in this order, that do not fit 32 bits.
  void readLongSizes(Member &member, uint64_t at, uint64_t length) {
    constexpr uint32_t absent = 0xffffffff;
    for (uint64_t end = at + length; at + 4 <= end; at += 4 + number(at + 2, 2)) {
      if (number(at, 2) != 1)
        continue;
      uint64_t field = at + 4;
      for (uint64_t *value : {&member.bytes, &member.packedBytes, &member.localOffset})
        if (*value == absent) {
          *value = number(field, 8);
          field += 8;
        }
    }
  }

  std::string inflateMember(const Member &member, uint64_t start) {
    // Deflate makes nothing smaller than a thousandth: a declared size beyond is a lie.
    if (member.bytes / 1100 > member.packedBytes)
      throw Failure(exitBadInput, path, fmt::format("{} declares an impossible size", member.name));
    std::string result(member.bytes, '\0');
    z_stream stream = {};
    inflateInit2(&stream, -MAX_WBITS);
    stream.next_in = reinterpret_cast<Bytef *>(bytes.data() + start);
    stream.next_out = reinterpret_cast<Bytef *>(result.data());
    uint64_t in = member.packedBytes, out = member.bytes;
    int status = Z_OK;
    while (status == Z_OK) { // the stream's counters are 32 bits wide
      stream.avail_in = static_cast<uInt>(std::min<uint64_t>(in, 1u << 30));
      stream.avail_out = static_cast<uInt>(std::min<uint64_t>(out, 1u << 30));
      uInt inBefore = stream.avail_in, outBefore = stream.avail_out;
      status = inflate(&stream, Z_NO_FLUSH);
      in -= inBefore - stream.avail_in;
      out -= outBefore - stream.avail_out;
    }
    inflateEnd(&stream);
    if (status != Z_STREAM_END || out != 0)
      throw Failure(exitBadInput, path, fmt::format("{} is damaged", member.name));
    return result;
  }

  std::string path, bytes;
};

void put(std::string &out, uint64_t value, unsigned length) {
  for (; length-- > 0; value >>= 8)
    out.push_back(static_cast<char>(value & 255));
}

std::string formatNpyHeader(const Array &array) {
  static constexpr const char *codes[] = {"",    "<f4", "|u1", "|i1", "<u2", "<i2", "<i4", "<i8", "",
                                          "|b1", "<f2", "<f8", "<u4", "<u8", "",    "",    "|V2"};
  std::string shape = fmt::format("{}{}", fmt::join(array.shape, ", "), array.shape.size() == 1 ? "," : "");
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", codes[array.dtype], shape);
  text.append(63 - (10 + text.size()) % 64, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  put(header, text.size(), 2);
  return header + text;
}

class ArchiveWriter {
public:
  explicit ArchiveWriter(std::ostream &out) : out(out) {}

  void add(const std::string &name, const Array &array) {
    std::string header = formatNpyHeader(array), file = name + ".npy";
    uint64_t size = header.size() + array.bytes();
    uLong sum = crc32_z(0, reinterpret_cast<const Bytef *>(header.data()), header.size());
    sum = crc32_z(sum, reinterpret_cast<const Bytef *>(array.data()), array.bytes());
    // Sizes always in the 64-bit field; its absence markers in the old ones.
    std::string sizes, common;
    put(sizes, size, 8);
    put(sizes, size, 8);
    put(common, 45, 2);             // version needed
    put(common, 0, 2 + 2);          // flags, stored
    put(common, 0x00210000, 2 + 2); // 1980-01-01 00:00
    put(common, sum, 4);
    put(common, 0xffffffffffffffff, 8);
    put(common, file.size(), 2);
    std::string local;
    put(local, localMark, 4);
    local += common;
    put(local, 4 + sizes.size(), 2);
    local += file;
    put(local, 1, 2);
    put(local, sizes.size(), 2);
    local += sizes;
    put(central, centralMark, 4);
    put(central, 45, 2);
    central += common;
    put(central, 4 + sizes.size() + 8, 2);
    put(central, 0, 2 + 2 + 2);
    put(central, 0, 4);
    put(central, 0xffffffff, 4);
    central += file;
    put(central, 1, 2);
    put(central, sizes.size() + 8, 2);
    central += sizes;
    put(central, offset, 8);
    out << local << header;
    out.write(array.data(), static_cast<std::streamsize>(array.bytes()));
    offset += local.size() + size;
    ++count;
  }

  void finish() {
    std::string end;
    put(end, end64Mark, 4);
    put(end, end64Bytes - 12, 8);
    put(end, 45, 2);
    put(end, 45, 2);
    put(end, 0, 4 + 4);
    put(end, count, 8);
    put(end, count, 8);
    put(end, central.size(), 8);
    put(end, offset, 8);
    put(end, locator64Mark, 4);
    put(end, 0, 4);
    put(end, offset + central.size(), 8);
    put(end, 1, 4);
    put(end, endMark, 4);
    put(end, 0, 4);
    put(end, std::min<uint64_t>(count, 0xffff), 2);
    put(end, std::min<uint64_t>(count, 0xffff), 2);
    put(end, std::min<uint64_t>(central.size(), 0xffffffff), 4);
    put(end, 0xffffffff, 4);
    put(end, 0, 2);
    out << central << end;
  }

private:
  std::ostream &out;
  std::string central;
  uint64_t offset = 0, count = 0;
};

} // namespace

ArrayMap readNpz(const std::string &path) {
  Archive archive(path);
  ArrayMap arrays;
  for (const Member &member : archive.members()) {
    std::string name = member.name;
    if (name.size() > 4 && name.compare(name.size() - 4, 4, ".npy") == 0)
      name.resize(name.size() - 4);
    arrays[name] = parseNpy(archive.extract(member), path + " (" + name + ")");
  }
  return arrays;
}

void writeNpz(const std::string &path, const ArrayMap &arrays) {
  std::string temporary = path + ".partial";
  std::ofstream file(temporary, std::ios::binary);
  ArchiveWriter writer(file);
  for (auto &[name, array] : arrays)
    writer.add(name, array);
  writer.finish();
  file.close();
  if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
    std::remove(temporary.c_str());
    throw Failure(exitBadInput, path, "cannot be written");
  }
}

} // namespace ingot
