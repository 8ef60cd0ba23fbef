"""Slopes of ONNX models by central differences in float64, from the onnx package's reference evaluator.

The evaluator shares no code with Ingot. A slope is taken twice, with the whole step and with half of it, and extrapolated
(Richardson): the error is of fourth order, so that a step can be large enough for rounding not to matter. Where the
slopes to the left and to the right differ there is a kink (a maximum of equals, |x| at 0) or a jump: no derivative.
"""

import functools
import math

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STEP = 1e-4
REAL = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE)
# Attributes that hold an element type.
TYPE_ATTRIBUTES = ("to", "dtype", "stash_type", "softmax_precision", "output_dtype")


class NoReference(Exception):
    """The reference evaluator does not compute this model in float64; the text says why."""


def is_real(value_info):
    return value_info.type.HasField("tensor_type") and value_info.type.tensor_type.elem_type in REAL


def widen_tensor(tensor):
    if tensor.data_type in REAL:
        wide = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name)
        tensor.CopyFrom(wide)


def widen_attribute(attribute, opset):
    """A real number in a node becomes float64; numbers that only control the operator stay."""
    if attribute.name in TYPE_ATTRIBUTES and attribute.i in REAL:
        attribute.i = TensorProto.DOUBLE
    if attribute.HasField("t"):
        widen_tensor(attribute.t)
    for graph in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
        widen_graph(graph, opset)


def widen_node(node, opset):
    if node.op_type == "Scatter":  # which the evaluator lacks
        node.op_type = "ScatterElements"
    widen_defaults(node, opset)
    for attribute in node.attribute:
        widen_attribute(attribute, opset)
        if node.op_type == "Constant" and attribute.name in ("value_float", "value_floats"):
            numbers = np.array(attribute.f if attribute.name == "value_float" else list(attribute.floats), np.float64)
            attribute.CopyFrom(helper.make_attribute("value", numpy_helper.from_array(numbers)))


def widen_defaults(node, opset):
    """Type attributes whose default is float32 are written out."""
    try:
        schema = onnx.defs.get_schema(node.op_type, opset, node.domain)
    except onnx.defs.SchemaError:
        return
    given = {attribute.name for attribute in node.attribute}
    for name in TYPE_ATTRIBUTES:
        if name in schema.attributes and name not in given and schema.attributes[name].default_value.i in REAL:
            node.attribute.append(helper.make_attribute(name, TensorProto.DOUBLE))


def widen_graph(graph, opset):
    for value in [*graph.input, *graph.output]:
        if is_real(value):
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    del graph.value_info[:]
    for tensor in graph.initializer:
        widen_tensor(tensor)
    for node in graph.node:
        widen_node(node, opset)


def in_float64(model):
    """A copy of the model with float64 in the place of every other real type."""
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    for entry in wide.opset_import:
        if entry.domain == "" and any(node.op_type == "Scatter" for node in model.graph.node):
            entry.version = max(entry.version, 11)
    opset = max([entry.version for entry in wide.opset_import if entry.domain == ""], default=1)
    widen_graph(wide.graph, opset)
    for function in wide.functions:
        for node in function.node:
            widen_node(node, opset)
    return wide


def mend_evaluator():
    """Replaces what the evaluator computes wrongly, inside function bodies too."""
    from onnx.reference.ops import op_erf, op_lp_normalization, op_resize

    def erf(self, x):  # the evaluator's rounds to float32 whatever its operand
        return (np.vectorize(math.erf, otypes=[np.float64])(x).astype(x.dtype),)

    def lp_normalization(self, x, axis=None, p=None):  # the evaluator's forgets |x|, which p = 1 needs
        norm = np.linalg.norm(x, ord=p or self.p, axis=axis or self.axis, keepdims=True)
        return (np.where(norm == 0, 0, x / norm).astype(x.dtype),)

    places = op_resize._compute_x_ori

    def aligned_places(mode, y, scale, input_width, output_width, output_width_int, roi):
        # ONNX's formula has the length of the result. The evaluator does not round it, so that the corners do not meet.
        return places(mode, y, scale, input_width, output_width_int if mode == "align_corners" else output_width, output_width_int, roi)

    if places.__name__ != aligned_places.__name__:
        op_resize._compute_x_ori = aligned_places
    op_erf.Erf._run = erf
    op_lp_normalization.LpNormalization._run = lp_normalization


class Function:
    """The sum of a model's real outputs, each times its cotangent, as a float64 function of its real inputs."""

    def __init__(self, model, feed, cotangents):
        """`feed`: the case's inputs by name; `cotangents`: float64 arrays by output name."""
        from onnx.reference import ReferenceEvaluator

        real = {value.name for value in model.graph.input if is_real(value)}
        self.feed = {name: array.astype(np.float64) if name in real else array for name, array in feed.items()}
        self.cotangents = cotangents
        mend_evaluator()
        try:
            self.evaluator = ReferenceEvaluator(in_float64(model))
        except Exception as error:  # noqa: BLE001: whatever it cannot do
            raise NoReference(f"{type(error).__name__}: {str(error).splitlines()[0]}"[:120]) from None

    @functools.cached_property
    def here(self):
        """The value at the case's own inputs."""
        return self()

    @functools.cached_property
    def outputs_here(self):
        """The real outputs by name at the case's own inputs."""
        return self.outputs()

    def __call__(self, **changes):
        outputs = self.outputs(**changes) if changes else self.outputs_here
        with np.errstate(all="ignore"):
            return float(sum(np.sum(np.where(by == 0, 0, outputs[name] * by)) for name, by in self.cotangents.items()))

    def is_rough(self, inputs, random):
        """Whether the function moves in steps: the evaluator computes some operators in float32, whatever their operands."""
        away = {name: self.feed[name] + random.normal(0, 1e-3, self.feed[name].shape) for name in inputs}
        tiny = {name: random.normal(0, 1e-7, array.shape) for name, array in away.items()}
        here = self(**away)

        def bend(times):
            ahead, behind = (self(**{name: away[name] + sign * times * tiny[name] for name in away}) for sign in (1, -1))
            return ahead - 2 * here + behind

        # A smooth function's is its curvature times the square of the way, next to nothing.
        short, long = bend(1), bend(2)
        return abs(short) > 1e-10 * max(1, abs(here)) and not 3 < long / short < 5

    def outputs(self, **changes):
        """The real outputs by name, with other inputs."""
        names = list(self.cotangents)
        try:
            with np.errstate(all="ignore"):
                values = self.evaluator.run(names, {**self.feed, **changes})
        except Exception as error:  # noqa: BLE001: whatever it cannot do
            raise NoReference(f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"[:120]) from None
        for name, value in zip(names, values):
            if np.asarray(value).dtype != np.float64:
                raise NoReference(f"the evaluator returns {np.asarray(value).dtype} for {name}")
        return dict(zip(names, values))


def slope(function, name, direction):
    """The derivative of `function` along `direction` of input `name`; None at a kink, a jump or an edge of its domain."""
    base = function.feed[name]

    def at(step):
        return function(**{name: base + step * direction})

    here, whole, half = function.here, (at(STEP), at(-STEP)), (at(STEP / 2), at(-STEP / 2))
    if not np.isfinite([here, *whole, *half]).all():
        return None
    coarse, fine = (whole[0] - whole[1]) / (2 * STEP), (half[0] - half[1]) / STEP
    # Left and right differ by the curvature times the step, which halves with the step: a kink's difference does not.
    curvature, same = (whole[0] - 2 * here + whole[1]) / STEP, (half[0] - 2 * here + half[1]) / (STEP / 2)
    allowed = 1e-3 * max(abs(fine), abs(coarse)) + 1e-10 * max(1, abs(here))
    if abs(2 * same - curvature) > allowed or abs(fine - coarse) > allowed:
        return None
    return (4 * fine - coarse) / 3


def directions(array, random, elements, mixed):
    """Unit tensors at every element of a small array, at random ones of a large one, which some random directions join."""
    if array.size <= elements + mixed:
        chosen, mixed = range(array.size), 0
    else:
        chosen = sorted(random.choice(array.size, elements, replace=False))
    for element in chosen:
        unit = np.zeros(array.size)
        unit[element] = 1
        yield unit.reshape(array.shape)
    for _ in range(mixed):
        direction = random.normal(0, 1, array.shape)
        yield direction / np.linalg.norm(direction)
