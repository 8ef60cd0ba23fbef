"""Compares the JSON of a whole run of `ingot step` with that of its resumed end, both on standard input."""

import json
import sys

whole, resumed = (json.loads(line) for line in sys.stdin)
count = len(resumed["losses"])
same = whole["losses"][-count:] == resumed["losses"]
print(f"step {whole['step']}, then {resumed['step']}; the last {count} of {len(whole['losses'])} losses are {'the same' if same else 'not the same'}")
