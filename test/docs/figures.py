"""figures.py OUTPUT 'NAME>=NUMBER' ...: checks figures that stand as "NAME 0.98" in what commands printed.

Lines of single epochs do not count. NAME@2 is the second figure of that name; without a number all of them are meant. <= works as well.
"""

import re
import sys


def main(path, *conditions):
    with open(path) as file:
        text = "".join(line for line in file if not line.startswith("epoch "))
    failures = 0
    for condition in conditions:
        name, number, relation, limit = re.fullmatch(r"(.+?)(?:@(\d+))?(>=|<=)(\S+)", condition).groups()
        found = [float(value) for value in re.findall(rf"\b{re.escape(name)} (-?\d+(?:\.\d+)?)", text)]
        found = found[int(number) - 1 : int(number)] if number else found
        isRight = found and all(value >= float(limit) if relation == ">=" else value <= float(limit) for value in found)
        print(f"{condition}: {found}")
        failures += not isRight
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
