"""Two libraries and several threads of the host share one pool: two_models.py a.onnx b.onnx

Counts the pool's threads (named ingot-1, ...) while both models run from three threads at once.
"""

import glob
import pathlib
import sys
import threading

import numpy as np

import ingot

models = [ingot.compile(path, f"lib{i}.so", dims={"N": 65536}) for i, path in enumerate(sys.argv[1:])]
models[0].threads = 3
assert [model.threads for model in models] == [3, 3], "one number for the process"
x = np.ones((65536, 4), np.float32)
expected = [model(x=x) for model in models]


def name(comm):
    try:
        return pathlib.Path(comm).read_text()
    except OSError:  # the thread has ended
        return ""


def workers():
    return sum(name(comm).startswith("ingot-") for comm in glob.glob("/proc/self/task/*/comm"))


def work(model, right):
    for _ in range(100):
        assert (model(x=x) == right).all()


hosts = [threading.Thread(target=work, args=(models[i % 2], expected[i % 2])) for i in range(3)]
for host in hosts:
    host.start()
most = 0
while any(host.is_alive() for host in hosts):
    most = max(most, workers())
print(f"at most {max(most, workers())} workers")
