"""Networks in float16 and bfloat16 against the same networks in float32 with the same rounded weights.

    half.py float16|bfloat16 [CPU]

What is computed is float32, so a result is off by its own rounding and no more: half a step of the format, whatever the
number of layers; with what float32 itself costs. Rows behind those of a cache are rounded as they are stored.
"""

import sys

import ml_dtypes
import numpy as np
import onnx
from onnx import numpy_helper

import harness

# T stands for the element type; what is declared behind the outputs are weights.
NETWORKS = {
    "convolutions": """
      <ir_version: 8, opset_import: ["" : 17]>
      network (T[N,3,18,17] x) => (T[N,10] y, T[N,16,9,8] pooled) <T[16,3,3,3] w0, T[16] w1, T[16,16,3,3] w2, T[16] w3, T[10,16] w4, T[10] w5> {
        a = Conv<pads = [1, 1, 1, 1]>(x, w0, w1)
        b = Relu(a)
        c = Conv<pads = [1, 1, 1, 1]>(b, w2, w3)
        d = Add(c, b)
        e = Sigmoid(d)
        f = Mul(d, e)
        pooled = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(f)
        g = GlobalAveragePool(pooled)
        h = Flatten(g)
        i = Gemm<transB = 1>(h, w4, w5)
        y = Softmax(i)
      }""",
    "transformer": """
      <ir_version: 8, opset_import: ["" : 17]>
      network (int64[N,S] ids, T[N,1,1,S] mask) => (T[N,S,64] y) <T[100,64] wt, T[64] wg, T[64] wb, T[64,64] wq, T[64,64] wk, T[64,64] wv, T[64,256] wu, T[256] wc, T[256,64] wd,
           T[] scale, T[] root, T[] one, T[] half> {
        h = Gather(wt, ids)
        n = LayerNormalization<epsilon = 1e-5>(h, wg, wb)
        q = MatMul(n, wq)
        k = MatMul(n, wk)
        v = MatMul(n, wv)
        heads = Constant<value_ints = [0, 0, 4, 16]>()
        q4 = Reshape(q, heads)
        k4 = Reshape(k, heads)
        v4 = Reshape(v, heads)
        qt = Transpose<perm = [0, 2, 1, 3]>(q4)
        kt = Transpose<perm = [0, 2, 3, 1]>(k4)
        vt = Transpose<perm = [0, 2, 1, 3]>(v4)
        s = MatMul(qt, kt)
        t = Mul(s, scale)
        m = Add(t, mask)
        p = Softmax(m)
        o = MatMul(p, vt)
        ot = Transpose<perm = [0, 2, 1, 3]>(o)
        flat = Constant<value_ints = [0, 0, 64]>()
        of = Reshape(ot, flat)
        r = Add(of, h)
        u = MatMul(r, wu)
        ub = Add(u, wc)
        ud = Div(ub, root)
        erf = Erf(ud)
        e1 = Add(erf, one)
        ge = Mul(ub, e1)
        gelu = Mul(ge, half)
        d = MatMul(gelu, wd)
        y = Add(d, r)
      }""",
    "recurrent": """
      <ir_version: 8, opset_import: ["" : 17]>
      network (T[7,N,20] x) => (T[7,2,N,24] y, T[2,N,24] last) <T[2,96,20] wx, T[2,96,24] wh, T[2,192] wb> {
        y, last, cell = LSTM<hidden_size = 24, direction = "bidirectional">(x, wx, wh, wb)
      }""",
}  # fmt: skip
DECODER = """
      <ir_version: 8, opset_import: ["" : 17]>
      network (T[N,COUNT,64] x, T[N,4,P,16] past_k, T[N,4,P,16] past_v) => (T[N,COUNT,64] y, T[N,4,Q,16] k, T[N,4,Q,16] v) <T[64,64] wq, T[64,64] wk, T[64,64] wv, T[64,64] wo, T[] scale> {
        q1 = MatMul(x, wq)
        k1 = MatMul(x, wk)
        v1 = MatMul(x, wv)
        heads = Constant<value_ints = [0, 0, 4, 16]>()
        q4 = Reshape(q1, heads)
        k4 = Reshape(k1, heads)
        v4 = Reshape(v1, heads)
        q = Transpose<perm = [0, 2, 1, 3]>(q4)
        kn = Transpose<perm = [0, 2, 1, 3]>(k4)
        vn = Transpose<perm = [0, 2, 1, 3]>(v4)
        k = Concat<axis = 2>(past_k, kn)
        v = Concat<axis = 2>(past_v, vn)
        kt = Transpose<perm = [0, 1, 3, 2]>(k)
        s = MatMul(q, kt)
        t = Mul(s, scale)
        p = Softmax(t)
        o = MatMul(p, v)
        ot = Transpose<perm = [0, 2, 1, 3]>(o)
        flat = Constant<value_ints = [0, 0, 64]>()
        of = Reshape(ot, flat)
        y = MatMul(of, wo)
      }"""  # fmt: skip
NETWORKS["decoder"] = DECODER.replace("COUNT", "S")
NETWORKS["decoder_step"] = DECODER.replace("COUNT", "1")
# What the rounding of cached rows costs what is computed from them, in half steps of its largest element.
CACHE_COST = 1.0
SCALARS = {"scale": 0.25, "root": 1.4142, "one": 1, "half": 0.5}
FORMATS = {"float": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}
HALF_STEP = {"float16": 2.0**-11, "bfloat16": 2.0**-8}
SIZES = {"N": 3, "S": 11, "P": 37}


def build(text, element):
    """The network with this element type, and its weights, the same numbers for every type."""
    random = np.random.default_rng(5)
    model = onnx.parser.parse_model(text.replace("T[", f"{element}["))
    for value in model.graph.value_info:
        shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        weights = np.array(SCALARS.get(value.name, 0.0)) if not shape else random.normal(0, shape[-1] ** -0.5, shape)
        weights = weights.astype(ml_dtypes.bfloat16).astype(np.float16)  # all three formats have these numbers
        model.graph.initializer.append(numpy_helper.from_array(weights.astype(FORMATS[element]), value.name))
    del model.graph.value_info[:]
    return model


def feed_of(model, element):
    random = np.random.default_rng(6)
    feed = {}
    for value in model.graph.input:
        kind = value.type.tensor_type
        shape = [SIZES[dim.dim_param] if dim.dim_param else dim.dim_value for dim in kind.shape.dim]
        if kind.elem_type == onnx.TensorProto.INT64:
            feed[value.name] = random.integers(-100, 100, shape)
        else:
            feed[value.name] = random.normal(0, 1, shape).astype(FORMATS[element])
    return feed


def main(element, cpu="native"):
    errors = harness.Errors()
    for name, text in NETWORKS.items():
        model = build(text, element)
        feed = feed_of(model, element)
        [expected] = harness.reference(build(text, "float"), [{key: wide(value) for key, value in feed.items()}])
        library = harness.compile_model(model, f"half/{name}_{element}_{cpu}", ["--cpu", cpu])
        [actual] = harness.run_library(library, [feed])
        for key, value in expected.items():
            got = actual[key].view(FORMATS[element]).astype(np.float64)
            assert got.shape == value.shape
            limit = np.abs(value) * HALF_STEP[element] * 1.01 + 2e-5 * np.abs(value).max()
            if name.startswith("decoder"):
                limit += CACHE_COST * HALF_STEP[element] * np.abs(value).max()
            errors.add(f"{name}: {key}", float((np.abs(got - value) / limit).max()), 1)
    errors.finish(f"{len(NETWORKS)} networks in {element} for {cpu}")


def wide(value):
    return value if value.dtype.kind == "i" else value.astype(np.float32)


if __name__ == "__main__":
    harness.run(lambda: main(*sys.argv[1:]))
