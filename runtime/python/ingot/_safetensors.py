"""Files of named tensors in the safetensors format: a JSON header with names, types and places, then the elements."""

import json
import os
import struct
import tempfile

from ._errors import Error

# The format's names of types, by ours.
CODES = {
    "float32": "F32", "float64": "F64", "float16": "F16", "bfloat16": "BF16", "bool": "BOOL",
    "int8": "I8", "int16": "I16", "int32": "I32", "int64": "I64", "uint8": "U8", "uint16": "U16", "uint32": "U32", "uint64": "U64",
}  # fmt: skip
DTYPES = {code: name for name, code in CODES.items()}
MOST_HEADER = 100 << 20  # as the format's own library has it


def write(path, metadata, tensors):
    """Writes (name, dtype, shape, bytes-like) tuples; an older file of that name stays as it is until all is written."""
    path = os.path.abspath(os.fspath(path))
    header, end = {"__metadata__": metadata}, 0
    for name, dtype, shape, data in tensors:
        header[name] = {"dtype": CODES[dtype], "shape": list(shape), "data_offsets": [end, end + len(data)]}
        end += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=os.path.basename(path) + ".", suffix=".partial", dir=os.path.dirname(path))
        with os.fdopen(handle, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for *_, data in tensors:
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # mkstemp lets nobody else read
        os.replace(temporary, path)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise Error(f"{path}: cannot be written: {error.strerror}") from None


def read(path):
    """(metadata, {name: (dtype, shape, memoryview)}) of a file; Error when it is not whole."""
    try:
        with open(path, "rb") as file:
            contents = memoryview(file.read())
    except OSError as error:
        raise Error(f"{path}: {error.strerror}") from None
    try:
        (length,) = struct.unpack_from("<Q", contents)
        if length > min(MOST_HEADER, len(contents) - 8):
            raise ValueError
        header = json.loads(bytes(contents[8 : 8 + length]))
        data = contents[8 + length :]
        metadata = header.pop("__metadata__", {})
        tensors = {name: _tensor(entry, data) for name, entry in header.items()}
        # Without holes, so that no byte is lost or read twice.
        places, end = sorted(tuple(entry["data_offsets"]) for entry in header.values()), 0
        for place in places:
            if place[0] != end:
                raise ValueError
            end = place[1]
        if end != len(data):
            raise ValueError
    except (struct.error, ValueError, TypeError, KeyError, AttributeError):
        raise Error(f"{path}: not a safetensors file, or damaged") from None
    return metadata, tensors


def _tensor(entry, data):
    begin, end = entry["data_offsets"]
    if not 0 <= begin <= end <= len(data):
        raise ValueError
    return DTYPES.get(entry["dtype"], entry["dtype"]), tuple(entry["shape"]), data[begin:end]
