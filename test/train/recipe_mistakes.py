"""What is wrong with a recipe is told with its line and column, before anything is compiled."""

import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import onnx
from onnx import TensorProto, helper

import harness
from recipe_models import mlp

INGOTC = str(harness.BUILD / "bin" / "ingotc")


def heads():
    """One input, two results."""
    value = helper.make_tensor_value_info
    nodes = [helper.make_node("Relu", ["x"], ["mean"]), helper.make_node("Neg", ["x"], ["spread"])]
    outputs = [value(name, TensorProto.FLOAT, ["batch", 3]) for name in ("mean", "spread")]
    graph = helper.make_graph(nodes, "heads", [value("x", TensorProto.FLOAT, ["batch", 3])], outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


# A good recipe; each mistake replaces a piece of it.
GOOD = """
[networks]
f = "f.onnx"
h = "h.onnx"

[hyperparameters]
gamma = 0.9

[steps.train]
loss = "mse(f(x), y) * gamma"
updates = ["f"]
lr = 0.1

[entries.look]
outputs = { hidden = "h(x).mean", part = "f(x)[:, 0:1]" }
"""
LOSS = 'loss = "mse(f(x), y) * gamma"'
# (what to replace, by what, line:column, message)
MISTAKES = [
    (LOSS, 'loss = "mse(f(x), y"', "10:20", 'expected ")", but there is nothing more'),
    (LOSS, 'loss = "mse(f(x), y) y"', "10:22", 'expected an operator or the end of the expression, but there is "y"'),
    (LOSS, 'loss = "mse(f(x), y) * ?"', "10:24", 'expected a name, a number or "(", but there is "?"'),
    (LOSS, 'loss = """\n  mse(f(x),\n      z) + k"""', "12:12", 'nothing tells the type of the input "k"'),
    (LOSS, 'loss = "mse(fn(x), y)"', "10:13", 'there is no network and no function "fn"; the functions are abs, argmax'),
    (LOSS, 'loss = "mse(f, y)"', "10:13", '"f" is a network: call it, as in f(x)'),
    (LOSS, 'loss = "mse(f(x, y), y)"', "10:18", "the network f takes 1 input, and this is none"),
    (LOSS, 'loss = "mse(f(), y)"', "10:13", 'the network f needs its input "x"'),
    (LOSS, 'loss = "mse(f(f(x)), y)"', "10:13", """the network f takes "x" as 'f32' of shape batchx3, but is given 'f32' of shape batchx2"""),
    (LOSS, 'loss = "f(x)"', "10:9", "the loss must be one real number, but has shape batchx2; mean(...)"),
    (LOSS, 'loss = "mse(f(x), h(x))"', "10:19", "this has several results (mean, spread): say which"),
    (LOSS, 'loss = "mse(f(x), h(x).middle)"', "10:23", 'the network has no result "middle"; there are mean, spread'),
    (LOSS, 'loss = "mse(f(x), h(x).mean)"', "10:9", "the loss mse compares tensors of one shape, but these are batchx2 and batchx3"),
    (LOSS, 'loss = "mse(f(x), y, margin=x)"', "10:29", "expected a number that is written here"),
    (LOSS, 'loss = "mse(f(x), y, by=1)"', "10:25", 'mse has no argument "by"; there are label_smoothing'),
    (LOSS, 'loss = "mean(h(x).mean)"', "10:9", 'there is nothing to train: the loss depends on no parameter that the step "train"'),
    (LOSS, 'loss = "sum(f(x), axis=2)"', "10:24", "there is no axis 2 in a tensor of shape batchx2"),
    (LOSS, 'loss = "mean(f(x)[:, 3])"', "10:18", "axis 1 of a tensor of shape batchx2 does not reach that far"),
    (LOSS, 'loss = "mean(f(x) + argmax(f(x)))"', "10:19", "elements of types 'f32' and 'i64' do not go together"),
    (LOSS, 'loss = "mean(f(x) * z)"\nlet = { z = "2 * z" }', "11:18", '"z" is defined by itself'),
    (LOSS, 'loss = "mean(f(x))"\nlet = { f = "2" }', "11:9", '"f" names something else too'),
    (LOSS, "loss = 3", "10:8", "loss must be a text in quotation marks"),
    ('updates = ["f"]', 'updates = ["q"]', "11:13", 'there is no network "q"'),
    ('updates = ["f"]', "", "9:8", "a step needs updates"),
    ("lr = 0.1", "rate = 0.1", "12:1", 'the optimizer adam has no hyperparameter "rate"; it has lr, beta1'),
    ("lr = 0.1", 'optimizer = "adm"', "12:14", 'there is no optimizer "adm"'),
    ("lr = 0.1", 'lr = "fast"', "12:1", "lr must be a number"),
    ("[networks]", "[network]", "2:2", 'there is no "network" here; there are precision, networks, inputs'),
    ("[networks]", "[inputs]\ny = 'real[2]'\n[networks]", "3:6", '"real[2]" is no type of an input'),
    ("[networks]", "[copies]\nf = { from = 'f', every = 2 }\n[networks]", "3:1", '"f" is a copy, but a step updates it too'),
    ("[networks]", "[copies]\nh = { from = 'f', every = 2 }\n[networks]", "3:1", '"h" cannot be a copy of "f"'),
    ("[networks]", "[training]\norder = ['tain']\n[networks]", "3:11", 'there is no step "tain"'),
    ('f = "f.onnx"', 'f = { path = "f.onnx", freeze = "nothing" }', "3:34", 'freeze "nothing" matches no parameter; there are'),
    ('f = "f.onnx"', 'f = { path = "f.onnx", lora = "bias" }', "3:32", 'lora "bias" matches vectors only'),
    ('f = "f.onnx"', 'f = { path = "f.onnx", rank = 2 }', "3:24", 'rank belongs to lora'),
    ('f = "f.onnx"', 'f = { copy_of = "h2" }', "3:18", 'there is no network "h2" above this one'),
    ('f = "f.onnx"', "f = ", "3:", "value"),
    ("[entries.look]", "[entries.model]", "14:10", 'there is another entry "model" in the library'),
    ("[entries.look]", '[entries.noise]\noutputs = { z = "normal(rows, 2)" }\n[entries.look]', "14:10", 'has the dimension "rows", so it must be fixed: --dim rows=N'),
]  # fmt: skip


def refusal(path):
    """What ingotc says; it must exit with 1 and leave nothing behind."""
    output = path.parent / "library.so"
    done = subprocess.run([INGOTC, "--recipe", str(path), "-o", str(output)], capture_output=True, text=True, timeout=60)
    if done.returncode != 1 or output.exists():
        raise harness.Failure(f"exit code {done.returncode}, expected 1: {done.stderr.strip()}")
    return done.stderr


def main():
    folder, failures = harness.WORK / "recipes" / "mistakes", 0
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(mlp([3, 2]), folder / "f.onnx")
    onnx.save(heads(), folder / "h.onnx")
    for number, (before, after, place, message) in enumerate(MISTAKES):
        path = folder / f"{number}.toml"
        path.write_text(GOOD.replace(before, after, 1))
        try:
            text = refusal(path)
            parts = [re.escape(part) for part in message.split(" ... ")]
            if not re.search(re.escape(f"{path}:{place}") + r"[\d:]*:? error: .*" + ".*".join(parts), text):
                raise harness.Failure(f"expected {place}: {message}, but it says: {text.strip()}")
        except harness.Failure as error:
            failures += 1
            print(f"{after!r}: {error}")
    print(f"{len(MISTAKES)} mistakes, {failures} wrong messages")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
