"""Networks and recipes for the tests of recipes."""

import numpy as np
import onnx
import onnx.utils
from onnx import TensorProto, helper, numpy_helper

import harness


def cut(path, inputs, outputs):
    """The part of a model between some tensors: `inputs` and `outputs` are {tensor: name in the part}."""
    model = onnx.load(path)
    known = {info.name for info in [*model.graph.input, *model.graph.output, *model.graph.value_info]}
    model.graph.value_info.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs if name not in known)
    part = onnx.utils.Extractor(model).extract_model(list(inputs), list(outputs))
    names = {**inputs, **outputs}
    for node in part.graph.node:
        for list_ in (node.input, node.output):
            list_[:] = [names.get(name, name) for name in list_]
    for port in [*part.graph.input, *part.graph.output]:
        port.name = names.get(port.name, port.name)
    return part


def mlp(sizes, seed=0, activation="Relu", names=("x", "y"), scale=0.3):
    """Dense layers with an activation between them, for any number of rows `batch`."""
    random = np.random.default_rng(seed)
    nodes, weights, value = [], [], names[0]
    for i, (rows, columns) in enumerate(zip(sizes, sizes[1:])):
        weights += [numpy_helper.from_array(random.normal(0, scale, (rows, columns)).astype(np.float32), f"{i}.weight"),
                    numpy_helper.from_array(random.normal(0, scale, columns).astype(np.float32), f"{i}.bias")]  # fmt: skip
        last = i == len(sizes) - 2
        nodes.append(helper.make_node("Gemm", [value, f"{i}.weight", f"{i}.bias"], [names[1] if last else f"h{i}"]))
        value = f"h{i}"
        if not last:
            nodes.append(helper.make_node(activation, [value], [f"a{i}"]))
            value = f"a{i}"
    info = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "mlp", [info(names[0], TensorProto.FLOAT, ["batch", sizes[0]])],
                              [info(names[1], TensorProto.FLOAT, ["batch", sizes[-1]])], weights)  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def compile_recipe(name, text, networks, options=()):
    """The library of a recipe whose networks are given as {file: model}."""
    folder = harness.WORK / "recipes" / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, model in networks.items():
        onnx.save(model, folder / file)
    (folder / "recipe.toml").write_text(text)
    return harness.compile_model(f"--recipe={folder / 'recipe.toml'}", f"recipes/{name}", ["--cpu", "native", *options])
