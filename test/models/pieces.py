"""Small graphs in which operators meet as they seldom do in whole networks: each is compared with onnxruntime, with its sizes
as constants and with an open one.

Usage: pieces.py [NAME ...]
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np
from onnx import parser

import harness

NUMBERS = ", ".join(f"{number % 13 - 6:.1f}" for number in range(64))

# Every graph takes x[N, 8, 8] and w[8, 8].
PIECES = {
    # What a kernel computes is read again through a view of it.
    "product and its transpose": "y = MatMul(x, w) t = Transpose<perm=[0, 2, 1]>(y) z = Add(y, t)",
    "softmax and its transpose": "y = Softmax<axis=-1>(x) t = Transpose<perm=[0, 2, 1]>(y) z = Mul(y, t)",
    "rows less the first one": """
        y = MatMul(x, w) zero = Constant<value_ints=[0]>() one = Constant<value_ints=[1]>()
        t = Slice(y, zero, one, one) z = Sub(y, t)""",
    "two branches, one turned": """
        y = MatMul(x, w) a = Relu(y) b = Sigmoid(y) t = Transpose<perm=[0, 2, 1]>(a) z = Add(t, b)""",
    "convolution and its mirror image": """
        one = Constant<value_ints=[1]>() two = Constant<value_ints=[2]>() i = Unsqueeze(x, one) f = Constant<value_ints=[1, 1, 8, 8]>()
        k = Reshape(w, f) y = Conv<pads=[3, 3, 4, 4]>(i, k) back = Constant<value_ints=[-1]>()
        end = Constant<value_ints=[-9]>() t = Slice(y, back, end, two, back) z = Add(y, t)""",
    # What is known when the model is compiled: weights turned around are packed before the first run, there too.
    "product of constants": f"""
        k = Constant<value = float[8, 8] {{{NUMBERS}}}>() t = Transpose<perm=[1, 0]>(k) c = MatMul(k, t) z = MatMul(x, c)""",
    # One element for each channel is made as large as another map, whose size is open.
    "map of one pixel": """
        zero = Constant<value_ints=[0]>() i = Unsqueeze(x, zero) t = Transpose<perm=[0, 2, 1, 3]>(i) m = GlobalAveragePool(t)
        size = Shape(t) y = Resize<mode = "linear", coordinate_transformation_mode = "align_corners">(m, , , size) z = Add(y, t)""",
    "map made larger by a half": """
        zero = Constant<value_ints=[0]>() i = Unsqueeze(x, zero) t = Transpose<perm=[0, 2, 1, 3]>(i)
        scales = Constant<value_floats=[1.0, 1.0, 1.5, 0.75]>() y = Resize<mode = "linear">(t, , scales)
        z = Resize<mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor">(y, , scales)""",
    # The last window along an open axis would start in the padding behind it.
    "windows of a pool": """
        y = MatMul(x, w) zero = Constant<value_ints=[0]>() i = Unsqueeze(y, zero) t = Transpose<perm=[0, 2, 1, 3]>(i)
        z = MaxPool<kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1>(t)""",
    "windows that stick out": """
        zero = Constant<value_ints=[0]>() i = Unsqueeze(x, zero) t = Transpose<perm=[0, 2, 1, 3]>(i)
        z = LpPool<kernel_shape=[2, 3], strides=[2, 2], ceil_mode=1>(t)""",
}


def model_of(text, size):
    graph = f"piece (float[{size}, 8, 8] x, float[8, 8] w) => (float[] z) {{ {text} }}"
    return parser.parse_model(f'<ir_version: 8, opset_import: ["": 18]> {graph}')


def check(name, text):
    random = np.random.default_rng(len(name))
    for size in (3, "N"):
        cases = [
            {"x": random.normal(size=(rows, 8, 8)).astype(np.float32), "w": random.normal(size=(8, 8)).astype(np.float32)}
            for rows in ((3,) if size == 3 else (1, 4))
        ]
        _, error = harness.check_model(f"pieces/{name.replace(' ', '_')}", model_of(text, size), cases, ["--cpu", "native"])
        print(f"{name}, {size}: {error:.1e}")


def main():
    for name in sys.argv[1:] or PIECES:
        try:
            check(name, PIECES[name])
        except harness.Failure as failure:
            raise harness.Failure(f"{name}: {failure}") from None


if __name__ == "__main__":
    harness.run(main)
