"""`ingotc --memory-budget`: steps of deep networks in part of their arena give the same losses and the same state, to the last
bit; and what happens when a budget is too small."""

import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import harness

node = helper.make_node


class Network:
    """Nodes and weights under construction; the loss is cross entropy of the last value."""

    def __init__(self):
        self.random = np.random.default_rng(5)
        self.nodes, self.weights, self.count = [], [], 0

    def weight(self, *shape, fill=None):
        fan = int(np.prod(shape[1:])) if len(shape) > 2 else shape[0]
        values = np.full(shape, fill) if fill is not None else self.random.normal(0, fan**-0.5, shape)
        self.weights.append(numpy_helper.from_array(values.astype(np.float32), f"weight{len(self.weights)}"))
        return self.weights[-1].name

    def add(self, operator, *operands, **attributes):
        self.count += 1
        self.nodes.append(node(operator, list(operands), [f"v{self.count}"], name=f"{operator}{self.count}", **attributes))
        return f"v{self.count}"

    def model(self, result, input_shape, output_shape):
        self.nodes.append(node("Identity", [result], ["y"]))
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, input_shape)
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, output_shape)
        graph = helper.make_graph(self.nodes, "network", [x], [y], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def deep_mlp(batch=512, width=48, layers=80):
    net, value = Network(), "x"
    for _ in range(layers):
        value = net.add("Tanh", net.add("Gemm", value, net.weight(width, width), net.weight(width, fill=0)))
    return net.model(net.add("Gemm", value, net.weight(width, 10), net.weight(10, fill=0)), [batch, width], [batch, 10])


def resnet(batch=4, channels=16, size=16, blocks=10):
    net = Network()

    def block(value, inputs):
        value = net.add("Conv", value, net.weight(channels, inputs, 3, 3), pads=[1, 1, 1, 1])
        return net.add("InstanceNormalization", value, net.weight(channels, fill=1), net.weight(channels, fill=0))

    value = net.add("Relu", block("x", 3))
    for _ in range(blocks):
        inner = block(net.add("Relu", block(value, channels)), channels)
        value = net.add("Relu", net.add("Add", value, inner))
    pooled = net.add("Flatten", net.add("GlobalAveragePool", value))
    return net.model(net.add("Gemm", pooled, net.weight(channels, 10), net.weight(10, fill=0)), [batch, 3, size, size], [batch, 10])


def transformer(batch=4, length=32, width=32, heads=4, blocks=8):
    net, value = Network(), "x"
    net.weights += [numpy_helper.from_array(np.array([batch, length, heads, width // heads]), "split"),
                    numpy_helper.from_array(np.array([batch, length, width]), "joined")]  # fmt: skip

    def normalized(value):
        return net.add("LayerNormalization", value, net.weight(width, fill=1), net.weight(width, fill=0))

    for _ in range(blocks):
        n = normalized(value)
        q, k, v = (net.add("Reshape", net.add("MatMul", n, net.weight(width, width)), "split") for _ in range(3))
        q, v = (net.add("Transpose", each, perm=[0, 2, 1, 3]) for each in (q, v))
        weights = net.add("Softmax", net.add("MatMul", q, net.add("Transpose", k, perm=[0, 2, 3, 1])), axis=-1)
        out = net.add("Reshape", net.add("Transpose", net.add("MatMul", weights, v), perm=[0, 2, 1, 3]), "joined")
        value = net.add("Add", value, net.add("MatMul", out, net.weight(width, width)))
        hidden = net.add("Gelu", net.add("MatMul", normalized(value), net.weight(width, 4 * width)))
        value = net.add("Add", value, net.add("MatMul", hidden, net.weight(4 * width, width)))
    pooled = net.add("Flatten", net.add("ReduceMean", value, "axes", keepdims=0))
    net.weights.append(numpy_helper.from_array(np.array([1]), "axes"))
    return net.model(net.add("Gemm", pooled, net.weight(width, 10), net.weight(10, fill=0)), [batch, length, width], [batch, 10])


def compile_step(model, name, *options):
    """(library, what --json says about it)."""
    folder = harness.WORK / "train" / f"budget_{name}"
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    command = [str(harness.BUILD / "bin" / "ingotc"), str(folder / "model.onnx"), "-o", str(folder / "model.so"), "--train", "--optimizer", "adam",
               "--cpu", "native", "-O1", "--json", *options]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise harness.Failure(done.stderr[-1000:])
    return folder / "model.so", json.loads(done.stdout)


def train(library, model, steps=4):
    """The losses of some steps and the state after them."""
    shape = [dimension.dim_value for dimension in model.graph.input[0].type.tensor_type.shape.dim]

    def run():
        import ingot

        step, random = ingot.load(str(library)), np.random.default_rng(1)
        losses = [float(step.run({"x": random.normal(0, 1, shape).astype(np.float32), "target": random.integers(0, 10, shape[0]), "lr": 1e-3})["loss"])
                  for _ in range(steps)]  # fmt: skip
        return losses, {name: np.array(value) for name, value in step.state.items()}

    return harness.in_child(run)


def expect(condition, text):
    if not condition:
        raise harness.Failure(text)


def check(make, share):
    """A share of the arena gives the same numbers."""
    model, name = make(), make.__name__
    library, plain = compile_step(model, name)
    expect(plain["memory_budget"] is None, "there is no budget")
    losses, state = train(library, model)
    budget = int(plain["arena_bytes"] * share)
    library, small = compile_step(model, name + "_small", f"--memory-budget={budget}")
    about = small["memory_budget"]
    print(f"{name}: arena {plain['arena_bytes']} -> {small['arena_bytes']}, {about['choice']}, {100 * about['more_operations']:.0f} % more operations")
    expect(small["arena_bytes"] <= budget, f"the arena has {small['arena_bytes']} bytes, the budget is {budget}")
    expect(about["arena_bytes_without"] == plain["arena_bytes"], "it says what it would be without")
    expect(about["recomputed_values"] > 0 and 0 < about["more_operations"] < 0.5, f"what it costs: {about}")
    small_losses, small_state = train(library, model)
    expect(losses == small_losses, f"losses {small_losses} instead of {losses}")
    for key, value in state.items():
        expect(np.array_equal(value, small_state[key]), f"{key} differs by {np.abs(value - small_state[key]).max()}")


def check_open_batch(share):
    """An open batch has the budget of a stated size; a greatest size that of the greatest. Smaller batches give the same numbers."""
    model = deep_mlp(batch=256)
    for port in (model.graph.input[0], model.graph.output[0]):
        port.type.tensor_type.shape.dim[0].dim_param = "N"
    library, about = compile_step(model, "open", "--memory-budget=1G", "--budget-dim", "N=256")
    budget = int(about["memory_budget"]["arena_bytes_without"] * share)
    _, known = compile_step(deep_mlp(batch=256), "known", "--memory-budget=1G")
    expect(about["memory_budget"]["arena_bytes_without"] >= known["arena_bytes"], "the assumed arena is smaller than the known one")
    for name, words in (("open", ["--budget-dim", "N=256"]), ("bounded", ["--dim", "N=1..256"])):
        small, about = compile_step(model, f"{name}_small", f"--memory-budget={budget}", *words)
        about = about["memory_budget"]
        print(f"{name} batch: {about['arena_bytes_without']} -> {about['arena_bytes']}, {about['choice']}")
        expect(about["assumed"] == {"N": 256} and 0 < about["arena_bytes"] <= budget, f"{about}")
        expect(about["recomputed_values"] > 0 and 0 < about["more_operations"] < 0.5, f"what it costs: {about}")
        (losses, state), (other, others) = (train(each, deep_mlp(batch=64)) for each in (library, small))
        expect(losses == other and all(np.array_equal(state[key], others[key]) for key in state), f"losses {other} instead of {losses}")


def refusal(*options):
    folder = harness.WORK / "train" / "budget_refused"
    folder.mkdir(parents=True, exist_ok=True)
    model = deep_mlp(batch=8, layers=2)
    if "--open" in options:
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "N"
    onnx.save(model, folder / "model.onnx")
    command = [str(harness.BUILD / "bin" / "ingotc"), str(folder / "model.onnx"), "-o", str(folder / "model.so"), *(o for o in options if o != "--open")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    expect(not (folder / "model.so").exists(), "nothing is written")
    return done.returncode, done.stderr


def check_refusals():
    code, words = refusal("--train", "--memory-budget=1K")
    expect(code == 1 and "does not fit into 1024 bytes of arena; the least that was reached is" in words, f"{code}: {words}")
    code, words = refusal("--train", "--memory-budget=1M", "--open")
    expect(code == 1 and 'give the greatest of "N" by --dim N=A..B, or the one to plan for by --budget-dim N=SIZE' in words, f"{code}: {words}")
    code, words = refusal("--train", "--memory-budget=1M", "--open", "--budget-dim", "M=4")
    expect(code == 1 and 'give the greatest of "N"' in words, f"{code}: {words}")
    code, words = refusal("--train", "--memory-budget=1M", "--budget-dim", "M=4")
    expect(code == 1 and 'there is no dimension "M" of open size' in words, f"{code}: {words}")
    code, words = refusal("--train", "--memory-budget=1M", "--open", "--dim", "N=1..8", "--budget-dim", "N=4")
    expect(code == 1 and "its greatest size is 8 already" in words, f"{code}: {words}")
    code, words = refusal("--train", "--open", "--budget-dim", "N=4")
    expect(code == 2 and "--budget-dim needs --memory-budget" in words, f"{code}: {words}")
    code, words = refusal("--train", "--memory-budget=many")
    expect(code == 2, f"{code}: {words}")
    code, words = refusal("--memory-budget=1M")
    expect(code == 2 and "--train" in words, f"{code}: {words}")


if __name__ == "__main__":
    check(deep_mlp, 1 / 3)
    check(resnet, 1 / 3)
    check(transformer, 1 / 3)
    check_open_batch(1 / 3)
    check_refusals()
