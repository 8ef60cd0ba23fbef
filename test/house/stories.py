"""Every operator family of dialects/families.def has its files in each stage and its test folder test/ops/<family>.

A family whose story has no test folder yet is listed in UNTESTED with the reason; the list may only shrink.
"""

import sys

import tracked

UNTESTED = {}


def families():
    path = tracked.ROOT / "dialects" / "families.def"
    if not path.exists():
        return []
    lines = (line.split("#")[0].split("//")[0].split() for line in path.read_text().splitlines())
    return [line[0] for line in lines if line]


def problems(family):
    folder = tracked.ROOT / "test" / "ops" / family
    tests = [path for path in folder.glob("*") if path.suffix in (".mlir", ".textproto", ".test", ".py")]
    if family in UNTESTED:
        if tests:
            yield f"{family}: has tests now, take it out of UNTESTED in {__file__}"
    elif not tests:
        yield f"{family}: no test in test/ops/{family}/"


def main():
    found = [problem for family in families() for problem in problems(family)]
    print("\n".join(found) or f"all {len(families())} families have their tests")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
