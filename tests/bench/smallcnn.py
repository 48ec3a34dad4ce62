"""PyTorch's side of the bench: the same net, batch and PGD step, written as people write it.

    smallcnn.py THREADS plain|channels_last ATTACK_STEPS SECONDS

prints one JSON line: examples/s, the median over training steps.
"""
import json
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def small_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1024, 200), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10))


def pgd(net, x, y, eps, step, steps):
    adv = (x + torch.empty_like(x).uniform_(-eps, eps)).clamp(0, 1)
    for _ in range(steps):
        adv.requires_grad_(True)
        (gradient,) = torch.autograd.grad(F.cross_entropy(net(adv), y), adv)
        with torch.no_grad():
            adv = adv + step * gradient.sign()
            adv = torch.min(torch.max(adv, x - eps), x + eps).clamp(0, 1)
    return adv.detach()


def main():
    threads, layout, steps, seconds = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    net = small_cnn()
    x = torch.rand(128, 1, 28, 28)
    y = torch.randint(0, 10, (128,))
    if layout == "channels_last":
        net = net.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    # The attack needs no parameter gradients; autograd.grad to the input computes none.
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    times = []
    begin = time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < float(seconds):
        start = time.perf_counter()
        net.eval()
        adv = pgd(net, x, y, 0.3, 0.075, int(steps))
        net.train()
        optimizer.zero_grad()
        F.cross_entropy(net(adv), y).backward()
        optimizer.step()
        times.append(time.perf_counter() - start)
    print(json.dumps({"threads": int(threads), "layout": layout, "torch": torch.__version__,
                      "examples_per_second": 128 / statistics.median(times[2:] or times)}))


if __name__ == "__main__":
    main()
