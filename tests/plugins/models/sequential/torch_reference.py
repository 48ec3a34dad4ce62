"""A network of the tests in PyTorch: torch_reference.py NAME FOLDER

NAME is `images`, the small residual network of fixture.hpp, `lines`, layers over the last axis, or `patches`.
FOLDER/weights is a safetensors file of its parameters, FOLDER/tensors one of what ours makes of them. Ends with 1, and
says where, if PyTorch's numbers differ.
"""
import json
import sys

import numpy
import torch
from torch import nn


class Residual(nn.Module):
    def __init__(self, body, shortcut=None):
        super().__init__()
        self.body = nn.Sequential(*body)
        if shortcut:
            self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x):
        return self.body(x) + (self.shortcut(x) if hasattr(self, "shortcut") else x)


def conv(inputs, outputs, kernel, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


def images(w=16):
    return nn.Sequential(
        conv(3, w, 3),
        Residual([nn.BatchNorm2d(w), nn.ReLU(), conv(w, w, 3), nn.BatchNorm2d(w), nn.ReLU(), conv(w, w, 3)]),
        nn.BatchNorm2d(w),
        nn.ReLU(),
        Residual([conv(w, 2 * w, 3, 2), nn.BatchNorm2d(2 * w), nn.ReLU(), conv(2 * w, 2 * w, 3)],
                 [conv(w, 2 * w, 1, 2)]),
        nn.BatchNorm2d(2 * w),
        nn.ReLU(),
        nn.GroupNorm(4, 2 * w),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(2 * w, 3))


def lines():
    return nn.Sequential(
        nn.Linear(8, 12), nn.LayerNorm(12), nn.GELU(), nn.Linear(12, 5), nn.Flatten(), nn.Linear(120, 3))


class Patches(nn.Conv2d):
    def forward(self, x):
        return super().forward(x).flatten(2).transpose(1, 2)


def patches():
    return nn.Sequential(Patches(3, 24, 4, 4), nn.Flatten(), nn.Linear(96, 3))


def safetensors(path):
    content = open(path, "rb").read()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + size])
    header.pop("__metadata__", None)
    read = {}
    for name, entry in header.items():
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        values = numpy.frombuffer(content[begin:end], numpy.float32).reshape(entry["shape"])
        read[name] = torch.from_numpy(values.copy())
    return read


def compare(what, ours, theirs):
    error = (ours.double() - theirs.double()).norm() / (theirs.double().norm() + 1e-6)
    if error < 2e-5:
        return True
    print(f"{what}: relative difference {error:.1e}")
    return False


name, folder = sys.argv[1:]
weights, ours = safetensors(folder + "/weights"), safetensors(folder + "/tensors")
net = {"images": images, "lines": lines, "patches": patches}[name]()
if list(net.state_dict()) != list(weights):
    sys.exit(f"names differ: {list(net.state_dict())}, ours {list(weights)}")
net.load_state_dict(weights, strict=True)
good = True
for mode in ("eval", "train"):
    net.train(mode == "train")
    net.zero_grad()
    x = ours["x"].clone().requires_grad_()
    outputs = net(x)
    outputs.backward(ours[mode + ".cotangent"])
    gradients = torch.cat([p.grad.flatten() for p in net.parameters()])
    good &= compare(mode + " outputs", ours[mode + ".outputs"], outputs.detach())
    good &= compare(mode + " input gradient", ours[mode + ".dx"], x.grad)
    good &= compare(mode + " parameter gradients", ours[mode + ".gradients"], gradients)
for name, value in net.state_dict().items():
    if "running" in name or "num_batches" in name:
        good &= compare(name, ours["after." + name], value)
sys.exit(0 if good else 1)
