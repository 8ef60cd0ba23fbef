"""Which part of ONNX's own backend tests a case belongs to: one group for each operator family."""

OPERATORS = {
    "attention": "Attention FlexAttention LinearAttention RotaryEmbedding TensorScatter CausalConvWithState",
    "cast": "Cast CastLike BitCast",
    "control": "If Loop Scan Optional OptionalGetElement OptionalHasElement SequenceMap SequenceAt SequenceConstruct "
    "SequenceEmpty SequenceErase SequenceInsert SequenceLength SplitToSequence ConcatFromSequence Identity",
    "conv": "Conv ConvTranspose ConvInteger QLinearConv DeformConv Col2Im",
    "index": "Gather GatherElements GatherND Scatter ScatterElements ScatterND TopK NonZero Unique NonMaxSuppression "
    "OneHot Compress ArgMax ArgMin Where ReverseSequence EyeLike Trilu ArrayFeatureExtractor",
    "layout": "Reshape Transpose Squeeze Unsqueeze Flatten Expand Slice Concat Pad Split Tile Shape Size SpaceToDepth "
    "DepthToSpace CenterCropPad Constant ConstantOfShape Range",
    "logic": "And Or Xor Not Equal Greater GreaterOrEqual Less LessOrEqual BitShift BitwiseAnd BitwiseNot BitwiseOr "
    "BitwiseXor IsInf IsNaN",
    "loss": "SoftmaxCrossEntropyLoss NegativeLogLikelihoodLoss Adagrad Adam Momentum Gradient",
    "matmul": "MatMul Gemm MatMulInteger QLinearMatMul Einsum Det",
    "normalize": "BatchNormalization LayerNormalization GroupNormalization InstanceNormalization RMSNormalization LRN "
    "LpNormalization MeanVarianceNormalization",
    "pool": "MaxPool AveragePool LpPool GlobalMaxPool GlobalAveragePool MaxUnpool RoiAlign",
    "quantize": "QuantizeLinear DequantizeLinear DynamicQuantizeLinear",
    "recurrent": "RNN LSTM GRU",
    "reduce": "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum "
    "ReduceSumSquare CumSum CumProd",
    "resize": "Resize Upsample GridSample AffineGrid",
    "signal": "DFT STFT HannWindow HammingWindow BlackmanWindow MelWeightMatrix",
    "softmax": "Softmax LogSoftmax Hardmax",
    "text": "StringNormalizer StringConcat StringSplit RegexFullMatch TfIdfVectorizer LabelEncoder ImageDecoder "
    "TreeEnsemble Binarizer",
}

GROUP = {operator: group for group, names in OPERATORS.items() for operator in names.split()}

# Everything else is element by element; the graphs that PyTorch exported years ago are a group of their own.
ELSE, GRAPHS = "elementwise", "graphs"
GROUPS = sorted([*OPERATORS, ELSE, GRAPHS])


def group_of(case):
    """The group of an onnx.backend.test.case.TestCase, by the first operator that is no Constant or Cast around it."""
    if case.kind != "node":
        return GRAPHS
    operators = [node.op_type for node in case.model.graph.node]
    if "_expanded" in case.name:
        return "expanded"
    main = [name for name in operators if name not in ("Constant", "Identity")] or operators
    return GROUP.get(main[0], ELSE)


GROUPS = sorted([*GROUPS, "expanded"])
