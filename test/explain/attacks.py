"""`ingot attack` against closed forms, and FGSM against PyTorch's gradients: attacks.py CASE"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np
import onnx
from onnx import helper

import command
import harness
from command import close, compiled, document, mistake
from networks import F32, Convolution, Tokens, model

GRADIENTS = ("--grad-inputs", "--cotangent")
SHARED = pathlib.Path(os.environ.get("INGOT_SHARED", harness.ROOT.parent / "shared")) / "train"


class Linear:
    """Two classes of 6 features: logits = x w + b, or the score of class 1 alone, or its probability.

    How far the boundary is from an example is known: |margin| / |w|, in the norm dual to that of the attack."""

    def __init__(self, form="logits"):
        random = np.random.default_rng(12)
        self.w = random.normal(size=6).astype(np.float32)
        self.b = np.float32(0.1)
        x = random.normal(size=(40, 6))
        x[:4] *= 0.02  # near the boundary
        self.x = x.astype(np.float32)
        self.y = (self.margin(self.x) + random.normal(size=40) * 0.5 > 0).astype(np.int64)
        last = {"logits": np.stack([-self.w / 2, self.w / 2], 1), "score": self.w[:, None], "probability": self.w[:, None]}[form]
        bias = np.array([-self.b / 2, self.b / 2] if form == "logits" else [self.b], np.float32)
        nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["scores"])]
        if form == "probability":
            nodes.append(helper.make_node("Sigmoid", ["scores"], ["p"]))
        output = (nodes[-1].output[0], F32, ["N", last.shape[1]])
        self.model = model(nodes, [("x", F32, ["N", 6])], [output], {"w": last.astype(np.float32), "b": bias})

    def margin(self, x):
        return x.astype(float) @ self.w + self.b

    def robust(self, epsilon, length):
        """The share of examples that no change within epsilon makes wrong."""
        return (self.margin(self.x) * (2 * self.y - 1) > epsilon * length).mean()


def files(name, **arrays):
    path = command.folder(name) / "data.npz"
    np.savez(path, **arrays)
    return path


def setting(name, form="logits"):
    network = Linear(form)
    return network, compiled(network, f"attack_{name}", *GRADIENTS), files(name, x=network.x, target=network.y), command.folder(name) / "out.npz"


def expect(actual, expected, what):
    if not abs(actual - expected) < 1e-9:
        raise harness.Failure(f"{what}: {actual}, expected {expected}")


def fgsm():
    network, library, data, out = setting("fgsm")
    made = document("attack", library, "--data", data, "--method", "fgsm", "--epsilon", "0,1/8,0.5", "--out", out, "--batch", 7)
    expect(made["clean_accuracy"], network.robust(0, 0), "clean accuracy")
    for result, epsilon in zip(made["results"], (0, 0.125, 0.5)):
        expect(result["robust_accuracy"], network.robust(epsilon, np.abs(network.w).sum()), f"epsilon {epsilon}")
    stored = np.load(out)
    right = (network.margin(network.x) > 0) == network.y
    away = -np.sign(network.w) * (2 * network.y - 1)[:, None]
    close(stored["x"], network.x + 0.5 * away * right[:, None], "examples", 1e-6)  # those that are wrong anyway stay
    assert stored["target"].tolist() == network.y.tolist() and stored["rows"].tolist() == list(range(40))
    assert stored["predicted"].tolist() == (network.margin(stored["x"]) > 0).astype(int).tolist()


def pgd():
    network, library, data, out = setting("pgd")
    for norm, length in (("linf", np.abs(network.w).sum()), ("l2", np.linalg.norm(network.w))):
        words = ["attack", library, "--data", data, "--norm", norm, "--epsilon", 0.2, "--steps", 20, "--out", out]
        made = document(*words)
        expect(made["results"][0]["robust_accuracy"], network.robust(0.2, length), norm)
        first = np.load(out)["x"]
        change = first - network.x
        far = np.abs(change).max(1) if norm == "linf" else np.linalg.norm(change, axis=1)
        assert far.max() <= 0.2 + 1e-6, far.max()
        again = document(*words, "--batch", 3, "--threads", 1)["results"][0]
        expect(again["robust_accuracy"], made["results"][0]["robust_accuracy"], "batches of 3")
        close(np.load(out)["x"], first, "batches of 3", 1e-6)
        document(*words, "--clip=-1,1.5")
        inside = np.load(out)["x"]
        lowest, highest = np.minimum(network.x, -1), np.maximum(network.x, 1.5)  # nothing moves further out
        assert (inside >= lowest - 1e-6).all() and (inside <= highest + 1e-6).all()
    weak = document("attack", library, "--data", data, "--epsilon", 0.2, "--steps", 1, "--step-size", "1/100")["results"][0]
    strong = document("attack", library, "--data", data, "--epsilon", 0.2, "--steps", 1, "--step-size", "1/100", "--restarts", 20)["results"][0]
    assert strong["robust_accuracy"] <= weak["robust_accuracy"] and strong["restarts"] == 20


def targeted():
    network, library, data, out = setting("targeted")
    made = document("attack", library, "--data", data, "--epsilon", 0.3, "--targeted")["results"][0]
    expect(made["reached_target"], 1 - network.robust(0.3, np.abs(network.w).sum()), "the other class")
    made = document("attack", library, "--data", data, "--epsilon", 0.3, "--to", 1, "--out", out)
    margins = network.margin(network.x[network.y == 0])
    assert made["examples"] == len(margins)
    expect(made["results"][0]["reached_target"], (margins + 0.3 * np.abs(network.w).sum() > 0).mean(), "class 1")


def normalized():
    """Epsilon and --clip speak of the data after --scale; the network takes (data * scale - mean) / deviation."""
    network, library, _, out = setting("normalized")
    mean, deviation = np.linspace(0.3, 0.5, 6), np.linspace(0.2, 0.4, 6)
    pixels = (network.x * deviation + mean) * 255
    data = files("normalized", x=pixels.astype(np.float32), target=network.y)
    words = ["--scale", "1/255", "--mean", ",".join(map(str, mean)), "--std", ",".join(map(str, deviation))]
    made = document("attack", library, "--data", data, *words, "--epsilon", "8/255", "--method", "fgsm", "--out", out)
    expect(made["results"][0]["robust_accuracy"], network.robust(8 / 255, np.abs(network.w / deviation).sum()), "accuracy")
    expect(np.round(np.abs(np.load(out)["x"] - pixels / 255).max(), 5), np.round(8 / 255, 5), "distance")


def binary():
    for form, words in (("score", []), ("probability", ["--probabilities"])):
        network, library, data, _ = setting(form, form)
        made = document("attack", library, "--data", data, "--epsilon", "0.25", *words)
        expect(made["clean_accuracy"], network.robust(0, 0), form)
        expect(made["results"][0]["robust_accuracy"], network.robust(0.25, np.abs(network.w).sum()), form)


def pictures():
    network, random = Convolution(), np.random.default_rng(2)
    x = random.integers(0, 256, (12, 3, 9, 6)).astype(np.uint8)
    y = np.array([network.logits(image / 255).argmax() for image in x])
    library, data = compiled(network, "attack_pictures", *GRADIENTS), files("pictures", x=x, target=y)
    grid = command.folder("pictures") / "grid.png"
    made = document("attack", library, "--data", data, "--scale", "1/255", "--clip", "0,1", "--epsilon", "0.02,0.3", "--grid", grid)
    assert made["clean_accuracy"] == 1 and made["results"][1]["robust_accuracy"] <= made["results"][0]["robust_accuracy"]
    assert command.png_size(grid) == (3 * 6 * 16 + 2 * 4, 8 * 9 * 16 + 7 * 4), command.png_size(grid)


def without_loss(name):
    """A network of ../shared/train with its logits as the only output."""
    whole = onnx.load(SHARED / f"{name}.onnx")
    return onnx.utils.Extractor(whole).extract_model(["x"], ["pred"])


def references():
    """FGSM moves every element along the sign of PyTorch's gradient of the loss, or towards a class against it."""
    if not SHARED.is_dir():
        sys.exit(77)
    for name in ("mlp_ce", "cnn_digits", "mobile_gn", "lstm_digits"):
        data, folder = np.load(SHARED / f"{name}.data.npz"), command.folder(f"references/{name}")
        library = harness.compile_model(without_loss(name), f"explain/references/{name}", ["--cpu", "native", *GRADIENTS]).path
        x, y, gradient = data["x_0"], data["y_0"], data["igrad/x"]
        right = data["pred_0"].argmax(1) == y  # an attack moves these, one towards y the others
        for labels, words, sign, moved in ((y, [], 1, right), ((y - 1) % 10, ["--targeted"], -1, ~right)):
            np.savez(folder / "data.npz", x=x, target=labels)
            document("attack", library, "--data", folder / "data.npz", "--method", "fgsm", "--epsilon", 0.5, "--out", folder / "out.npz", *words)
            made, clear = np.load(folder / "out.npz")["x"], np.abs(gradient) > 1e-5 * np.abs(gradient).max()
            expected = x + 0.5 * sign * np.sign(gradient) * moved.reshape(-1, *[1] * (x.ndim - 1))
            close(made[clear], expected[clear], f"{name} {words}", 1e-6)
            print(name, *words, moved.sum(), "of", len(y), "examples")


DIGITS = harness.ROOT / "docs" / "examples" / "digits"


def trained(library, name, *words):
    """The accuracy of the digits network after training, and that under attack."""
    folder = command.folder(f"adversarial/{name}")
    data = ["--data", DIGITS / "train-images-idx3-ubyte.gz", "--val", DIGITS / "t10k-images-idx3-ubyte.gz"]
    document("train", library, *data, "--epochs", 6, "--lr", 3e-3, "--checkpoints", folder, *words)
    code, _, errors = command.ingot("export", library, "--state", folder / "last.safetensors", "--model", DIGITS / "untrained.onnx", "-o", folder / "m.onnx")
    assert code == 0, errors
    plain = harness.compile_model(folder / "m.onnx", f"explain/adversarial/{name}.attacked", ["--cpu", "native", *GRADIENTS]).path
    made = document("attack", plain, "--data", DIGITS / "t10k-images-idx3-ubyte.gz", "--epsilon", 2, "--clip", "0,16")
    return made["clean_accuracy"], made["results"][0]["robust_accuracy"]


def tensors(path):
    """The bytes of a safetensors file behind its header, which tells the time that training took."""
    data = path.read_bytes()
    return data[8 + int.from_bytes(data[:8], "little") :]


def training():
    """`ingot train --adversarial` makes a network that withstands, and has the same weights for any number of threads."""
    options = ["--cpu", "native", "--train", "--optimizer", "adam"]
    library = harness.compile_model(DIGITS / "untrained.onnx", "explain/adversarial", [*options, "--grad-inputs"]).path
    adversarial = ["--adversarial", "pgd:epsilon=2,steps=4,least=0,greatest=16"]
    before, after = trained(library, "plain"), trained(library, "firm", *adversarial)
    print("accuracy, robust accuracy:", before, "then", after)
    assert after[1] > before[1] + 0.15 and after[0] > 0.93, (before, after)
    trained(library, "again", *adversarial, "--threads", 1)
    first, second = (command.folder(f"adversarial/{name}") / "last.safetensors" for name in ("firm", "again"))
    assert tensors(first) == tensors(second)
    words = ["train", library, "--data", DIGITS / "t10k-images-idx3-ubyte.gz", "--adversarial"]
    mistake(2, "there are fgsm, pgd and pgd-l2", *words, "cw:epsilon=1")
    mistake(2, 'fgsm has no "steps"', *words, "fgsm:epsilon=1,steps=3")
    mistake(2, "needs a positive epsilon", *words, "pgd:steps=3")
    mistake(2, "expected a number like 0.5 or 1/255", *words, "pgd:epsilon=big")
    other = harness.compile_model(DIGITS / "untrained.onnx", "explain/adversarial_without", options).path
    mistake(1, "make it with ingotc --train --grad-inputs", words[0], other, *words[2:], "pgd:epsilon=1")


def mistakes():
    network, library, data, _ = setting("mistakes")
    words = ["attack", library, "--data", data, "--epsilon", 0.1]
    plain = compiled(network, "attack_plain")
    mistake(1, 'tells no gradient by "x"; make it with ingotc --grad-inputs --cotangent', "attack", plain, *words[2:])
    other = files("mistakes_other", x=network.x, y=network.y, target=network.y + 1)
    mistake(1, 'row 0 of "target" is class', "attack", library, "--data", files("m", x=network.x, target=network.y + 2), "--epsilon", 1)
    document("attack", library, "--data", other, "--labels", "y", "--epsilon", 0)
    mistake(1, 'there is no array "z" of classes', "attack", library, "--data", other, "--labels", "z", "--epsilon", 1)
    mistake(1, 'the rows of "x" are [5], but "x" takes [6]', "attack", library, "--data", files("n", x=network.x[:, :5], target=network.y), "--epsilon", 1)
    mistake(2, "expected a number like 0.5 or 1/255", *words[:-1], "big")
    mistake(2, "expected a distance", *words[:-2], "--epsilon=-1")
    mistake(2, "--epsilon is required", *words[:-2])
    mistake(2, "expected the least and the greatest number", *words, "--clip", "1,0")
    mistake(2, "expected the least and the greatest number", *words, "--clip", "1")
    mistake(1, "the network knows the classes 0 to 1", *words, "--to", 2)
    mistake(1, "there is no example 40: there are 40", *words, "--rows", "38-40")
    mistake(2, "the attacked input is no image", *words, "--grid", command.folder("mistakes") / "grid.png")
    mistake(1, "cannot be written", *words, "--out", data / "out.npz")
    tokens = compiled(Tokens(), "attack_tokens")
    mistake(1, "the model has no input of real numbers", "attack", tokens, "--data", files("t", ids=np.zeros((1, 6), int), target=[0]), "--epsilon", 1)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    print("as expected")
