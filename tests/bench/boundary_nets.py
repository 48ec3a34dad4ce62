"""Nets for the measurements of the boundary to Python; boundary.py also runs as a program with one of them."""
import sys
import time

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.one = nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
                                 nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        self.other = nn.Sequential() if stride == 1 and inputs == outputs else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return torch.relu(self.one(x) + self.other(x))


def resnet18():
    """For CIFAR-10: the first convolution is 3x3, without pooling."""
    blocks, width = [], 64
    for outputs, stride in ((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)):
        blocks.append(Block(width, outputs, stride))
        width = outputs
    return nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(), *blocks,
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


class Nothing(nn.Module):
    def forward(self, x):
        return x.flatten(1)[:, :10]


def small_cnn():
    """That of mnist-pgd7.json."""
    def conv(inputs, outputs):
        made = nn.Conv2d(inputs, outputs, 3)
        nn.init.kaiming_normal_(made.weight)
        nn.init.zeros_(made.bias)
        return made
    last = nn.Linear(200, 10)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(conv(1, 32), nn.ReLU(), conv(32, 32), nn.ReLU(), nn.MaxPool2d(2), conv(32, 64), nn.ReLU(),
                         conv(64, 64), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1024, 200), nn.ReLU(),
                         nn.Dropout(0.5), nn.Linear(200, 200), nn.ReLU(), last)


if __name__ == "__main__":  # NAME ROWS SECONDS: microseconds of a pass with the gradient at the input, least and median
    net, rows, seconds = globals()[sys.argv[1]]().eval(), int(sys.argv[2]), float(sys.argv[3])
    x, took, begin = torch.rand(rows, 3, 32, 32), [], time.monotonic()
    while len(took) < 4 or time.monotonic() - begin < seconds:
        one = time.perf_counter()
        z = net(x.requires_grad_(True))
        torch.autograd.grad(z, x, torch.ones_like(z))
        took.append(1e6 * (time.perf_counter() - one))
    took = sorted(took[1:])
    print(took[0], took[len(took) // 2])
