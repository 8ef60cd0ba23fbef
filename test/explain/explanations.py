"""`ingot explain` against NumPy's formulas: explanations.py CASE"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np

import command
from command import close, compiled, document, mistake, values
from networks import Attention, Convolution, Dense, Tokens

GRADIENTS = ("--grad-inputs", "--cotangent")


def examples(name, **arrays):
    path = command.folder(name) / "in.npz"
    np.savez(path, **arrays)
    return path


def dense(batch="N"):
    network = Dense(batch)
    x = np.random.default_rng(1).normal(size=(3, 7)).astype(np.float32)
    return network, compiled(network, f"dense_{batch}", *GRADIENTS), x, examples(f"dense_{batch}", x=x)


def gradients():
    """Saliency and gradient times input, of the predicted class, of one that is named, for open and fixed batches."""
    for batch in ("N", 2):
        network, library, x, data = dense(batch)
        predicted = network.logits(x).argmax(1)
        for target in (None, 4):
            rows = predicted if target is None else np.full(3, target)
            expected = network.gradient(x, np.eye(5)[rows])
            options = [] if target is None else ["--target", target]
            made = document("explain", library, "--npz", data, "--method", "saliency", *options)
            product = document("explain", library, "--npz", data, "--method", "gradient-x-input", *options)
            for row in range(3):
                close(values(made, row), expected[row], f"saliency of row {row}")
                close(values(product, row), expected[row] * x[row], f"gradient-x-input of row {row}")
                assert made["examples"][row]["target"] == [rows[row]] and made["examples"][row]["predicted"] == predicted[row]
                close(made["examples"][row]["score"], network.logits(x)[row, rows[row]], "score")


def path():
    """Integrated gradients: the midpoint rule's sum exactly, and the completeness axiom to the rule's error."""
    network, library, x, data = dense()
    base = np.random.default_rng(2).normal(size=7).astype(np.float32)
    np.save(command.folder("path") / "base.npy", base)
    for words, baseline in ((["--baseline", 0.5], np.full(7, 0.5)), (["--baseline", command.folder("path") / "base.npy"], base)):
        for steps in (1, 5, 300):
            made = document("explain", library, "--npz", data, "--method", "integrated-gradients", "--target", 2, "--steps", steps, *words)
            shares = (np.arange(steps) + 0.5) / steps
            for row in range(3):
                points = baseline + shares[:, None] * (x[row] - baseline)
                mean = network.gradient(points, np.eye(5)[np.full(steps, 2)]).mean(0)
                close(values(made, row), mean * (x[row] - baseline), f"{steps} steps")
                entry, difference = made["examples"][row], network.logits(x[row])[2] - network.logits(baseline)[2]
                close(entry["score"] - entry["baseline_score"], difference, "scores")
                if steps == 300:
                    close(entry["sum"], difference, "completeness", 2e-3)


def noise():
    """SmoothGrad tends to the mean gradient; the seed decides it, the number of points at once does not."""
    network, library, x, data = dense()
    method = ["explain", library, "--npz", data, "--method", "smoothgrad", "--target", 1, "--rows", 0]
    made = values(document(*method, "--samples", 4000, "--noise", 0.1))
    points = x[0] + 0.1 * (x[0].max() - x[0].min()) * np.random.default_rng(0).normal(size=(20000, 7))
    close(made, network.gradient(points, np.eye(5)[np.full(20000, 1)]).mean(0), "4000 samples", 0.05)
    some = [values(document(*method, "--samples", 10, *words)) for words in ([], ["--batch", 3], ["--seed", 1])]
    close(some[1], some[0], "batches of 3")
    assert np.abs(some[2] - some[0]).max() > 1e-6
    close(values(document(*method, "--noise", 0)), network.gradient(x[:1], np.eye(5)[[1]])[0], "no noise")


def convolution():
    """Images that are oblong, of odd size, with channels first and last."""
    x = np.random.default_rng(7).uniform(0, 255, (2, 3, 9, 6)).astype(np.float32)
    for channels_last in (False, True):
        network = Convolution(channels_last)
        name = f"convolution_{channels_last}"
        library = compiled(network, name, "--grad-cam")
        given = x.transpose(0, 2, 3, 1) if channels_last else x
        data, out = examples(name, x=given), command.folder(name) / "out"
        made = document("explain", library, "--npz", data, "--target", 3, "--out", out)
        cams = document("explain", library, "--npz", data, "--target", 3, "--method", "grad-cam", "--out", out)
        stored = np.load(out / "attributions.npz")
        for row in range(2):
            gradient = network.gradient(x[row], 3)
            close(values(made, row), gradient.transpose(1, 2, 0) if channels_last else gradient, "saliency")
            assert cams["examples"][row]["layer"] == "relu"
            close(values(cams, row), network.cam(x[row], 3), "Grad-CAM")
            close(stored["attributions"][row], network.cam(x[row], 3), "stored Grad-CAM")
            assert command.png_size(out / f"row{row}.png") == (2 * 6 * 43 + 4, 9 * 43)
        assert stored["rows"].tolist() == [0, 1]


def layer():
    """Grad-CAM at a tensor that is named, before the activation, with its channels first or last."""
    network, x = Convolution(), np.random.default_rng(8).normal(size=(1, 3, 9, 6)).astype(np.float32)
    library, data = compiled(network, "layer", "--grad-cam=c", "--grad-at", "pooled"), examples("layer", x=x)
    made = document("explain", library, "--npz", data, "--target", 1, "--method", "grad-cam", "--at", "c")
    convolved = network.convolved(x[0])
    weights = (network.head[:, 1][:, None, None] / 54 * (convolved > 0)).mean((1, 2))
    close(values(made), np.maximum(0, np.einsum("f,fhw->hw", weights, convolved)), "Grad-CAM at c")
    inner = document("explain", library, "--npz", data, "--target", 1, "--at", "pooled")
    close(values(inner), network.head[:, 1], "saliency at pooled")
    mistake(1, '"pooled" has no places', "explain", library, "--npz", data, "--method", "grad-cam", "--at", "pooled")


def occluded(network, x, c, window, stride, baseline, axes):
    """The mean fall of the score over the windows that cover a place of the last two axes, or of the only one."""
    extents = [x.shape[axis] for axis in axes]
    starts = [sorted({*range(0, extent - size, step), extent - size}) for extent, size, step in zip(extents, window, stride)]
    total, covers = np.zeros(extents), np.zeros(extents)
    for corner in np.stack(np.meshgrid(*starts, indexing="ij"), -1).reshape(-1, len(axes)):
        place = tuple(slice(begin, begin + size) for begin, size in zip(corner, window))
        hidden = x.copy()
        hidden[(..., *place)] = baseline
        total[place] += network.logits(x)[c] - network.logits(hidden)[c]
        covers[place] += 1
    return total / covers


def occlusion():
    """Of features, of the pixels of images (by an inference library), of tokens (which are whole numbers)."""
    network, library, x, data = dense()
    made = document("explain", library, "--npz", data, "--method", "occlusion", "--window", 3, "--stride", 2, "--baseline", -1, "--target", 0)
    close(values(made, 1), occluded(network, x[1], 0, [3], [2], -1, [0]), "features")
    network, x = Convolution(), np.random.default_rng(9).normal(size=(1, 3, 9, 6)).astype(np.float32)
    library, data = compiled(network, "occlusion"), examples("occlusion", x=x)
    for words, window, stride in ((["--window", "4,3"], [4, 3], [2, 1]), (["--window", "2", "--stride", "1"], [2, 2], [1, 1]), ([], [1, 1], [1, 1])):
        made = document("explain", library, "--npz", data, "--method", "occlusion", "--target", 2, *words)
        close(values(made), occluded(network, x[0], 2, window, stride, 0, [1, 2]), f"image {words}")
    network, ids = Tokens(), np.array([[3, 1, 4, 1, 5, 9]])
    library, data = compiled(network, "hidden_tokens"), examples("hidden_tokens", ids=ids)
    made = document("explain", library, "--npz", data, "--method", "occlusion", "--target", 2, "--baseline", 12)
    close(values(made), occluded(network, ids[0], 2, [1], [1], 12, [0]), "tokens")


def tokens():
    """Whole numbers have no gradient; their embeddings have."""
    network, ids = Tokens(), np.array([[3, 1, 4, 1, 5, 9], [2, 6, 5, 3, 5, 8]])
    library = compiled(network, "tokens", *GRADIENTS, "--grad-at", "embedded")
    data = examples("tokens", ids=ids)
    made = document("explain", library, "--npz", data, "--at", "embedded", "--target", 1)
    product = document("explain", library, "--npz", data, "--at", "embedded", "--target", 1, "--method", "gradient-x-input")
    for row in range(2):
        gradient = network.gradient(ids[row], 1)
        close(values(made, row), np.linalg.norm(gradient, axis=1), "lengths")
        close(values(product, row), (gradient * network.table[ids[row]]).sum(1), "products")
    mistake(1, 'input "ids" has whole numbers, which have no gradient', "explain", library, "--npz", data)
    mistake(2, "integrated-gradients does not explain inner tensors", "explain", library, "--npz", data, "--at", "embedded", "--method", "integrated-gradients")


def rollout():
    """Products of the layers' attention, which exporters take apart, or which is one operator."""
    x = np.random.default_rng(10).normal(size=(2, 5, 6)).astype(np.float32)
    data = examples("rollout", x=x)
    for is_whole in (False, True):
        network = Attention(is_whole)
        library = compiled(network, f"rollout_{is_whole}", "--attention-outputs")
        for token in (0, 3):
            made = document("explain", library, "--npz", data, "--method", "attention-rollout", "--token", token)
            for row in range(2):
                flow = np.eye(5)
                for weights in network.layers(x[row]):
                    flow = (0.5 * weights.mean(0) + 0.5 * np.eye(5)) @ flow
                close(values(made, row), flow[token], f"token {token}")
    mistake(1, "there are 5 tokens: 0 to 4", "explain", library, "--npz", data, "--method", "attention-rollout", "--token", 5)


def elements():
    """Of an output with several axes: an element, or a sum along the axes that are left."""
    network, x = Attention(), np.random.default_rng(11).normal(size=(1, 5, 6)).astype(np.float32)
    library, data = compiled(network, "elements", *GRADIENTS), examples("elements", x=x)
    parts = [values(document("explain", library, "--npz", data, "--target", f"2,{c}")) for c in range(3)]
    close(values(document("explain", library, "--npz", data, "--target", 2)), sum(parts), "sum of the classes")
    mistake(2, 'the rows of "logits" are [5, 3]: say which of its elements is to be explained', "explain", library, "--npz", data)
    mistake(1, '"logits" has 3 elements there: 0 to 2', "explain", library, "--npz", data, "--target", "2,3")


def mistakes():
    network, library, x, data = dense()
    plain = compiled(network, "plain")
    summed = compiled(network, "summed", "--grad-inputs")
    mistake(1, 'tells no gradient by "x"; make it with ingotc --grad-inputs --cotangent', "explain", plain, "--npz", data)
    mistake(1, "make it with ingotc --grad-inputs --cotangent", "explain", summed, "--npz", data)
    mistake(1, "make it with ingotc --grad-cam", "explain", library, "--npz", data, "--method", "grad-cam")
    mistake(1, "make it with ingotc --grad-cam=h", "explain", library, "--npz", data, "--method", "grad-cam", "--at", "h")
    mistake(1, 'tells no gradient by "h"; make it with ingotc --grad-inputs --cotangent --grad-at h', "explain", library, "--npz", data, "--at", "h")
    mistake(1, "make it with ingotc --attention-outputs", "explain", library, "--npz", data, "--method", "attention-rollout")
    mistake(1, '"logits" has 5 elements there: 0 to 4', "explain", library, "--npz", data, "--target", 5)
    mistake(1, 'the rows of "logits" have 1 axes', "explain", library, "--npz", data, "--target", "1,0")
    mistake(2, "expected numbers and ranges", "explain", library, "--npz", data, "--target", "cat")
    mistake(1, "there is no example 3: there are 3", "explain", library, "--npz", data, "--rows", "1-3")
    mistake(1, 'the rows of "x" are [8], but "x" takes [7]', "explain", library, "--npz", examples("mistakes", x=np.zeros((1, 8), np.float32)))
    mistake(1, 'there is no array "x"', "explain", library, "--npz", examples("mistakes", y=x, z=x))
    mistake(1, 'the model has no input "y"', "explain", library, "--input", "y=a.npy")
    mistake(1, "no such file", "explain", library, "--input", "a.png")
    mistake(2, "there are no examples", "explain", library)
    mistake(1, "base.npy", "explain", library, "--npz", data, "--method", "occlusion", "--baseline", "base.npy")
    mistake(1, "the folder cannot be made", "explain", library, "--npz", data, "--out", data / "inside")
    mistake(2, "--method", "explain", library, "--npz", data, "--method", "guess")


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    print("as expected")
