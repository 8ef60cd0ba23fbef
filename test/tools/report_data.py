"""Prints what a report page holds: report_data.py page.html"""

import json
import re
import sys

page = open(sys.argv[1], encoding="utf-8").read()
data = json.loads(re.search(r'id="data">\n(.*?)\n</script>', page, re.DOTALL).group(1))


def name_tensors(numbers):
    return ", ".join(f"{data['tensors'][number]['space']} {data['tensors'][number]['name']}" for number in numbers)


print("symbols", data["symbols"])
for launch in data["launches"]:
    read, written = launch["bytes_read"], launch["bytes_written"]
    moved = f"read {read} written {written} reads {name_tensors(launch['reads'])} writes {name_tensors(launch['writes'])}"
    print("launch", launch["node"], "operations", launch["operations"], moved)
    [schedule] = [one for one in data["kernels"][launch["kernel"]]["schedules"] if one["variant"] == data["variant"]]
    print("timed", 0 < launch["least_us"] <= launch["median_us"])
    print("schedule", schedule["emitter"], "items", schedule["items"], *(what for what, _ in schedule["choices"]))
machine = data["machine"]
print("machine", machine["gflops"] > 0 and all(one["gb_per_s"] > 0 for one in machine["bandwidths"]))
outside = re.findall(r'(?:src|href)="(?!#)[^"]*"|url\(|@import', page.split('id="data">')[0] + page.split("</script>", 1)[1])
print("loads", outside or "nothing from elsewhere")
