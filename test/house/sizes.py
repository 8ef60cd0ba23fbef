"""No source file is longer than 400 lines: a longer one holds more than one idea, or a table that could be split."""

import sys

import tracked

LIMIT = 400

# Path -> why it may be longer, and how long.
EXCEPTIONS = {
    "frontends/onnx/Symbolic.cpp": ("exporters' shape arithmetic: one small fold for each of some thirty operators", 460),
}


def main():
    long = []
    for name, path in tracked.files("*.h", "*.hpp", "*.cpp", "*.c", "*.td", "*.py", "*.cmake", "tools/*"):
        lines = len(path.read_text().splitlines())
        if lines > EXCEPTIONS.get(name, (None, LIMIT))[1]:
            long.append(f"{name}: {lines} lines, the limit is {LIMIT} (exceptions: {__file__})")
    print("\n".join(long) or "every source file is within its limit")
    return 1 if long else 0


if __name__ == "__main__":
    sys.exit(main())
