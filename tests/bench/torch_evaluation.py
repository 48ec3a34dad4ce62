"""PyTorch's side of the bench's evaluation: PGD of 40 steps of 0.01 with restarts on a trained SmallCNN, as people
write it: every image goes through every restart, and is right if it was right each time.

    torch_evaluation.py THREADS plain|channels_last f32|bf16 WEIGHTS MNIST IMAGES RESTARTS

prints one JSON line: clean, the share that is right without an attack; and after each restart the seconds so far and
the share that is right.
"""
import json
import pathlib
import sys
import time

import torch
from torch.nn import functional as F

from torch_loading import read
from torch_steps import ascend, set_up, small_cnn

BATCH = 256  # as ours


def load(net, path):
    """Weights from a safetensors file: the header's length, the header, the values."""
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    header.pop("__metadata__", None)
    values = torch.frombuffer(bytearray(data[begin:]), dtype=torch.float32)
    net.load_state_dict({name: values[at["data_offsets"][0] // 4:at["data_offsets"][1] // 4].view(at["shape"])
                         for name, at in header.items()})


def main():
    threads, layout, precision, weights, folder, images, restarts = sys.argv[1:]
    torch.manual_seed(1)
    net = small_cnn()
    load(net, pathlib.Path(weights))
    x = read(f"{folder}/t10k-images-idx3-ubyte.gz", 16).view(-1, 1, 28, 28)[:int(images)].float() / 255
    y = read(f"{folder}/t10k-labels-idx1-ubyte.gz", 8).long()[:int(images)]
    net, x = set_up(net.eval(), x, int(threads), layout, precision)

    def right(attack):
        with torch.no_grad():
            return torch.cat([net(attack(a, b)).argmax(1) == b for a, b in zip(x.split(BATCH), y.split(BATCH))])

    @torch.enable_grad()
    def pgd(a, b):
        return ascend(a, 40, 0.01, lambda adv: F.cross_entropy(net(adv), b))

    clean = worst = right(lambda a, b: a)
    rounds = {"seconds": [], "right": []}
    begin = time.perf_counter()
    for _ in range(int(restarts)):
        worst = worst & right(pgd)
        rounds["seconds"].append(time.perf_counter() - begin)
        rounds["right"].append(worst.float().mean().item())
    print(json.dumps({"clean": clean.float().mean().item(), **rounds}))


if __name__ == "__main__":
    main()
