"""Builds an ONNX model operator by operator, with seeded weights, in any opset from 9 on.

    g = Graph("mlp", opset=13)
    x = g.input("x", ["N", 8])
    g.output(g.softmax(g.linear(g.relu(g.linear(x, 8, 16)), 16, 3)), "y")
    model = g.model()
"""

import math

import numpy as np
import onnx
from onnx import helper, numpy_helper


class Graph:
    """One graph under construction; every method that adds a node returns the name of its (first) result."""

    def __init__(self, name, opset=17, seed=0):
        self.name, self.opset = name, opset
        self.random = np.random.default_rng([seed, len(name), *name.encode()])
        self.nodes, self.inputs, self.outputs, self.initializers = [], [], [], []

    # -- the graph's edges ---------------------------------------------------------------------------------------------

    def input(self, name, shape, dtype=np.float32):
        self.inputs.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape))
        return name

    def output(self, value, name, dtype=np.float32, shape=None):
        """Declares `value` as an output; without `shape`, ONNX's shape inference must find it."""
        self.op("Identity", value, into=name)
        element = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        self.outputs.append(helper.make_tensor_value_info(name, element, shape))

    def constant(self, value, dtype=None, name=None):
        name = name or f"{self.name}.c{len(self.initializers)}"
        array = np.asarray(value, dtype)
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def ints(self, *values):
        return self.constant(values, np.int64)

    def weight(self, *shape, fan_in=None, gain=2.0):
        """Normal weights whose spread keeps the signal's (He's initialisation for gain 2)."""
        spread = math.sqrt(gain / (fan_in or math.prod(shape[1:]) or 1))
        return self.constant(self.random.normal(0, spread, shape).astype(np.float32))

    def vector(self, size, mean=0.0, spread=0.1):
        return self.constant((mean + spread * self.random.normal(0, 1, size)).astype(np.float32))

    def model(self):
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.initializers)
        ir_version = 10 if self.opset >= 21 else 9 if self.opset >= 19 else 8 if self.opset >= 15 else 7
        opsets = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=ir_version, producer_name="ingot-test")
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        del model.graph.value_info[:]
        onnx.checker.check_model(model, full_check=True)
        return model

    # -- nodes ---------------------------------------------------------------------------------------------------------

    def op(self, kind, *operands, into=None, results=1, **attributes):
        number = len(self.nodes)
        names = [into] if into else [f"{kind.lower()}_{number}" + (f".{i}" if i else "") for i in range(results)]
        self.nodes.append(helper.make_node(kind, operands, names, name=f"{self.name}/{kind}_{number}", **attributes))
        return names[0] if results == 1 else names

    def relu(self, x):
        return self.op("Relu", x)

    def sigmoid(self, x):
        return self.op("Sigmoid", x)

    def tanh(self, x):
        return self.op("Tanh", x)

    def add(self, a, b):
        return self.op("Add", a, b)

    def mul(self, a, b):
        return self.op("Mul", a, b)

    def softmax(self, x, axis=-1):
        return self.op("Softmax", x, axis=axis)

    def transpose(self, x, *order):
        return self.op("Transpose", x, perm=order)

    def reshape(self, x, *shape):
        return self.op("Reshape", x, self.ints(*shape))

    def flatten(self, x, axis=1):
        return self.op("Flatten", x, axis=axis)

    def concat(self, *values, axis=1):
        return self.op("Concat", *values, axis=axis)

    def gather(self, table, indices, axis=0):
        return self.op("Gather", table, indices, axis=axis)

    def matmul(self, a, b):
        return self.op("MatMul", a, b)

    def clip(self, x, low, high):
        if self.opset < 11:
            return self.op("Clip", x, min=float(low), max=float(high))
        return self.op("Clip", x, self.constant(low, np.float32), self.constant(high, np.float32))

    def swish(self, x):
        return self.mul(x, self.sigmoid(x))

    def gelu(self, x):
        """With the error function, as exporters spell it below opset 20."""
        if self.opset >= 20:
            return self.op("Gelu", x)
        inner = self.op("Erf", self.op("Div", x, self.constant(math.sqrt(2), np.float32)))
        return self.mul(self.mul(x, self.add(inner, self.constant(1, np.float32))), self.constant(0.5, np.float32))

    def gelu_tanh(self, x):
        """GPT-2's approximation, spelled out."""
        cubed = self.mul(self.op("Pow", x, self.constant(3, np.float32)), self.constant(0.044715, np.float32))
        inner = self.tanh(self.mul(self.add(x, cubed), self.constant(math.sqrt(2 / math.pi), np.float32)))
        return self.mul(self.mul(x, self.constant(0.5, np.float32)), self.add(inner, self.constant(1, np.float32)))

    # -- operators whose axes moved from attributes to inputs ----------------------------------------------------------

    def axes_op(self, kind, x, axes, since, **attributes):
        if self.opset < since:
            return self.op(kind, x, axes=axes, **attributes)
        return self.op(kind, x, self.ints(*axes), **attributes)

    def unsqueeze(self, x, *axes):
        return self.axes_op("Unsqueeze", x, axes, since=13)

    def squeeze(self, x, *axes):
        return self.axes_op("Squeeze", x, axes, since=13)

    def mean(self, x, *axes, keepdims=1):
        return self.axes_op("ReduceMean", x, axes, since=18, keepdims=keepdims)

    def sum(self, x, *axes, keepdims=1):
        return self.axes_op("ReduceSum", x, axes, since=13, keepdims=keepdims)

    def slice(self, x, axis, begin, end):
        if self.opset < 10:
            return self.op("Slice", x, axes=[axis], starts=[begin], ends=[end])
        return self.op("Slice", x, self.ints(begin), self.ints(end), self.ints(axis))

    def split(self, x, sizes, axis):
        if self.opset < 13:
            return self.op("Split", x, results=len(sizes), split=sizes, axis=axis)
        return self.op("Split", x, self.ints(*sizes), results=len(sizes), axis=axis)

    def pad(self, x, *pads):
        return self.op("Pad", x, pads=pads) if self.opset < 11 else self.op("Pad", x, self.ints(*pads))

    def upsample(self, x, factor):
        """Nearest neighbour, height and width times `factor`."""
        scales = self.constant([1, 1, factor, factor], np.float32)
        if self.opset < 10:
            return self.op("Upsample", x, scales, mode="nearest")
        if self.opset < 11:
            return self.op("Resize", x, scales, mode="nearest")
        mode = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        region = self.constant([], np.float32) if self.opset < 13 else ""
        return self.op("Resize", x, region, scales, mode="nearest", **mode)

    # -- layers --------------------------------------------------------------------------------------------------------

    def linear(self, x, before, after, gain=2.0):
        """Gemm with the weight stored transposed, as PyTorch exports nn.Linear on two-dimensional input."""
        return self.op("Gemm", x, self.weight(after, before, gain=gain), self.vector(after), transB=1)

    def dense(self, x, before, after, gain=1.0):
        """MatMul and Add, as exporters write a linear layer on three-dimensional input."""
        weight = self.weight(before, after, fan_in=before, gain=gain)
        return self.add(self.matmul(x, weight), self.vector(after))

    def conv(self, x, before, after, kernel=3, stride=1, pad=None, groups=1, dilation=1, bias=True):
        pad = dilation * (kernel // 2) if pad is None else pad
        operands = [x, self.weight(after, before // groups, kernel, kernel)] + ([self.vector(after)] if bias else [])
        window = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [pad] * 4, "dilations": [dilation] * 2}
        return self.op("Conv", *operands, group=groups, **window)

    def conv_transpose(self, x, before, after, kernel=4, stride=2, pad=1, bias=True):
        weight = self.weight(before, after, kernel, kernel, fan_in=before * kernel * kernel // (stride * stride))
        operands = [x, weight] + ([self.vector(after)] if bias else [])
        return self.op("ConvTranspose", *operands, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)

    def batch_norm(self, x, channels):
        statistics = [self.vector(channels, 1), self.vector(channels), self.vector(channels), self.vector(channels, 1)]
        statistics[3] = self.constant(self.random.uniform(0.5, 1.5, channels).astype(np.float32))
        return self.op("BatchNormalization", x, *statistics, epsilon=1e-5)

    def max_pool(self, x, kernel=2, stride=2, pad=0):
        return self.op("MaxPool", x, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)

    def average_pool(self, x, kernel=2, stride=2, pad=0):
        return self.op("AveragePool", x, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)

    def layer_norm(self, x, width):
        gain, bias = self.vector(width, 1), self.vector(width)
        if self.opset >= 17:
            return self.op("LayerNormalization", x, gain, bias, axis=-1, epsilon=1e-5)
        centred = self.op("Sub", x, self.mean(x, -1))
        variance = self.mean(self.op("Pow", centred, self.constant(2, np.float32)), -1)
        spread = self.op("Sqrt", self.add(variance, self.constant(1e-5, np.float32)))
        return self.add(self.mul(self.op("Div", centred, spread), gain), bias)

    def dimension(self, x, axis):
        """The extent of one axis as a one-element tensor, the way exporters spell it."""
        return self.unsqueeze(self.gather(self.op("Shape", x), self.constant(axis, np.int64)), 0)

    def reshape_to(self, x, *extents):
        """Reshape whose target mixes numbers and one-element tensors: legacy exporters' Concat of Unsqueezes."""
        if not any(isinstance(extent, str) for extent in extents):
            return self.reshape(x, *extents)
        parts = [extent if isinstance(extent, str) else self.ints(extent) for extent in extents]
        return self.op("Reshape", x, self.concat(*parts, axis=0))
