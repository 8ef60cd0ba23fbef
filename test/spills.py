"""Reads assembly from standard input. Fails when an innermost loop of at least N multiply-adds keeps vectors on the stack.

    ingotc --emit=asm model.onnx | spills.py N
"""

import re
import sys

LABEL = re.compile(r"(\.LBB\w+):")
JUMP = re.compile(r"\s+j\w+\s+(\.LBB\w+)")


def innermost_loops(lines):
    """Runs of lines from a label to a jump back to it, with no other label between."""
    at, start = "", 0
    for number, line in enumerate(lines):
        if label := LABEL.match(line):
            at, start = label[1], number
        elif (jump := JUMP.match(line)) and jump[1] == at:
            yield lines[start : number + 1]


def main():
    least = int(sys.argv[1])
    loops = [
        loop
        for loop in innermost_loops(sys.stdin.read().splitlines())
        if sum("vfmadd" in line for line in loop) >= least
    ]
    if not loops:
        sys.exit(f"no loop of {least} multiply-adds")
    for loop in loops:
        spills = [line.strip() for line in loop if re.search(r"%[yz]mm", line) and "rsp)" in line]
        if spills:
            sys.exit("vectors on the stack:\n" + "\n".join(spills))
    print(f"{len(loops)} loops")


main()
