"""Prints the tables of a test run: every model with its error, compile time and size; the suite's cases by operator family.

Usage: table.py RESULTS_FOLDER
"""

import json
import pathlib
import sys


def rows(folder, table):
    path = folder / f"{table}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def model_line(row):
    if "failure" in row:
        return f"{row['name']:<34} {row['failure'][:100]}"
    accuracy = f"   accuracy {row['accuracy']:.4f}" if "accuracy" in row else ""
    return f"{row['name']:<34} {row['error']:>9.1e} {row['seconds']:>10.2f} {row['megabytes']:>11.2f}{accuracy}"


def main(folder):
    for table, title in (("models", "model"), ("shared", "model of ../shared")):
        lines = sorted(rows(folder, table), key=lambda row: row["name"])
        if lines:
            print(f"\n{title:<34} {'max error':>9} {'compile s':>10} {'library MB':>11}")
            print("\n".join(map(model_line, lines)))
    suite = sorted(rows(folder, "suite"), key=lambda row: row["name"])
    if suite:
        print(f"\n{'ONNX suite':<34} {'passed':>7} {'not supported':>14} {'wrong':>6} {'cases':>6}")
        keys = ("passed", "unsupported", "wrong", "cases")
        total = {key: sum(row[key] for row in suite) for key in keys}
        for row in [*suite, {"name": "all", **total}]:
            print(f"{row['name']:<34} {row['passed']:>7} {row['unsupported']:>14} {row['wrong']:>6} {row['cases']:>6}")
    print()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
