"""What is measured: a model file, its inputs, and the sizes of its open dimensions."""

import dataclasses
import os
import pathlib
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLLECTION = pathlib.Path(os.environ.get("INGOT_SHARED", ROOT.parent / "shared")) / "models"

# Names of the collection beside the project, one or two of each family.
SPEED_SET = (
    "resnet50_o17", "vgg16_o13", "mobilenet_v2_o13", "efficientnet_b0_o17", "vit_b_16_o17", "bert_base_128_o17",
    "gpt2_small_dynshape_o17", "gpt2_kv_decode_o17", "lstm_senti_uni_o17", "gru_senti_uni_o17", "dcgan_g_o17",
    "ddpm_unet32_o17", "cnn_mnist_o13", "mlp_mnist_o13",
)  # fmt: skip

# Networks of test/models: small, but there everywhere.
BUILT_IN = (
    ("mlp", "mlp"), ("cnn", "lenet"), ("cnn", "vgg"), ("resnet", "resnet_basic"), ("mobilenet", "mobilenet"),
    ("efficientnet", "efficientnet"), ("vit", "vit"), ("bert", "bert"), ("dcgan", "dcgan_generator"), ("unet", "unet"),
)  # fmt: skip


class Unknown(Exception):
    """There is no such model; the text says where it was looked for."""


@dataclasses.dataclass
class Model:
    """`inputs` is an npz file whose keys are the model's inputs; `dims` gives each open dimension its size there."""

    name: str
    path: pathlib.Path
    inputs: pathlib.Path
    dims: dict

    @property
    def bytes(self):
        """The model file with its side files."""
        return sum(path.stat().st_size for path in self.path.parent.glob(self.path.name + "*"))


def default_names():
    """The speed set where the collection is, else the built-in networks."""
    return list(SPEED_SET) if (COLLECTION / "materialize.py").exists() else [name for _, name in BUILT_IN]


def find(name, folder):
    """The model called `name`: a file, one of the collection (made in `folder` when it is not there), a built-in one."""
    path = pathlib.Path(name)
    if path.suffix == ".onnx":
        if not path.exists():
            raise Unknown(f"{path}: no such file")
        called = path.resolve().parent.name if path.name == "model.onnx" else path.stem  # the folder tells more
        return describe(called, path, folder)
    if not (folder / name / "model.onnx").exists():
        built_in = dict(map(reversed, BUILT_IN))
        if (COLLECTION / "models" / f"{name}.json").exists():
            command = [sys.executable, str(COLLECTION / "materialize.py"), "--out", str(folder), name]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        elif name in built_in:
            build(built_in[name], name, folder)
        else:
            raise Unknown(f"{name}: neither a file, nor in {COLLECTION}, nor one of {', '.join(built_in)}")
    return describe(name, folder / name / "model.onnx", folder)


def build(family, name, folder):
    """Writes a network of test/models with the inputs of its first case."""
    import importlib

    import onnx

    sys.path[:0] = [str(ROOT / "test" / "models"), str(ROOT / "test")]
    networks = {one.name: one for one in importlib.import_module(f"networks.{family}").networks()}
    (folder / name).mkdir(parents=True, exist_ok=True)
    onnx.save(networks[name].model, folder / name / "model.onnx")
    np.savez(folder / name / "inputs.npz", **networks[name].cases[0])


def recorded_inputs(path):
    """inputs.npz beside the model, or in the first folder there that has one."""
    beside = path.with_name("inputs.npz")
    cases = sorted(path.parent.glob("*/inputs.npz"))
    return beside if beside.exists() else cases[0] if cases and path.name == "model.onnx" else None


def make_inputs(graph, file):
    """Ordinary values where none were recorded: normal floats, zeros for integers, which may be indices; open sizes 1."""
    import onnx

    random, arrays = np.random.default_rng(0), {}
    weights = {tensor.name for tensor in graph.initializer}
    for value in graph.input:
        if value.name in weights:
            continue
        shape = [dim.dim_value or 1 for dim in value.type.tensor_type.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        array = random.normal(0, 1, shape) if dtype.kind == "f" else np.ones(shape) * (dtype.kind == "b")
        arrays[value.name] = array.astype(dtype)
    np.savez(file, **arrays)


def describe(name, path, folder):
    import onnx

    graph = onnx.load(str(path), load_external_data=False).graph
    inputs = recorded_inputs(path)
    if inputs is None:
        folder.mkdir(parents=True, exist_ok=True)
        inputs = folder / f"{name}.inputs.npz"
        make_inputs(graph, inputs)
    dims = {}
    with np.load(inputs) as arrays:
        for value in graph.input:
            if value.name in arrays.files:
                for dim, size in zip(value.type.tensor_type.shape.dim, arrays[value.name].shape):
                    if dim.dim_param:
                        dims[dim.dim_param] = size
    return Model(name, path, inputs, dims)
