"""Finds the model's name in a library: it exports X_model, X_run and X_error."""

import struct

from ._errors import Error

DYNSYM, UNDEFINED = 11, 0


def find_model_function(path):
    """The name of the function X_model; Error when the file is no library made by ingotc."""
    try:
        with open(path, "rb") as file:
            return _find(file)
    except OSError as error:
        raise Error(f"{path}: {error.strerror}") from None
    except (struct.error, UnicodeDecodeError, StopIteration, IndexError):
        raise Error(f"{path}: not a library made by ingotc") from None


def _find(file):
    def read(offset, size):
        file.seek(offset)
        return file.read(size)

    header = read(0, 64)
    if header[:4] != b"\x7fELF":
        raise StopIteration
    sections_at, entry_size, count = struct.unpack_from("<40xQ10xHH", header)
    sections = [struct.unpack_from("<IIQQQQIIQQ", read(sections_at + i * entry_size, 64)) for i in range(count)]
    table = next(section for section in sections if section[1] == DYNSYM)
    names = read(sections[table[6]][4], sections[table[6]][5])
    found = []
    for name_at, section in struct.iter_unpack("<I2xH16x", read(table[4], table[5])):
        name = names[name_at : names.index(b"\0", name_at)].decode()
        if section != UNDEFINED and name.endswith("_model"):
            found.append(name)
    if not found:
        raise StopIteration
    return min(found, key=len)  # a training library has X_evaluation_model too
