"""A model with its last layer's weights drawn anew: python new_head.py trained.onnx LAYER CLASSES new.onnx"""

import sys

import numpy as np
import onnx
from onnx import numpy_helper


def main(source, layer, classes, destination):
    model, random = onnx.load(source), np.random.default_rng(1)
    for tensor in model.graph.initializer:
        if tensor.name.startswith(layer + "."):
            shape = [*tensor.dims[:-1], int(classes)]
            values = random.uniform(-0.1, 0.1, shape).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[-1].dim_value = int(classes)
    del model.graph.value_info[:]
    onnx.save(onnx.shape_inference.infer_shapes(model, strict_mode=True), destination)


if __name__ == "__main__":
    main(*sys.argv[1:])
