"""Decoders with caches in place, against onnx's reference evaluator on the same file: kv_cache.py [OPTION...]

Each is fed a sequence in pieces; a run must compute what the model with its growing inputs does, write its rows at their place
in the caches, and change nothing else of them.
"""

import sys

import numpy as np
import onnx
import onnx.reference
from onnx import TensorProto, helper, numpy_helper

import ingot

RANDOM = np.random.default_rng(5)


class Graph:
    def __init__(self, opset):
        self.opset, self.nodes, self.weights, self.inputs, self.outputs = opset, [], [], [], []

    def add(self, operator, *inputs, results=1, **attributes):
        names = [f"v{len(self.nodes)}.{i}" for i in range(results)]
        self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names[0] if results == 1 else names

    def known(self, values):
        self.weights.append(numpy_helper.from_array(np.asarray(values), f"w{len(self.weights)}"))
        return self.weights[-1].name

    def take(self, name, *shape):
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def give(self, name, value):
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(onnx.ValueInfoProto(name=name))

    def save(self, path):
        graph = helper.make_graph(self.nodes, "decoder", self.inputs, self.outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=10)
        onnx.save(onnx.shape_inference.infer_shapes(model), path)
        return path

    def project(self, x, heads, size):
        """[N, heads, steps, size]"""
        width = 12
        product = self.add("MatMul", x, self.known(RANDOM.normal(0, 0.3, (width, heads * size)).astype(np.float32)))
        split = self.add("Reshape", product, self.known(np.array([0, 0, heads, size])))
        return self.add("Transpose", split, perm=[0, 2, 1, 3])

    def extent(self, tensor, axis):
        return self.add("Squeeze", self.add("Shape", tensor, start=axis, end=axis + 1))


def exported(path, heads, size, valueSize):
    """Attention as exporters take it apart. The keys are turned as a rotary embedding would, by position."""
    net = Graph(17)
    x, past_k, past_v = net.take("x", "N", "steps", 12), net.take("past.k", "N", heads, "past", size), net.take("past.v", "N", heads, "past", valueSize)
    past, zero, one = net.extent(past_k, 2), net.known(np.int64(0)), net.known(np.int64(1))
    total = net.add("Add", past, net.extent(x, 1))
    positions = net.add("Range", past, total, one)
    angle = net.add("Unsqueeze", net.add("Cast", positions, to=TensorProto.FLOAT), net.known(np.array([1])))
    rows = net.add("Mul", net.project(x, heads, size), net.add("Cos", angle))
    keys, values = net.add("Concat", past_k, rows, axis=2), net.add("Concat", past_v, net.project(x, heads, valueSize), axis=2)
    scores = net.add("MatMul", net.project(x, heads, size), net.add("Transpose", keys, perm=[0, 1, 3, 2]))
    visible = net.add("LessOrEqual", net.add("Range", zero, total, one), net.add("Unsqueeze", positions, net.known(np.array([1]))))
    weights = net.add("Softmax", net.add("Where", visible, scores, net.known(np.float32(-1e9))), axis=-1)
    net.give("y", net.add("Transpose", net.add("MatMul", weights, values), perm=[0, 2, 1, 3]))
    net.give("next.k", keys)
    net.give("next.v", values)
    # Somebody reads the past itself, and somebody all rows.
    net.give("sums", net.add("ReduceSum", past_k, net.known(np.array([2])), keepdims=0))
    net.give("scaled", net.add("Mul", values, net.known(np.float32(2))))
    return net.save(path)


def operator(path, heads, shared, size):
    """ONNX's own Attention, with fewer heads of keys than of queries."""
    net = Graph(23)
    x, past_k, past_v = net.take("x", "N", "steps", 12), net.take("past.k", "N", shared, "past", size), net.take("past.v", "N", shared, "past", size)
    parts = [net.project(x, count, size) for count in (heads, shared, shared)]
    y, keys, values = net.add("Attention", *parts, "", past_k, past_v, results=3, is_causal=1)
    for name, value in (("y", y), ("next.k", keys), ("next.v", values)):
        net.give(name, value)
    return net.save(path)


def check(path, name, pieces, batch, options):
    reference = onnx.reference.ReferenceEvaluator(path)
    model = ingot.compile(path, name + ".so", options=["--kv-cache", *options])
    room = sum(pieces) + 3
    caches = model.new_caches(N=batch, past_capacity=room)
    assert sorted(caches) == ["past.k", "past.v"], caches
    for cache in caches.values():
        cache[:] = 77  # what is behind the rows must not matter
    grown = {key: cache[:, :, :0].copy() for key, cache in caches.items()}
    worst, length = 0, 0
    for steps in pieces:
        x = RANDOM.normal(0, 1, (batch, steps, 12)).astype(np.float32)
        results = model.run({"x": x, "past": length, **caches})
        expected = dict(zip(reference.output_names, reference.run(None, {"x": x, **grown})))
        length += steps
        for key, cache in caches.items():
            grown[key] = expected.pop("next" + key.removeprefix("past"))
            assert (cache[:, :, length:] == 77).all(), f"{key}: rows from {length} on were written"
            worst = max(worst, np.abs(cache[:, :, :length] - grown[key]).max())
        assert set(results) == set(expected), results.keys()
        worst = max(worst, *(np.abs(results[key] - expected[key]).max() for key in results))
    assert worst < 2e-5, (name, worst)
    print(f"{name}: {len(pieces)} runs agree")
    return model, caches


def refused(name, action):
    try:
        action()
        print(f"{name}: not refused")
    except ingot.InvalidInput as error:
        print(f"{name}: {error}")


options = sys.argv[1:]
check(exported("odd.onnx", 3, 5, 7), "odd", (1, 1, 5, 1, 2), 2, options)
check(exported("wide.onnx", 2, 64, 64), "wide", (40, 1, 1, 17, 130, 1), 1, options)
check(exported("one.onnx", 1, 16, 16), "one", (1,) * 20, 3, options)
check(operator("shared.onnx", 6, 2, 8), "shared", (4, 1, 1, 3), 2, options)
model, caches = check(exported("bounded.onnx", 2, 8, 8), "bounded", (3, 1), 1, [*options, "--dim", "past=0..4", "--dim", "steps=1..3"])
x = np.zeros((1, 3, 12), np.float32)
refused("full", lambda: model.run({"x": x, "past": 5 - 1, **model.new_caches(N=1, past_capacity=6)}))
refused("too long", lambda: model.run({"x": x, "past": 5, **caches}))
refused("negative", lambda: model.run({"x": x, "past": -2, **caches}))
refused("huge", lambda: model.run({"x": x, "past": 2**63 - 1, **caches}))
refused("other room", lambda: model.run({"x": x, "past": 1, **caches, "past.v": np.zeros((1, 2, 9, 8), np.float32)}))
refused("a copy", lambda: model.run({"x": x, "past": 1, **caches, "past.v": caches["past.v"][:, :, ::-1]}))
refused("no size", lambda: model.new_caches(N=1))
