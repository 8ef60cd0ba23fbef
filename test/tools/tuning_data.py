"""Checks a tuning file and the report made with it: tuning_data.py tuning.json page.html"""

import json
import re
import sys

tuning = json.load(open(sys.argv[1]))
kernels = tuning["kernels"].values()
measured = all(kernel["block"] in [trial[:2] for trial in kernel["measured"]] for kernel in kernels)
times = [({tuple(trial[:2]): trial[2] for trial in kernel["measured"]}, kernel) for kernel in kernels]
faster = all(time[tuple(kernel["block"])] <= kernel["measured"][0][2] for time, kernel in times)
print(f"version {tuning['ingot-tuning']}, {'every' if measured and len(kernels) else 'NOT every'} choice was measured, ", end="")
print(f"{'nothing' if faster else 'something'} slower than the cost model's was chosen")
page = open(sys.argv[2], encoding="utf-8").read()
data = json.loads(re.search(r'id="data">\n(.*?)\n</script>', page, re.DOTALL).group(1))
trials = [schedule["trials"] for kernel in data["kernels"] for schedule in kernel["schedules"]]
print("the report tells", "the trials" if any(len(one) > 1 for one in trials) else "NO trials")
