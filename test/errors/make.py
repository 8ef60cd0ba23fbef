"""Writes the bad models of this folder's tests: make.py MISTAKE OUTPUT.onnx"""

import pathlib
import sys

import numpy as np
from onnx import AttributeProto, TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def value(name, *shape, element=FLOAT):
    return helper.make_tensor_value_info(name, element, shape)


def model(nodes, inputs, outputs, initializers=(), opset=17):
    graph = helper.make_graph(nodes, "mistaken", inputs, outputs, list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def node(operator, inputs, outputs, name=None, **attributes):
    return helper.make_node(operator, inputs.split(), outputs.split(), name=name, **attributes)


def good():
    weight = numpy_helper.from_array(np.ones((4, 3), np.float32), "w")
    return model([node("MatMul", "x w", "y", "layer/MatMul")], [value("x", 2, 4)], [value("y", 2, 3)], [weight])


def good_with_free_batch():
    weight = numpy_helper.from_array(np.ones((4, 3), np.float32), "w")
    return model([node("MatMul", "x w", "y", "layer/MatMul")], [value("x", "N", 4)], [value("y", "N", 3)], [weight])


def slice_by_another_input():
    """The first rows of x, as many as "rows" has: there must not be more of them than of x."""
    zero = numpy_helper.from_array(np.zeros(1, np.int64), "zero")
    nodes = [node("Shape", "rows", "count"), node("Slice", "x zero count", "y", "head")]
    return model(nodes, [value("x", "N", 4), value("rows", "M")], [value("y", "M", 4)], [zero])


def input_named_lr():
    weight = numpy_helper.from_array(np.ones((4, 3), np.float32), "w")
    return model([node("MatMul", "lr w", "y", "layer/MatMul")], [value("lr", 2, 4)], [value("y", 2, 3)], [weight])


def only_whole_numbers():
    weight = numpy_helper.from_array(np.ones((4, 3), np.float32), "w")
    nodes = [node("MatMul", "x w", "h", "layer/MatMul"), node("ArgMax", "h", "i", "layer/ArgMax", axis=1), node("Cast", "i", "y", to=FLOAT)]
    return model(nodes, [value("x", 2, 4)], [value("y", 2, 1)], [weight])


def unknown_operators():
    nodes = [node("Frobnicate", "x", "a", "first/odd"), node("Relu", "a", "b"), node("Twiddle", "b", "y", "second/odd")]
    return model(nodes, [value("x", 2)], [value("y", 2)])


def unknown_domain():
    return model([node("FancyGelu", "x", "y", "fancy", domain="com.example")], [value("x", 2)], [value("y", 2)])


def shapes_differ():
    nodes = [node("MatMul", "x w", "y", "encoder/attn/MatMul")]
    return model(nodes, [value("x", 4, 8), value("w", 7, 3)], [value("y", 4, 3)])


def attribute_type():
    bad = model([node("Softmax", "x", "y", "probabilities")], [value("x", 2, 3)], [value("y", 2, 3)])
    bad.graph.node[0].attribute.append(helper.make_attribute("axis", "last"))
    return bad


def attribute_unknown_type():
    bad = attribute_type()
    bad.graph.node[0].attribute[0].type = AttributeProto.UNDEFINED
    return bad


def axis_out_of_range():
    return model([node("Softmax", "x", "y", "probabilities", axis=5)], [value("x", 2, 3)], [value("y", 2, 3)])


def cycle():
    nodes = [node("Add", "x b", "a", "first"), node("Relu", "a", "b", "second"), node("Relu", "b", "y")]
    return model(nodes, [value("x", 2)], [value("y", 2)])


def undefined_value():
    return model([node("Relu", "nowhere", "y", "lonely")], [value("x", 2)], [value("y", 2)])


def defined_twice():
    nodes = [node("Relu", "x", "y", "one"), node("Neg", "x", "y", "two")]
    return model(nodes, [value("x", 2)], [value("y", 2)])


def undefined_output():
    return model([node("Relu", "x", "a")], [value("x", 2)], [value("y", 2)])


def enormous_tensor():
    """Declares 2^60 elements and brings eight bytes."""
    tensor = TensorProto(name="w", data_type=FLOAT, dims=[2**30, 2**30], raw_data=b"12345678")
    return model([node("Add", "x w", "y", "sum")], [value("x", 1)], [value("y", 2**30, 2**30)], [tensor])


def enormous_result():
    """Small operands whose product has 2^60 elements."""
    nodes = [node("Expand", "x shape", "y", "expand")]
    shape = numpy_helper.from_array(np.array([2**30, 2**30]), "shape")
    return model(nodes, [value("x", 1)], [value("y", 2**30, 2**30)], [shape])


def short_tensor():
    tensor = TensorProto(name="w", data_type=FLOAT, dims=[4, 3], raw_data=b"1234")
    return model([node("MatMul", "x w", "y", "layer")], [value("x", 2, 4)], [value("y", 2, 3)], [tensor])


def negative_dimension():
    tensor = TensorProto(name="w", data_type=FLOAT, dims=[-4, 3], raw_data=b"")
    return model([node("MatMul", "x w", "y", "layer")], [value("x", 2, 4)], [value("y", 2, 3)], [tensor])


def unknown_size():
    return model([node("Relu", "x", "y", "layer")], [value("x", -1, 4)], [value("y", -1, 4)])


def negative_size():
    return model([node("Relu", "x", "y", "layer")], [value("x", -2, 4)], [value("y", -2, 4)])


def external(location, offset=None, length=None):
    bad = good()
    tensor = bad.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, content in (("location", location), ("offset", offset), ("length", length)):
        if content is not None:
            tensor.external_data.add(key=key, value=str(content))
    return bad


def external_missing():
    return external("weights.bin")


def external_escapes():
    return external("../../../etc/hostname")


def external_absolute():
    return external("/etc/hostname")


def external_link():
    return external("link.bin")


def external_beyond_end():
    return external("short.bin", offset=16, length=48)


def external_huge_offset():
    return external("short.bin", offset=2**63 - 8, length=48)


def wrong_element_type():
    nodes = [node("StringNormalizer", "x", "y", "words")]
    return model(nodes, [value("x", 2, element=TensorProto.STRING)], [value("y", 2, element=TensorProto.STRING)])


def too_few_operands():
    return model([node("MatMul", "x", "y", "half")], [value("x", 2, 2)], [value("y", 2, 2)])


def newer_opset():
    return model([node("Relu", "x", "y")], [value("x", 2)], [value("y", 2)], opset=999)


def empty():
    return model([], [], [])


def main(mistake, path):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if mistake == "truncated":
        path.write_bytes(good().SerializeToString()[:-20])
    elif mistake == "not_a_model":
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    elif mistake == "empty_file":
        path.write_bytes(b"")
    else:
        path.write_bytes(globals()[mistake]().SerializeToString())
    (path.parent / "short.bin").write_bytes(bytes(32))


if __name__ == "__main__":
    main(*sys.argv[1:])
