"""Checks what tools/bench wrote: benchmark_results.py alone.json speed.json speed.svg"""

import json
import sys
import xml.etree.ElementTree

alone, speed = (json.load(open(path)) for path in sys.argv[1:3])
[row] = alone["rows"]
print(f"alone: {len(alone['rows'])} rows, engines {list(row['engines'])}, {'a' if 'ratio' in row else 'no'} ratio")
rows = speed["rows"]
ratios = all(row["spread"][0] <= row["ratio"] <= row["spread"][1] and row["ratio"] > 0 for row in rows)
agree = all(row["difference"] < 1e-3 for row in rows)
memory = all(engine["peak_bytes"] > 0 and engine["code_bytes"] > 0 for row in rows for engine in row["engines"].values())
print(f"speed: engines {list(rows[0]['engines'])}, ratios {ratios}, outputs agree {agree}, memory {memory}")
print("chart:", xml.etree.ElementTree.parse(sys.argv[3]).getroot().tag.split("}")[-1])
