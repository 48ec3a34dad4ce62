#!/usr/bin/env python3
"""Writes the fixtures beside it: checkpoints as PyTorch writes them, and what PyTorch sees in them.

Run with a current PyTorch that has safetensors, from anywhere. What a .pt file holds is written a second
time by the safetensors library, so that the tests compare bytes that our code has not touched.
"""
import json
import os
import pathlib
import pickle
import zipfile

import numpy as np
import torch
import torch.nn as nn
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent / "fixtures"
torch.manual_seed(19)
torch.set_num_threads(1)


def plain(tensors):
    """Contiguous copies that share nothing, as safetensors wants them."""
    return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}


def types():
    base = torch.randn(5, 7)
    flat = torch.arange(60, dtype=torch.float32)
    half = torch.randn(3, 4).half()
    return {
        "f32": base, "f64": torch.randn(2, 3, dtype=torch.float64), "f16": half,
        "bf16": torch.randn(4).bfloat16(), "i64": torch.tensor([-(2 ** 40), 3]),
        "i32": torch.tensor([[-7, 8]], dtype=torch.int32), "i16": torch.tensor([300, -2], dtype=torch.int16),
        "i8": torch.tensor([-128, 5], dtype=torch.int8), "u8": torch.tensor([255, 1], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3), "one": torch.ones(1, 1, 1),
        "transposed": base.t(), "tail": base[2:], "column": base[:, 3], "every_other": flat[1::2],
        "permuted": flat.reshape(3, 4, 5).permute(2, 0, 1)[1:, :, 2:], "shown_often": torch.tensor([[4.0]]).expand(6, 2),
        "half_of_half": half.t()[1:3],
        "channels_last": torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last),
        "name with spaces.and/slash": torch.tensor([1.0]), "größe": torch.tensor([2.0]),
    }


def cnn():
    return nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(),
                         nn.Linear(64, 3))


def bars(count, generator):
    """Images [1, 8, 8] of a bright row, a bright column or a bright diagonal, in noise."""
    x = 0.5 * torch.rand(count, 1, 8, 8, generator=generator)
    y = torch.arange(count) % 3
    for i in range(count):
        place = int(torch.randint(8, (1,), generator=generator))
        for k in range(8):
            row, column = [(place, k), (k, place), (k, (k + place) % 8)][int(y[i])]
            x[i, 0, row, column] += 0.5
    return x, y


def train():
    generator = torch.Generator().manual_seed(5)
    x, y = bars(300, generator)
    net = cnn()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [20])
    for _ in range(30):
        for batch in torch.arange(300).split(50):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x[batch]), y[batch]).backward()
            optimizer.step()
        scheduler.step()
    net.eval()
    return net, optimizer, scheduler


def zipped(name, members, how=zipfile.ZIP_STORED):
    with zipfile.ZipFile(HERE / name, "w", how) as file:
        for member, content in members.items():
            file.writestr(zipfile.ZipInfo(member), content, how)


def members_of(name):
    with zipfile.ZipFile(HERE / name) as file:
        return {info.filename: file.read(info) for info in file.infolist()}


class Evil:
    def __reduce__(self):
        return os.system, ("touch spar-was-here",)


class Hidden:
    def __reduce__(self):
        return eval, ("__import__('os').system('touch spar-was-here')",)


def main():
    HERE.mkdir(exist_ok=True)
    torch.save(types(), HERE / "types.pt")
    save_file(plain(types_again()), HERE / "types.safetensors")
    torch.save(torch.load(HERE / "types.pt"), HERE / "protocol4.pt", pickle_protocol=4)
    zipped("deflated.pt", members_of("types.pt"), zipfile.ZIP_DEFLATED)

    net, optimizer, scheduler = train()
    torch.save({"epoch": 30, "best": 0.5, "args": {"lr": 0.1, "name": "bars", "milestones": (20,), "none": None},
                "model": {"ema": nn.DataParallel(net).state_dict(), "decay": 0.9}, "state_dict": net.state_dict(),
                "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict(), "shape": net[0].weight.shape,
                "device": torch.device("cpu"), "dtype": torch.float32}, HERE / "checkpoint.pt")
    torch.save(net.state_dict(), HERE / "cnn.pt")
    save_file(plain(net.state_dict()), HERE / "cnn.safetensors")
    torch.save(dict(net.named_parameters()), HERE / "parameters.pt")
    torch.save(net.state_dict(), HERE / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(net, HERE / "module.pt")
    x, y = bars(30, torch.Generator().manual_seed(6))
    with torch.no_grad():
        logits = net(x)
    np.savez(HERE / "cnn.npz", x=x.numpy(), y=y.numpy())
    save_file({"logits": logits}, HERE / "cnn_logits.safetensors")

    members = members_of("cnn.pt")
    folder = next(iter(members)).split("/")[0]
    for name, evil in ("os_system.pt", Evil()), ("eval.pt", Hidden()):
        data = pickle.dumps({"0.weight": evil}, protocol=2)
        zipped(name, {**members, f"{folder}/data.pkl": data})
    zipped("os_system4.pt", {**members, f"{folder}/data.pkl": pickle.dumps([Evil()], protocol=4)})
    zipped("os_system0.pt", {**members, f"{folder}/data.pkl": b"cos\nsystem\n(S'touch spar-was-here'\ntR."})

    state = plain(net.state_dict())
    names = sorted(state)
    halves = {"model-00001-of-00002": names[:4], "model-00002-of-00002": names[4:]}
    index = {}
    for file, part in halves.items():
        save_file({name: state[name] for name in part}, HERE / f"{file}.safetensors")
        index |= {name: f"{file}.safetensors" for name in part}
    text = json.dumps({"metadata": {"total_size": 1}, "weight_map": index}, indent=1) + "\n"
    (HERE / "model.safetensors.index.json").write_text(text)


def types_again():
    """What torch.load makes of types.pt."""
    return torch.load(HERE / "types.pt", weights_only=True)


if __name__ == "__main__":
    main()
