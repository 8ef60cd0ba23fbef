"""Numeric tests of single operators: a table of rows, one compiled model for the whole table, compared with onnxruntime.

    check([Row("MatMul", normal(3, 4), normal(4, 5)), Row("Softmax", normal(2, 7), axis=1)])

Every table is compiled twice: with the shapes as they are, and with the first axis of each row's free inputs symbolic.
When a table fails, its rows are compiled one by one to name the guilty.
"""

import dataclasses
import os
import sys

import numpy as np
from onnx import helper, numpy_helper
import onnx

import harness

_random = np.random.default_rng(0)


def normal(*shape, dtype=np.float32):
    return _random.normal(0, 1, shape).astype(dtype)


def uniform(low, high, *shape, dtype=np.float32):
    return _random.uniform(low, high, shape).astype(dtype)


def integers(low, high, *shape, dtype=np.int64):
    return _random.integers(low, high, shape).astype(dtype)


class Constant:
    """An operand that is an initializer of the model instead of an input."""

    def __init__(self, value, dtype=None):
        self.value = np.asarray(value, dtype)


class Row:
    """One operator on its operands: arrays are inputs, Constants are initializers, None is an omitted operand.

    `free` tells which operands' axes become symbolic in the second model (by default none): an operand's number stands for
    its first axis, (operand, axis) for another. Equal axes of the operands of a row share one symbol.
    """

    def __init__(self, operator, *operands, results=1, free=(), note="", **attributes):
        self.operator, self.operands, self.attributes = operator, operands, attributes
        self.results, self.free, self.note = results, free, note

    def describe(self):
        shapes = [getattr(getattr(o, "value", o), "shape", None) for o in self.operands]
        return f"{self.operator}{shapes} {self.attributes} {self.note}"

    def add_to(self, table, number, symbolic):
        """Puts the row's node into the model under construction."""
        names = []
        for position, operand in enumerate(self.operands):
            name = "" if operand is None else f"r{number}.{position}"
            names.append(name)
            if isinstance(operand, Constant):
                table.initializers.append(numpy_helper.from_array(operand.value, name))
            elif operand is not None:
                array = np.asarray(operand)
                shape = list(array.shape)
                for operand_number, axis in (entry if isinstance(entry, tuple) else (entry, 0) for entry in self.free):
                    if symbolic and operand_number == position:
                        shape[axis] = f"n{number}.{axis}" if axis else f"n{number}"
                element = helper.np_dtype_to_tensor_dtype(array.dtype)
                table.inputs.append(helper.make_tensor_value_info(name, element, shape))
                table.feed[name] = array
        results = [f"y{number}.{i}" for i in range(self.results)]
        table.nodes.append(helper.make_node(self.operator, names, results, name=f"row{number}", **self.attributes))
        table.results += results


@dataclasses.dataclass
class Table:
    inputs: list = dataclasses.field(default_factory=list)
    nodes: list = dataclasses.field(default_factory=list)
    initializers: list = dataclasses.field(default_factory=list)
    results: list = dataclasses.field(default_factory=list)
    feed: dict = dataclasses.field(default_factory=dict)


def build(rows, opset, symbolic):
    """The model that holds all rows side by side, and its inputs."""
    table = Table()
    for number, row in enumerate(rows):
        row.add_to(table, number, symbolic)
    model = model_of(table, [helper.make_empty_tensor_value_info(name) for name in table.results], opset)
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    known = {value.name: value for value in inferred.graph.value_info}
    known.update({value.name: value for value in inferred.graph.output})
    return model_of(table, [known[name] for name in table.results], opset), table.feed


def model_of(table, outputs, opset):
    graph = helper.make_graph(table.nodes, "rows", table.inputs, outputs, table.initializers)
    ir_version = 10 if opset >= 21 else 8
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)


def check(rows, opset=17, rtol=1e-5, atol=1e-6):
    """Exits with an error that names the rows that differ."""
    name = "ops/" + os.path.basename(os.path.dirname(os.path.abspath(sys.argv[0]))) + f"_o{opset}"
    failures = []
    for symbolic in (False, True):
        chosen = [row for row in rows if row.free] if symbolic else rows
        if not chosen:
            continue
        try:
            check_together(chosen, f"{name}{'_free' * symbolic}", opset, symbolic, rtol, atol)
        except (harness.Failure, harness.Unsupported) as error:
            failures += guilty(chosen, name, opset, symbolic, rtol, atol) or [f"only together: {error}"]
    print("\n".join(failures) or f"{name}: {len(rows)} rows agree with onnxruntime")
    if failures:
        sys.exit(1)


def check_sizes(make, sizes, opset=17, rtol=1e-5, atol=1e-6):
    """The rows make(*size) as one model, whose free axes are symbolic, run with each of the sizes."""
    name = "ops/" + os.path.basename(os.path.dirname(os.path.abspath(sys.argv[0]))) + "_sizes"

    def check_rows(choose):
        tables = [build(choose(make(*size)), opset, symbolic=True) for size in sizes]
        harness.check_model(name, tables[0][0], [feed for _, feed in tables], ["--cpu", "native"], rtol, atol)

    try:
        check_rows(lambda rows: rows)
    except (harness.Failure, harness.Unsupported) as error:
        print(f"only together: {error}")
        for number, row in enumerate(make(*sizes[0])):
            try:
                check_rows(lambda rows: [rows[number]])
            except (harness.Failure, harness.Unsupported) as error:
                print(f"{row.describe()} (with open sizes): {error}")
        sys.exit(1)
    print(f"{name}: {len(make(*sizes[0]))} rows agree with onnxruntime for {len(sizes)} sizes")


def check_together(rows, name, opset, symbolic, rtol, atol):
    model, feed = build(rows, opset, symbolic)
    harness.check_model(name, model, [feed], ["--cpu", "native"], rtol, atol)


def guilty(rows, name, opset, symbolic, rtol, atol):
    failures = []
    for row in rows:
        try:
            check_together([row], name + "_single", opset, symbolic, rtol, atol)
        except (harness.Failure, harness.Unsupported) as error:
            failures.append(f"{row.describe()}{' (symbolic)' * symbolic}: {error}")
    return failures
