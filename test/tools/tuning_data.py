"""Checks a tuning file and the report made with it: tuning_data.py tuning.json page.html"""

import json
import re
import sys


def choice_of(trial):
    return {name: trial[name] for name in ("block", "chunk", "grain", "winograd") if name in trial}


def is_faster(kernel):
    """The choice is the cost model's, or took less time than that in the same rounds."""
    chosen = [trial for trial in kernel["measured"] if choice_of(trial) == kernel["choice"]]
    return chosen[0] is kernel["measured"][0] or chosen[0]["us"] < chosen[0]["model_us"]


tuning = json.load(open(sys.argv[1]))
kernels = tuning["kernels"].values()
measured = all(kernel["choice"] in map(choice_of, kernel["measured"]) for kernel in kernels)
print(f"version {tuning['ingot-tuning']}, {'every' if measured and len(kernels) else 'NOT every'} choice was measured, ", end="")
print(f"{'nothing' if all(map(is_faster, kernels)) else 'something'} slower than the cost model's was chosen")
page = open(sys.argv[2], encoding="utf-8").read()
data = json.loads(re.search(r'id="data">\n(.*?)\n</script>', page, re.DOTALL).group(1))
schedules = [schedule for kernel in data["kernels"] for schedule in kernel["schedules"] if schedule["variant"] == data["variant"]]
several = [schedule["trials"] for schedule in schedules if len(schedule["trials"]) > 1]
print("the report tells", "the trials" if several else "NO trials", end=": ")
whole = all(sum(one["is_model"] for one in trials) == sum(one["is_chosen"] for one in trials) for trials in several)
print("one of the model's and one chosen for each decision" if whole else "NOT one chosen", end="; ")
predicted = [s for s in schedules if s["emitter"] in ("contraction", "convolution", "winograd")]
whole = predicted and all(s["predicted_us"] > 0 for s in predicted) and all(t["us"] > 0 and "predicted_us" in t for s in predicted for t in s["trials"])
print("predicted and measured times" if whole else "NO predictions")
