#!/usr/bin/env python3
"""Writes small models of one or a few operators for operators_test, with what onnxruntime gives.

    record_operators.py FOLDER

Each file holds, as initialisers that no node reads, `recorded.input` and `recorded.output`.
Needs onnx and onnxruntime.
"""
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROWS = 3
rng = np.random.default_rng(5)
CASES = {}


def weights(*shape, low=-1.0, high=1.0):
    return rng.uniform(low, high, shape).astype(np.float32)


def ints(*values):
    return np.array(values, dtype=np.int64)


def node(kind, inputs, outputs="y", **attributes):
    return helper.make_node(kind, inputs.split(), outputs.split(), **attributes)


def case(name, shape, nodes, constants=None, opset=17, batch="batch", low=-2.0, high=2.0):
    """`shape` of an example; x is read, y is written."""
    constants = {key: np.asarray(value) for key, value in (constants or {}).items()}
    x = rng.uniform(low, high, (ROWS, *shape)).astype(np.float32)
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *shape])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    initialisers = [numpy_helper.from_array(value, key) for key, value in constants.items()]
    graph = helper.make_graph(nodes, "g", inputs, outputs, initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    rows = [session.run(None, {"x": x[i:i + 1]})[0] for i in range(ROWS)] if batch == 1 else \
        session.run(None, {"x": x})[0]
    y = np.concatenate(rows) if batch == 1 else rows
    graph.initializer.extend([numpy_helper.from_array(x, "recorded.input"), numpy_helper.from_array(y, "recorded.output")])
    CASES[name] = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def flat(first, constants=None, name=None, shape=(2, 3, 4), **more):
    """One node, then all of an example in a row."""
    nodes = [first] if not isinstance(first, list) else first
    case(name, shape, [*nodes, node("Flatten", "z", "y")], constants, **more)


# Functions of single values.
for kind, attributes in {"Relu": {}, "LeakyRelu": {"alpha": 0.2}, "Elu": {"alpha": 1.3}, "Selu": {}, "Sigmoid": {}, "Tanh": {},
                         "HardSigmoid": {"alpha": 0.3, "beta": 0.4}, "HardSwish": {}, "Softplus": {}, "Softsign": {}, "Erf": {},
                         "Neg": {}, "Abs": {}, "Exp": {}}.items():
    flat(node(kind, "x", "z", **attributes), name=kind.lower(), low=-5, high=5)
for kind in ("Sqrt", "Log", "Reciprocal"):
    flat(node(kind, "x", "z"), name=kind.lower(), low=0.3, high=4)
flat(node("LeakyRelu", "x", "z", alpha=-0.4), name="leakyrelu_negative")
flat(node("Mish", "x", "z"), name="mish", opset=18)
flat(node("Gelu", "x", "z"), name="gelu", opset=20)
flat(node("Gelu", "x", "z", approximate="tanh"), name="gelu_tanh", opset=20)
flat(node("Clip", "x low high", "z"), {"low": np.float32(-0.7), "high": np.float32(0.9)}, name="clip")
flat(node("Clip", "x  ", "z", min=-0.5, max=1.0), name="clip_old", opset=10)
flat(node("PRelu", "x slope", "z"), {"slope": weights(2, 1, 1)}, name="prelu")
flat(node("PRelu", "x slope", "z"), {"slope": weights(1)}, name="prelu_one")

# Arithmetic, with constants on either side and of any shape, and of computed tensors.
for kind in ("Add", "Sub", "Mul", "Div"):
    flat(node(kind, "x c", "z"), {"c": weights(2, 1, 4, low=0.5, high=2)}, name=f"{kind.lower()}_constant")
    flat(node(kind, "c x", "z"), {"c": weights(3, 1, low=0.5, high=2)}, name=f"{kind.lower()}_from_constant", low=0.5)
    flat([node("Exp", "x", "e"), node("ReduceMean", "e", "m", axes=[2], keepdims=1), node(kind, "x m", "z")],
         name=f"{kind.lower()}_broadcast", opset=13)
    flat([node("Exp", "x", "e"), node(kind, "x e", "z")], name=f"{kind.lower()}_of_two")
flat(node("Pow", "x c", "z"), {"c": np.float32(2)}, name="pow_square")
flat(node("Pow", "x c", "z"), {"c": np.float32(1.7)}, name="pow", low=0.2)
flat(node("Pow", "c x", "z"), {"c": np.float32(1.7)}, name="pow_base")
flat([node("Neg", "x", "n"), node("Max", "x n", "z")], name="max_of_two")
flat(node("Min", "x c", "z"), {"c": weights(4)}, name="min_constant")
flat(node("Where", "c x d", "z"), {"c": rng.random((3, 4)) > 0.5, "d": np.float32(-3)}, name="where")
flat([node("Exp", "x", "e"), node("Where", "c x e", "z")], {"c": rng.random((2, 1, 4)) > 0.5}, name="where_of_two")

# Convolutions. Those with equal sides run on the engine's kernels.
CONVS = {
    "conv": ((4, 7, 7), (5, 4, 3, 3), {"pads": [1, 1, 1, 1]}),
    "conv_few_channels": ((3, 8, 8), (5, 3, 3, 3), {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    "conv_stride": ((4, 9, 9), (5, 4, 3, 3), {"strides": [2, 2]}),
    "conv_asymmetric": ((4, 7, 7), (5, 4, 3, 3), {"strides": [2, 2], "pads": [0, 0, 1, 1]}),
    "conv_lopsided": ((2, 6, 7), (3, 2, 3, 2), {"pads": [2, 0, 0, 1], "strides": [1, 2]}),
    "conv_dilated": ((4, 9, 9), (5, 4, 3, 3), {"dilations": [2, 2], "pads": [2, 2, 2, 2]}),
    "conv_groups": ((6, 6, 6), (4, 3, 3, 3), {"group": 2, "pads": [1, 1, 1, 1]}),
    "conv_depthwise": ((6, 7, 7), (6, 1, 3, 3), {"group": 6, "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    "conv_multiplier": ((4, 6, 6), (8, 1, 3, 3), {"group": 4}),
    "conv_rectangular": ((4, 6, 8), (5, 4, 1, 5), {"pads": [0, 2, 0, 2]}),
    "conv_same_upper": ((4, 7, 8), (5, 4, 3, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "conv_same_lower": ((4, 7, 8), (5, 4, 4, 4), {"auto_pad": "SAME_LOWER", "strides": [2, 3]}),
    "conv_valid": ((4, 7, 7), (5, 4, 3, 3), {"auto_pad": "VALID"}),
    "conv_line": ((4, 11), (5, 4, 3), {"pads": [1, 2], "strides": [2]}),
    "conv_five": ((4, 9, 9), (5, 4, 5, 5), {"pads": [2, 2, 2, 2], "strides": [2, 2]}),
}
for name, (shape, weight, attributes) in CONVS.items():
    constants = {"w": weights(*weight), "b": weights(weight[0])}
    flat(node("Conv", "x w b", "z", **attributes), constants, name=name, shape=shape)
    if name in ("conv", "conv_groups"):
        flat([node("Conv", "x w", "c", **attributes), node("Relu", "c", "z")], {"w": constants["w"]}, name=name + "_relu",
             shape=shape)
flat([node("Conv", "x w b", "c", pads=[1, 1, 1, 1]), node("LeakyRelu", "c", "r", alpha=0.3), node("Add", "c r", "z")],
     {"w": weights(5, 4, 3, 3), "b": weights(5)}, name="conv_read_twice", shape=(4, 6, 6))

# Constants after a layer are parameters.
flat([node("Conv", "x w", "c"), node("Mul", "c g", "m"), node("Add", "m h", "a"), node("Div", "a d", "s"),
      node("Sub", "s h", "z")], {"w": weights(5, 4, 3, 3), "g": weights(5, 1, 1), "h": weights(1, 5, 1, 4),
      "d": weights(5, 4, 4, low=0.5, high=2)}, name="scaled_features", shape=(4, 6, 6))
# Infinite at zero, where channels fill a block up.
flat([node("Conv", "x w", "c"), node("Abs", "c", "p"), node("Add", "p e", "q"), node("Log", "q", "l"), node("Conv", "l v", "z")],
     {"w": weights(5, 4, 3, 3), "e": np.float32(0.5), "v": weights(3, 5, 1, 1)}, name="log_between_convs", shape=(4, 6, 6))
flat([node("Conv", "x w", "c"), node("Sigmoid", "c", "p"), node("MaxPool", "p", "q", kernel_shape=[2, 2]), node("Log", "q", "l"),
      node("Conv", "l v", "z")],
     {"w": weights(5, 4, 3, 3), "v": weights(3, 5, 1, 1)}, name="log_of_blocks", shape=(4, 6, 6))

# Pooling.
POOLS = {"": {"kernel_shape": [2, 2], "strides": [2, 2]},
         "_overlapping": {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]},
         "_ceil": {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
         "_ceil_padded": {"kernel_shape": [3, 3], "strides": [3, 3], "pads": [1, 1, 1, 1], "ceil_mode": 1},
         "_lopsided": {"kernel_shape": [2, 3], "strides": [1, 2], "pads": [1, 0, 0, 2]},
         "_asymmetric": {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [0, 0, 1, 1]},
         "_same": {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}}
for name, attributes in POOLS.items():
    flat(node("MaxPool", "x", "z", **attributes), name="maxpool" + name, shape=(3, 8, 7))
    flat(node("AveragePool", "x", "z", **attributes), name="averagepool" + name, shape=(3, 8, 7))
    if "pads" in attributes:
        flat(node("AveragePool", "x", "z", count_include_pad=1, **attributes), name="averagepool_all" + name, shape=(3, 8, 7))
flat(node("MaxPool", "x", "z", kernel_shape=[2, 2], dilations=[2, 2]), name="maxpool_dilated", shape=(3, 8, 7))
flat(node("MaxPool", "x", "z", kernel_shape=[3], strides=[2]), name="maxpool_line", shape=(3, 9))
flat(node("GlobalAveragePool", "x", "z"), name="globalaveragepool", shape=(20, 5, 4))
flat(node("GlobalMaxPool", "x", "z"), name="globalmaxpool", shape=(20, 5, 4))

# Matrices.
case("gemm", (6,), [node("Gemm", "x w b", transB=1)], {"w": weights(5, 6), "b": weights(5)})
case("gemm_plain", (6,), [node("Gemm", "x w b", alpha=0.7, beta=1.6)], {"w": weights(6, 5), "b": weights(1, 5)})
case("gemm_no_bias", (6,), [node("Gemm", "x w")], {"w": weights(6, 5)})
case("gemm_relu", (6,), [node("Gemm", "x w b", "g", transB=1), node("Relu", "g")], {"w": weights(5, 6), "b": weights(5)})
case("gemm_after_image", (4, 5, 5), [node("Conv", "x k", "c"), node("Flatten", "c", "f"), node("Gemm", "f w b", transB=1)],
     {"k": weights(7, 4, 3, 3), "w": weights(5, 63), "b": weights(5)})
case("matmul_bias_relu", (6,), [node("MatMul", "x w", "m"), node("Add", "b m", "a"), node("Relu", "a")],
     {"w": weights(6, 5), "b": weights(5)})
flat(node("MatMul", "x w", "z"), {"w": weights(4, 5)}, name="matmul_lines")
flat(node("MatMul", "x w", "z"), {"w": weights(2, 4, 5)}, name="matmul_stack")
flat(node("MatMul", "w x", "z"), {"w": weights(5, 3)}, name="matmul_from_left")
flat([node("Transpose", "x", "t", perm=[0, 1, 3, 2]), node("MatMul", "x t", "z")], name="matmul_of_two")
case("matmul_from_left_fixed", (6, 1), [node("MatMul", "w x", "m"), node("Add", "m b", "a"), node("Relu", "a", "r"),
                                      node("MatMul", "v r", "o"), node("Reshape", "o s")],
     {"w": weights(8, 6), "b": weights(8, 1), "v": weights(4, 8), "s": ints(1, 4)}, batch=1)

# Shapes.
flat(node("Transpose", "x", "z", perm=[0, 3, 1, 2]), name="transpose")
flat(node("Slice", "x s e a t", "z"), {"s": ints(2, -1), "e": ints(0, -100), "a": ints(2, 3), "t": ints(-1, -2)}, name="slice")
flat(node("Slice", "x", "z", starts=[1], ends=[100], axes=[3]), name="slice_old", opset=9)
flat([node("Split", "x s", "a b", axis=3), node("Mul", "a b", "z")], {"s": ints(2, 2)}, name="split")
flat([node("Split", "x", "a b", axis=1), node("Sub", "b a", "z")], name="split_even", opset=13)
flat(node("Gather", "x i", "z", axis=2), {"i": np.array([[2, 0], [-1, 1]], dtype=np.int64)}, name="gather")
flat(node("Expand", "x s", "z"), {"s": ints(1, 2, 5, 4)}, name="expand", shape=(2, 1, 4))
flat(node("Tile", "x s", "z"), {"s": ints(1, 2, 1, 3)}, name="tile")
for mode in ("constant", "reflect", "edge"):
    flat(node("Pad", "x p", "z", mode=mode), {"p": ints(0, 0, 1, 2, 0, 0, 2, 0)}, name="pad_" + mode)
flat(node("Pad", "x p v", "z"), {"p": ints(0, 0, 1, -1, 0, 0, 0, 2), "v": np.float32(0.7)}, name="pad_value")
flat([node("Neg", "x", "n"), node("Concat", "x n", "z", axis=2)], name="concat")
flat([node("Unsqueeze", "x a", "u"), node("Exp", "u", "e"), node("Squeeze", "e a", "z")], {"a": ints(1, -1)}, name="unsqueeze")
flat([node("Shape", "x", "s"), node("Slice", "s a b", "t"), node("ReduceProd", "t", "p", axes=[0]),
      node("Slice", "s z0 a", "n"), node("Concat", "n p", "r", axis=0), node("Reshape", "x r", "e"), node("Exp", "e", "z")],
     {"a": ints(1), "b": ints(4), "z0": ints(0)}, name="reshape_by_shape")
# Examples along the second axis, and mixed with others along the first.
flat([node("Transpose", "x", "t", perm=[1, 0, 2]), node("Reshape", "t s", "r"), node("Transpose", "r", "u", perm=[1, 0, 2]),
      node("Exp", "u", "e"), node("Reshape", "e v", "w"), node("Transpose", "w", "z", perm=[0, 2, 1, 3])],
     {"s": ints(5, -1, 3), "v": ints(-1, 2, 5, 3)}, name="batch_inside", shape=(5, 6))
flat([node("Transpose", "x", "z", perm=[0, 3, 1, 2])], name="transpose_fixed_batch", batch=1)
flat([node("Reshape", "x s", "r"), node("Exp", "r", "z")], {"s": ints(1, 6, -1)}, name="reshape_fixed_batch", batch=1)
case("flatten_later", (2, 3), [node("Flatten", "x", "f", axis=2), node("Exp", "f", "e"), node("Reshape", "e s")], {"s": ints(-1, 6)})
case("range_where", (6,), [node("Range", "a b c", "i"), node("Gather", "x i", "y", axis=1)],
     {"a": np.int64(4), "b": np.int64(-1), "c": np.int64(-2)})

# Sums.
for kind in ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"):
    if kind == "ReduceSum":
        flat(node(kind, "x a", "z", keepdims=0), {"a": ints(1, 3)}, name=kind.lower())
    else:
        flat(node(kind, "x", "z", axes=[1, 3], keepdims=0), name=kind.lower())
flat(node("ReduceMean", "x", "z", axes=[-1, -2], keepdims=1), name="reducemean_image", shape=(20, 5, 4))
flat(node("ReduceMax", "x a", "z"), {"a": ints(-1)}, name="reducemax_new", opset=18)
flat(node("Softmax", "x", "z", axis=1), name="softmax_inner")
flat(node("Softmax", "x", "z", axis=-1), name="softmax_last")
flat(node("Softmax", "x", "z", axis=1), name="softmax_old", opset=11)
flat(node("LogSoftmax", "x", "z", axis=-1), name="logsoftmax")

# Normalisations.
channel = {"s": weights(4, low=0.5, high=1.5), "b": weights(4), "m": weights(4), "v": weights(4, low=0.3, high=2)}
flat(node("BatchNormalization", "x s b m v", "z"), channel, name="batchnorm", shape=(4, 5, 3))
flat([node("BatchNormalization", "x s b m v", "n"), node("Relu", "n", "z")], channel, name="batchnorm_relu", shape=(4, 5, 3))
flat(node("BatchNormalization", "x s b m v", "z", epsilon=0.1), channel, name="batchnorm_flat", shape=(4,))
flat(node("BatchNormalization", "x s b m v", "z"), channel, name="batchnorm_line", shape=(4, 6))
flat(node("InstanceNormalization", "x s b", "z"), {k: channel[k] for k in "sb"}, name="instancenorm", shape=(4, 5, 3))
flat(node("InstanceNormalization", "x s b", "z"), {k: channel[k] for k in "sb"}, name="instancenorm_line", shape=(4, 6))
flat(node("GroupNormalization", "x s b", "z", num_groups=2), {k: channel[k] for k in "sb"}, name="groupnorm",
     shape=(4, 5, 3), opset=21)
flat(node("LayerNormalization", "x s b", "z", axis=-2), {"s": weights(3, 4), "b": weights(3, 4)}, name="layernorm")
flat(node("LayerNormalization", "x s", "z", axis=-1), {"s": weights(4)}, name="layernorm_no_bias")
flat([node("Dropout", "x", "d"), node("Identity", "d", "z")], name="dropout")
flat([node("Constant", "", "c", value=numpy_helper.from_array(weights(4))), node("Cast", "c", "f", to=1),
      node("Mul", "x f", "z")], name="constant_cast")

# The model of the component's example, for images [8, 8] of the conformance tests.
case("example", (8, 8), [node("Unsqueeze", "x a", "u"), node("Conv", "u k j", "c"), node("Relu", "c", "r"),
                         node("Flatten", "r", "f"), node("Gemm", "f w b", transB=1)],
     {"a": ints(1), "k": weights(4, 1, 3, 3), "j": weights(4), "w": weights(10, 144, low=-0.2, high=0.2), "b": weights(10)})

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in CASES.items():
        onnx.save(model, (folder.parent if name == "example" else folder) / f"{name}.onnx")
    print(len(CASES), "models")
