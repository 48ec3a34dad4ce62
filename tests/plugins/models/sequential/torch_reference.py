"""A network of the tests in PyTorch: torch_reference.py NAME FOLDER

NAME is `images`, the small residual network of fixture.hpp, `lines`, layers over the last axis, or one of layers over
the positions of texts, of which tensors has a mask. FOLDER/weights is a safetensors file of its parameters,
FOLDER/tensors one of what ours makes of them. Ends with 1, and says where, if
PyTorch's numbers differ.
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


class MeanPool(nn.Module):
    def forward(self, x, mask):
        return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


class Attention(nn.MultiheadAttention):
    """Of positions with themselves, padding left out."""
    def __init__(self, dim, heads, causal=False):
        super().__init__(dim, heads, batch_first=True)
        self.causal = causal

    def forward(self, x, mask):
        n = x.shape[1]
        later = torch.ones(n, n).triu(1).bool() if self.causal else None
        return super().forward(x, x, x, mask == 0, attn_mask=later, need_weights=False)[0]


class MaxPool(nn.Module):
    def forward(self, x, mask):
        return x.masked_fill(mask[..., None] == 0, -torch.inf).max(1).values


class First(nn.Module):
    def forward(self, x, mask):
        return x[:, 0]


class Positions(nn.Module):
    def __init__(self, length, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(length, dim))

    def forward(self, x, mask):
        return x + self.weight


class Encoder(nn.TransformerEncoder):
    def __init__(self, dim, layers, norm=None, **own):
        layer = nn.TransformerEncoderLayer(dim, 4, 40, 0.0, batch_first=True, **own)
        super().__init__(layer, layers, norm, enable_nested_tensor=False)

    def forward(self, x, mask):
        return super().forward(x, src_key_padding_mask=mask == 0)


def recurrent(kind):
    class Packed(kind):
        """All states, or the last of each direction."""
        def __init__(self, dim, hidden, last=False, **own):
            super().__init__(dim, hidden, batch_first=True, **own)
            self.last = last

        def forward(self, x, mask):
            packed = nn.utils.rnn.pack_padded_sequence(x, mask.sum(1).long(), True, enforce_sorted=False)
            states, end = super().forward(packed)
            if self.last:
                end = end[0] if isinstance(end, tuple) else end
                return end.transpose(0, 1).flatten(1)
            return nn.utils.rnn.pad_packed_sequence(states, True, total_length=x.shape[1])[0]

    return Packed


class Conv1d(nn.Conv1d):
    """Of texts whose padding is zero."""
    def forward(self, x, mask):
        return super().forward((x * mask[..., None]).transpose(1, 2)).transpose(1, 2)


class Relu(nn.ReLU):
    def forward(self, x, mask):
        return super().forward(x)


class Patches(nn.Conv2d):
    def forward(self, x):
        return super().forward(x).flatten(2).transpose(1, 2)


def patches():
    return nn.Sequential(Patches(3, 24, 4, 4), nn.Flatten(), nn.Linear(96, 3))


class Text(nn.Sequential):
    """Layers of which some want to know the padding."""
    def __init__(self, *layers, mask=None):
        super().__init__(*layers)
        self.mask = mask

    def forward(self, x):
        for layer in self:
            x = layer(x) if isinstance(layer, nn.Linear) else layer(x, self.mask)
        return x


def texts(mask):
    layers = {
        "attention": lambda: (Attention(24, 4), MeanPool(), nn.Linear(24, 3)),
        "post_norm": lambda: (Encoder(24, 2), MaxPool(), nn.Linear(24, 3)),
        "pre_norm": lambda: (Positions(9, 24),
                             Encoder(24, 2, nn.LayerNorm(24), activation="gelu", norm_first=True),
                             First(), nn.Linear(24, 3)),
        "conv1d": lambda: (Conv1d(24, 20, 3, padding=1), Relu(), MaxPool(), nn.Linear(20, 3)),
        **{name: lambda kind=kind: (recurrent(kind)(24, 10, num_layers=2, bidirectional=True), MeanPool(),
                                    nn.Linear(20, 3)) for name, kind in (("lstm", nn.LSTM), ("gru", nn.GRU))},
        **{name: lambda kind=kind: (recurrent(kind)(24, 20, last=True), nn.Linear(20, 3))
           for name, kind in (("lstm_last", nn.LSTM), ("gru_last", nn.GRU))},
        "causal": lambda: (Attention(24, 4, True), MeanPool(), nn.Linear(24, 3)),
    }
    return {name: lambda make=make: Text(*make(), mask=mask) for name, make in layers.items()}


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
net = {"images": images, "lines": lines, "patches": patches, **texts(ours.get("mask"))}[name]()
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
