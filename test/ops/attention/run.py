# RUN: %python %s
"""Attention as exporters write it, compared with float64 arithmetic, and as ONNX's operator, compared with onnxruntime:
masks, causal attention, odd sizes, symbolic lengths, shared heads, operands in the layout of a projection."""

import dataclasses

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import harness
from rows import Row, check, normal

LOWEST = float(np.finfo(np.float32).min)
_random = np.random.default_rng(3)


@dataclasses.dataclass
class Case:
    """One attention of `heads` heads: queries [batch, m, heads * depth] and so on, as projections leave them."""

    m: int
    n: int
    depth: int = 64
    width: int = 64
    heads: int = 3
    batch: int = 2
    mask: str = ""  # add, select, padding, causal, hidden (a query that sees no key)
    scale: str = "mul"  # mul, div, queries, both
    isFree: bool = False  # lengths are symbols

    def inputs(self):
        columns = {"q": (self.m, self.depth), "k": (self.n, self.depth), "v": (self.n, self.width)}
        feed = {name: normal(self.batch, length, self.heads * size) for name, (length, size) in columns.items()}
        if self.mask == "add":
            feed["mask"] = normal(self.heads, self.m, self.n) * 3
        elif self.mask in ("select", "hidden", "padding"):
            feed["mask"] = _random.random((self.batch, 1, 1 if self.mask == "padding" else self.m, self.n)) < 0.6
            feed["mask"][..., 0] = True
            if self.mask == "hidden":
                feed["mask"][:, :, self.m // 2] = False
        return feed

    def reference(self, feed):
        def split(x, size):
            return x.astype(np.float64).reshape(self.batch, -1, self.heads, size).transpose(0, 2, 1, 3)

        q, k, v = split(feed["q"], self.depth), split(feed["k"], self.depth), split(feed["v"], self.width)
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(self.depth)
        if self.mask == "add":
            scores = scores + feed["mask"]
        elif self.mask == "causal":
            scores = np.where(np.arange(self.n) <= np.arange(self.m)[:, None] + self.n - self.m, scores, -np.inf)
        elif self.mask:
            scores = np.where(feed["mask"], scores, LOWEST)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        output = weights / weights.sum(-1, keepdims=True) @ v
        return output.transpose(0, 2, 1, 3).reshape(self.batch, self.m, self.heads * self.width)


class Model:
    """Cases side by side in one ONNX model."""

    def __init__(self):
        self.nodes, self.inputs, self.outputs, self.constants, self.feed, self.expected = [], [], [], [], {}, {}

    def node(self, kind, operands, **attributes):
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, operands, [name], name=name, **attributes))
        return name

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, case):
        prefix = f"a{len(self.outputs)}."
        feed = case.inputs()
        m, n = (prefix + "m", prefix + "n") if case.isFree else (case.m, case.n)
        for name, value in feed.items():
            shape = list(value.shape)
            if name == "mask":
                shape[-2:] = [m if case.mask != "padding" else 1, n]
            else:
                shape[1] = m if name == "q" else n
            kind = helper.np_dtype_to_tensor_dtype(value.dtype)
            self.inputs.append(helper.make_tensor_value_info(prefix + name, kind, shape))
            self.feed[prefix + name] = value
        result = self.attention(case, prefix)
        self.nodes.append(helper.make_node("Identity", [result], [prefix + "y"]))
        shape = [case.batch, m, case.heads * case.width]
        self.outputs.append(helper.make_tensor_value_info(prefix + "y", TensorProto.FLOAT, shape))
        self.expected[prefix + "y"] = case.reference(feed).astype(np.float32)

    def heads(self, case, name, size, order):
        shape = self.constant(np.array([case.batch, -1, case.heads, size]))
        return self.node("Transpose", [self.node("Reshape", [name, shape])], perm=order)

    def attention(self, case, prefix):
        q = self.heads(case, prefix + "q", case.depth, [0, 2, 1, 3])
        k = self.heads(case, prefix + "k", case.depth, [0, 2, 3, 1])
        v = self.heads(case, prefix + "v", case.width, [0, 2, 1, 3])
        root = np.float32(np.sqrt(case.depth))
        if case.scale == "queries":
            q = self.node("Mul", [q, self.constant(1 / root)])
        elif case.scale == "both":
            q, k = (self.node("Div", [x, self.constant(np.sqrt(root))]) for x in (q, k))
        scores = self.node("MatMul", [q, k])
        if case.scale == "div":
            scores = self.node("Div", [scores, self.constant(root)])
        elif case.scale == "mul":
            scores = self.node("Mul", [scores, self.constant(1 / root)])
        weights = self.node("Softmax", [self.masked(case, prefix, scores)], axis=-1)
        output = self.node("Transpose", [self.node("MatMul", [weights, v])], perm=[0, 2, 1, 3])
        return self.node("Reshape", [output, self.constant(np.array([case.batch, -1, case.heads * case.width]))])

    def masked(self, case, prefix, scores):
        if not case.mask:
            return scores
        if case.mask == "add":
            return self.node("Add", [scores, prefix + "mask"])
        if case.mask == "select":
            return self.node("Where", [prefix + "mask", scores, self.constant(np.float32(LOWEST))])
        if case.mask == "causal":
            m, n = (self.node("Gather", [self.node("Shape", [prefix + x]), self.constant(1)]) for x in "qk")
            zero, one = self.constant(0), self.constant(1)
            past = self.node("Sub", [n, m])
            rows = self.node("Add", [self.node("Range", [zero, m, one]), past])
            rows = self.node("Unsqueeze", [rows, self.constant(np.array([1]))])
            seen = self.node("LessOrEqual", [self.node("Range", [zero, n, one]), rows])
            return self.node("Where", [seen, scores, self.constant(np.float32(-np.inf))])
        added = self.node("Where", [prefix + "mask", self.constant(np.float32(0)), self.constant(np.float32(LOWEST))])
        return self.node("Add", [scores, added])

    def build(self):
        graph = helper.make_graph(self.nodes, "attentions", self.inputs, self.outputs, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def check_decomposed(cases, name, options):
    model = Model()
    for case in cases:
        model.add(case)
    library = harness.compile_model(model.build(), f"ops/attention_{name}", options)
    worst = harness.compare(harness.run_library(library, [model.feed]), [model.expected], 1e-5, 2e-6)
    print(f"{name}: {len(cases)} attentions agree with float64, {worst:.1e}")


def cases(isFree):
    lengths = [(1, 37), (2, 300), (3, 5), (16, 16), (21, 33), (50, 197), (48, 257), (65, 130), (100, 640)]
    plain = [Case(m, n, isFree=isFree, heads=2) for m, n in lengths]
    sizes = [Case(9, 20, depth, width, isFree=isFree) for depth, width in ((8, 8), (20, 33), (64, 1), (1, 48), (128, 80))]
    masks = [Case(m, n, 32, 32, mask=mask, scale=scale, isFree=isFree)
             for m, n in ((1, 40), (19, 45), (70, 280))
             for mask, scale in (("add", "div"), ("select", "queries"), ("padding", "both"), ("hidden", "mul"), ("causal", "mul"))]  # fmt: skip
    return plain + sizes + masks


for isFree in (False, True):
    check_decomposed(cases(isFree), "symbolic" if isFree else "static", ["--cpu", "native"])
check_decomposed(cases(True)[::3], "narrow", ["--cpu", "x86-64-v3"])


def heads(heads, length, size, batch=2):
    return normal(batch, heads, length, size)


operators = [
    Row("Attention", heads(3, 5, 8), heads(3, 7, 8), heads(3, 7, 10), free=(0, 1, 2)),
    Row("Attention", heads(3, 20, 64), heads(3, 20, 64), heads(3, 20, 64), is_causal=1),
    Row("Attention", heads(3, 5, 8), heads(3, 7, 8), heads(3, 7, 10), normal(5, 7), scale=0.3),
    Row("Attention", heads(3, 5, 8), heads(3, 7, 8), heads(3, 7, 10), normal(2, 1, 5, 7) > -1, note="boolean mask"),
    Row("Attention", heads(6, 5, 8), heads(2, 7, 8), heads(2, 7, 10), normal(2, 6, 5, 7), note="shared heads"),
    Row("Attention", heads(6, 5, 8), heads(1, 7, 8), heads(1, 7, 10), is_causal=1, note="one key head"),
    Row("Attention", heads(3, 5, 8), heads(3, 7, 8), heads(3, 7, 10), softcap=2.0),
    Row("Attention", normal(2, 5, 24), normal(2, 7, 24), normal(2, 7, 30), q_num_heads=3, kv_num_heads=3, free=(0, 1, 2)),
    Row("Attention", heads(3, 1, 8), heads(3, 1, 8), heads(3, 1, 10), None, heads(3, 11, 8), heads(3, 11, 10), results=3,
        note="a step of decoding"),
    Row("Attention", heads(3, 5, 8), heads(3, 7, 8), heads(3, 7, 8), normal(5, 7), None, None, results=4,
        qk_matmul_output_mode=2, note="scores too"),
]  # fmt: skip
check(operators, opset=23, rtol=2e-5, atol=5e-6)
