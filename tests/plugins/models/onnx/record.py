#!/usr/bin/env python3
"""Writes the fixtures of onnx_test: networks by both of PyTorch's exporters, with what onnxruntime and PyTorch compute.

    record.py FOLDER [NAME...]
    record.py --full FOLDER    networks of the usual sizes, 400 MB, to be looked at by
                               SPAR_ONNX_NETS=FOLDER onnx_test -tc='outputs*'

FOLDER/NAME holds old.onnx and new.onnx (`dynamo`), for some networks train.onnx with batch normalisation as it is, and
test_data_set_0: inputs and onnxruntime's outputs under ONNX's own names, a cotangent at the outputs, PyTorch's gradient of
their product at the inputs, and of each parameter that gradient's product with sin(1), sin(2), ...

Needs torch, onnx, onnxscript and onnxruntime.
"""
import pathlib
import sys
import warnings

import numpy
import onnx
import onnxruntime
import torch
from onnx import numpy_helper

import nets

ROWS = 5
TRAINED = {"resnet18", "mobilenet"}
ALIKE = "sequence"  # its layer normalisations keep equal parameters


def scattered(net, norms):
    """Other values than the initial ones, of which many are alike: the exporters store those once."""
    for module in net.modules():
        if norms or not isinstance(module, torch.nn.LayerNorm):
            for parameter in module.parameters(recurse=False):
                parameter.add_(0.05 * torch.randn(parameter.shape))
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.4, 1.6)
            torch.nn.init.uniform_(module.weight, 0.6, 1.4)
            torch.nn.init.uniform_(module.bias, -0.3, 0.3)
    return net


def run(file, x):
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def save(folder, name, array):
    folder.mkdir(parents=True, exist_ok=True)
    tensor = numpy_helper.from_array(numpy.ascontiguousarray(array, dtype=numpy.float32), name)
    (folder / f"{name}.pb").write_bytes(tensor.SerializeToString())


def record(folder, name, chosen=nets.NETS):
    build, shape = chosen[name]
    torch.manual_seed(sum(map(ord, name)))
    with torch.no_grad():
        net = scattered(build(), norms=name != ALIKE).eval()
    x = torch.rand(ROWS, *shape)
    here = folder / name
    here.mkdir(parents=True, exist_ok=True)
    example = (x[:2],)
    torch.onnx.export(net, example, here / "old.onnx", dynamo=False, opset_version=17,
                      dynamic_axes={"x": {0: "batch"}}, input_names=["x"])
    if name in TRAINED:
        torch.onnx.export(net, example, here / "train.onnx", dynamo=False, opset_version=17,
                          dynamic_axes={"x": {0: "batch"}}, input_names=["x"], do_constant_folding=False,
                          training=torch.onnx.TrainingMode.PRESERVE)
    program = torch.onnx.export(net, example, dynamo=True, dynamic_shapes=({0: torch.export.Dim("batch")},))
    program.save(here / "new.onnx", external_data=False)
    for file in here.glob("*.onnx"):  # names of source lines are most of a narrow network's file
        model = onnx.load(file)
        for node in model.graph.node:
            del node.metadata_props[:]
            node.doc_string = ""
        del model.graph.value_info[:]
        onnx.save(model, file)

    outputs = run(here / "old.onnx", x.numpy())
    at = x.clone().requires_grad_(True)
    y = net(at)
    assert numpy.abs(outputs - y.detach().numpy()).max() < 1e-4 * numpy.abs(outputs).max()
    cotangent = torch.randn(y.shape)
    (y * cotangent).sum().backward()
    data = here / "test_data_set_0"
    save(data, "input_0", x)
    save(data, "output_0", outputs)
    save(data, "cotangent", cotangent)
    save(data, "input_gradient", at.grad)
    lines = []
    for key, parameter in net.named_parameters():
        g = parameter.grad.double().flatten()
        lines.append(f"{key} {(g * torch.sin(torch.arange(1, g.numel() + 1, dtype=torch.double))).sum().item():.9g}\n")
    (data / "parameter_gradients.txt").write_text("".join(lines))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1] == "--full":
        for each in nets.FULL:
            record(pathlib.Path(sys.argv[2]), each, nets.FULL)
    else:
        for each in sys.argv[2:] or nets.NETS:
            record(pathlib.Path(sys.argv[1]), each)
