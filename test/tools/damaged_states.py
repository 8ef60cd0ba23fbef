"""Spoils a state file in many ways: damaged_states.py STATE FOLDER writes FOLDER/<mistake>.safetensors."""

import json
import struct
import sys

whole = open(sys.argv[1], "rb").read()
(length,) = struct.unpack_from("<Q", whole)
header, data = json.loads(whole[8 : 8 + length]), whole[8 + length :]


def write(name, contents):
    with open(f"{sys.argv[2]}/{name}.safetensors", "wb") as file:
        file.write(contents)


def write_header(name, change, data=data):
    changed = json.loads(json.dumps(header))
    change(changed)
    text = json.dumps(changed).encode()
    write(name, struct.pack("<Q", len(text)) + text + data)


write("empty", b"")
write("short", whole[:5])
write("truncated", whole[:-100])
write("longer", whole + b"more")
write("endless", struct.pack("<Q", 1 << 62) + whole[8:])
write("text", struct.pack("<Q", 8) + b"no json!" + data)
write_header("huge", lambda h: h["step"].update(shape=[1 << 62, 1 << 62]))
write_header("negative", lambda h: h["step"].update(shape=[-1]))
write_header("overlap", lambda h: h["step"].update(data_offsets=[0, 8]))
write_header("type", lambda h: h["step"].update(dtype="U64"))
write_header("odd", lambda h: h["step"].update(dtype="F8_E4M3"))
write_header("list", lambda h: h.update(step=[1]))
write_header("shape", lambda h: h["conv1.bias"].update(shape=[4, 4]))
write_header("model", lambda h: h["__metadata__"].update(source_hash="0123"))
write_header("optimizer", lambda h: h["__metadata__"].update(optimizer="lion"))
write_header("renamed", lambda h: h.update(other=h.pop("conv1.bias")))
end = len(data)
write_header("extra", lambda h: h.update(other={"dtype": "U8", "shape": [1], "data_offsets": [end, end + 1]}), data + b"0")
write_header("plain", lambda h: h.pop("__metadata__"))
