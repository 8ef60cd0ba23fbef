"""No tracked file names a place on somebody's machine, and no C++ name is one that says nothing."""

import re
import sys

import tracked

# Machine paths; vague file names; leftovers of an edit.
PATHS = re.compile(r"/(?:work|home|root|Users)/[\w.]|/tmp/w/")
VAGUE = re.compile(r"(?:Utils?|Common|Helpers?|Impl|Manager)\.(?:h|hpp|cpp|td)$")
CONFLICT = re.compile(r"^(?:<{7} |>{7} |={7}$)", re.MULTILINE)

# Bytes, not text.
BINARY = (".onnx", ".npz", ".npy", ".bin", ".png", ".gz")


def problems(name, path):
    if VAGUE.search(name):
        yield f"{name}: name the file after what it defines"
    if name.endswith(BINARY):
        return
    text = path.read_text(errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        if PATHS.search(line) and not name.endswith("house/words.py"):
            yield f"{name}:{number}: a path of one machine: {line.strip()}"
    if CONFLICT.search(text):
        yield f"{name}: a merge conflict was left in it"


def main():
    found = [problem for name, path in tracked.files() for problem in problems(name, path)]
    print("\n".join(found) or "no machine paths, no vague names")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
