"""Derivatives of gradients of whole networks, `ingotc --grad-inputs --jvp`, against central differences of their gradients
in float64; and what they are for: the gradient of a penalty on the size of a gradient (Gulrajani et al., "Improved
Training of Wasserstein GANs", 2017) by a network's weights."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import harness

STEP = 1e-5
random = np.random.default_rng(3)
node = helper.make_node


def network(nodes, operands, constants=(), opset=17):
    """A model in float64 with one output "y" and all its operands, weights too, as inputs."""
    value = helper.make_tensor_value_info
    inputs = [value(name, TensorProto.DOUBLE, array.shape) for name, array in operands.items()]
    initializers = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants]
    graph = helper.make_graph(nodes, "network", inputs, [value("y", TensorProto.DOUBLE, None)], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return onnx.shape_inference.infer_shapes(model), operands


def draw(**shapes):
    return {name: 0.5 * random.normal(0, 1, shape) for name, shape in shapes.items()}


def mlp():
    nodes = [node("Gemm", ["x", "w0", "b0"], ["h0"]), node("Tanh", ["h0"], ["a0"]),
             node("Gemm", ["a0", "w1", "b1"], ["h1"]), node("Sigmoid", ["h1"], ["a1"]),
             node("Gemm", ["a1", "w2", "b2"], ["y"])]  # fmt: skip
    return network(nodes, draw(x=(5, 4), w0=(4, 7), b0=(7,), w1=(7, 6), b1=(6,), w2=(6, 1), b2=(1,)))


def critic():
    """Convolutions with strides and leaky rectifiers, as in DCGAN's discriminator."""
    nodes = [node("Conv", ["x", "f0", "b0"], ["c0"], strides=[2, 2], pads=[1, 1, 1, 1]), node("LeakyRelu", ["c0"], ["a0"], alpha=0.2),
             node("Conv", ["a0", "f1", "b1"], ["c1"], strides=[2, 2], pads=[1, 1, 1, 1]), node("LeakyRelu", ["c1"], ["a1"], alpha=0.2),
             node("Flatten", ["a1"], ["f"]), node("Gemm", ["f", "w", "b2"], ["y"])]  # fmt: skip
    return network(nodes, draw(x=(3, 2, 8, 8), f0=(5, 2, 4, 4), b0=(5,), f1=(6, 5, 4, 4), b1=(6,), w=(24, 1), b2=(1,)))


def pooled():
    """Swish, both pools, normalisation by the batch, a transposed convolution."""
    nodes = [node("Conv", ["x", "f0"], ["c0"], pads=[1, 1, 1, 1]),
             node("BatchNormalization", ["c0", "scale", "shift", "mean", "var"], ["n0", "m1", "v1"], training_mode=1),
             node("Sigmoid", ["n0"], ["s0"]), node("Mul", ["n0", "s0"], ["a0"]), node("MaxPool", ["a0"], ["p0"], kernel_shape=[2, 2], strides=[2, 2]),
             node("ConvTranspose", ["p0", "f1"], ["c1"], strides=[2, 2]), node("Tanh", ["c1"], ["a1"]),
             node("AveragePool", ["a1"], ["p1"], kernel_shape=[3, 3], strides=[2, 2]), node("GlobalAveragePool", ["p1"], ["g"]),
             node("Flatten", ["g"], ["f"]), node("LogSoftmax", ["f"], ["y"])]  # fmt: skip
    constants = [("mean", np.zeros(4)), ("var", np.ones(4))]
    return network(nodes, draw(x=(2, 3, 6, 6), f0=(4, 3, 3, 3), scale=(4,), shift=(4,), f1=(4, 3, 2, 2)), constants)


def transformer():
    """A block of a Transformer: attention, layer normalisation, GELU."""
    nodes = []
    for name in "qkv":
        nodes += [node("MatMul", ["x", "w" + name], [name + "0"]), node("Reshape", [name + "0", "split"], [name + "1"]),
                  node("Transpose", [name + "1"], [name], perm=[0, 2, 1, 3])]  # fmt: skip
    nodes += [node("Attention", ["q", "k", "v"], ["o"], is_causal=1), node("Transpose", ["o"], ["o1"], perm=[0, 2, 1, 3]),
              node("Reshape", ["o1", "joined"], ["o2"]), node("Add", ["x", "o2"], ["r"]),
              node("LayerNormalization", ["r", "scale", "shift"], ["n"]), node("MatMul", ["n", "up"], ["u"]),
              node("Gelu", ["u"], ["a"]), node("MatMul", ["a", "down"], ["d"]), node("Add", ["n", "d"], ["y"])]  # fmt: skip
    constants = [("split", np.array([2, 4, 2, 3])), ("joined", np.array([2, 4, 6]))]
    operands = draw(x=(2, 4, 6), wq=(6, 6), wk=(6, 6), wv=(6, 6), scale=(6,), shift=(6,), up=(6, 9), down=(9, 6))
    return network(nodes, operands, constants, opset=23)


def expect_close(name, actual, expected, tolerance=1e-7):
    size = max(np.abs(expected).max(), 1e-3)
    error = np.abs(actual - expected).max() / size
    print(f"{name}: {error:.1g}")
    if not error <= tolerance:
        raise harness.Failure(f"{name} is off by {error:.2g}")


class Derivatives:
    """A compiled network; cotangents are ones: its value is the sum of y."""

    def __init__(self, name, made):
        import ingot

        model, self.operands = made
        self.model = ingot.load(harness.compile_model(model, f"train/second_order_{name}", ["--cpu", "native", "-O1", "--grad-inputs", "--jvp"]).path)

    def __call__(self, changes=(), **tangents):
        """All results, copied. `tangents` by the operands' names, zero for the others."""
        still = {name + ".tangent": tangents.get(name, np.zeros_like(array)) for name, array in self.operands.items()}
        return {key: np.array(value) for key, value in self.model.run({**self.operands, **dict(changes), **still}).items()}

    def moved(self, function, directions):
        """The central difference of a function of the results, along directions of all operands."""
        ahead, behind = (function(self({name: self.operands[name] + sign * STEP * v for name, v in directions.items()})) for sign in (1, -1))
        return (ahead - behind) / (2 * STEP)


def check_directions(name, derivatives):
    """Along a direction of all operands at once: the output, and all gradients."""
    directions = {operand: random.normal(0, 1, array.shape) for operand, array in derivatives.operands.items()}
    results = derivatives(**directions)
    expect_close(f"{name}: y", results["y.tangent"], derivatives.moved(lambda all: all["y"], directions))
    for operand in directions:
        key = operand + ".gradient"
        expect_close(f"{name}: {key}", results[key + ".tangent"], derivatives.moved(lambda all: all[key], directions))


def check_penalty(name, derivatives):
    """The gradient of the mean of (|dy/dx| - 1)^2 by a weight is that of <dy/dx, v> with v = the penalty's own by dy/dx."""
    def norms(gradient):
        return np.sqrt(np.sum(gradient.reshape(len(gradient), -1) ** 2, axis=1))

    def penalty(results):
        return np.mean((norms(results["x.gradient"]) - 1) ** 2)

    gradient = derivatives()["x.gradient"]
    size = norms(gradient).reshape(-1, *[1] * (gradient.ndim - 1))
    results = derivatives(x=2 * (size - 1) / size * gradient / len(gradient))
    for weight in derivatives.operands.keys() - {"x"}:
        v = random.normal(0, 1, derivatives.operands[weight].shape)
        slope = derivatives.moved(penalty, {weight: v})
        expect_close(f"{name}: penalty by {weight}", np.sum(results[weight + ".gradient.tangent"] * v), slope)


def main():
    for make in (mlp, critic, pooled, transformer):
        derivatives = Derivatives(make.__name__, make())
        check_directions(make.__name__, derivatives)
        if make in (mlp, critic):
            check_penalty(make.__name__, derivatives)


if __name__ == "__main__":
    main()
