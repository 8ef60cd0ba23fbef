"""Moves a model's weights into a file beside it: external_weights.py IN.onnx OUT.onnx"""

import sys

import onnx

onnx.save(onnx.load(sys.argv[1]), sys.argv[2], save_as_external_data=True, location="weights.bin", size_threshold=0)
