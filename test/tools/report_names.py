"""A model whose node carries markup for a name: report_names.py out.onnx"""

import sys

import onnx
from onnx import TensorProto, helper

name = "</script><img src=x onerror=alert(1)>"
ports = [helper.make_tensor_value_info(port, TensorProto.FLOAT, [4]) for port in ("x", "y")]
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"], name=name)], name, ports[:1], ports[1:])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), sys.argv[1])
