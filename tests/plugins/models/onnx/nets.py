"""Narrow networks of the families that people export, in plain PyTorch."""
import torch
from torch import nn
from torch.nn import functional as F


class Normalised(nn.Module):
    """Constants around a network, as exported models carry them."""

    def __init__(self, body):
        super().__init__()
        self.body = body
        self.register_buffer("mean", torch.tensor([0.49, 0.48, 0.45]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.25, 0.24, 0.26]).view(1, 3, 1, 1))

    def forward(self, x):
        return self.body((x - self.mean) / self.std)


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(48, 20), nn.ReLU(), nn.Linear(20, 16), nn.Tanh(), nn.Linear(16, 5))


def lenet():
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
                         nn.AvgPool2d(2), nn.Flatten(), nn.Linear(64, 20), nn.Sigmoid(), nn.Linear(20, 10))


class Block(nn.Module):
    """He et al. 2015."""

    def __init__(self, into, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(into, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.downsample = nn.Sequential()
        if stride != 1 or into != out:
            self.downsample = nn.Sequential(nn.Conv2d(into, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class PreActBlock(nn.Module):
    """He et al. 2016."""

    def __init__(self, into, out, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(into)
        self.conv1 = nn.Conv2d(into, out, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(into, out, 1, stride, bias=False) if stride != 1 or into != out else None

    def forward(self, x):
        y = F.relu(self.bn1(x))
        shortcut = self.shortcut(y) if self.shortcut is not None else x
        return self.conv2(F.relu(self.bn2(self.conv1(y)))) + shortcut


class ResNet(nn.Module):
    def __init__(self, block, widths, blocks, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0]) if block is Block else None
        layers, into = [], widths[0]
        for stage, (width, count) in enumerate(zip(widths, blocks)):
            for i in range(count):
                layers.append(block(into, width, 2 if stage > 0 and i == 0 else 1))
                into = width
        self.layers = nn.Sequential(*layers)
        self.last = nn.BatchNorm2d(into) if block is PreActBlock else None
        self.fc = nn.Linear(into, classes)

    def forward(self, x):
        x = self.conv1(x)
        if self.bn1 is not None:
            x = F.relu(self.bn1(x))
        x = self.layers(x)
        if self.last is not None:
            x = F.relu(self.last(x))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


def resnet18(width=4):
    return Normalised(ResNet(Block, [width, 2 * width, 4 * width, 8 * width], [2, 2, 2, 2]))


def preactresnet18(width=4):
    return ResNet(PreActBlock, [width, 2 * width, 4 * width, 8 * width], [2, 2, 2, 2])


class WideResNet(nn.Module):
    """Zagoruyko, Komodakis 2016: three stages, and pooling by windows of all that is left."""

    def __init__(self, depth, widen, base=4, pool=4):
        super().__init__()
        self.pool = pool
        count = (depth - 4) // 6
        widths = [base * widen, 2 * base * widen, 4 * base * widen]
        self.body = ResNet(PreActBlock, widths, [count] * 3)
        self.body.conv1 = nn.Conv2d(3, base, 3, 1, 1, bias=False)
        self.body.layers[0] = PreActBlock(base, widths[0], 1)

    def forward(self, x):
        x = self.body.layers(self.body.conv1(x))
        x = F.avg_pool2d(F.relu(self.body.last(x)), self.pool)
        return self.body.fc(x.view(-1, x.shape[1]))


def wideresnet():
    return WideResNet(10, 2)


class Squeeze(nn.Module):
    """Hu et al. 2018: each channel weighted by what all pixels say."""

    def __init__(self, width):
        super().__init__()
        self.down, self.up = nn.Conv2d(width, 4, 1), nn.Conv2d(4, width, 1)

    def forward(self, x):
        return x * F.hardsigmoid(self.up(F.relu(self.down(F.adaptive_avg_pool2d(x, 1)))))


class Inverted(nn.Module):
    """Sandler et al. 2018, Howard et al. 2019."""

    def __init__(self, into, hidden, out, stride, activation, squeeze):
        super().__init__()
        layers = [nn.Conv2d(into, hidden, 1, bias=False), nn.BatchNorm2d(hidden), activation(),
                  nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False), nn.BatchNorm2d(hidden), activation()]
        if squeeze:
            layers.append(Squeeze(hidden))
        self.body = nn.Sequential(*layers, nn.Conv2d(hidden, out, 1, bias=False), nn.BatchNorm2d(out))
        self.adds = stride == 1 and into == out

    def forward(self, x):
        return x + self.body(x) if self.adds else self.body(x)


def mobilenet():
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish(),
                         Inverted(8, 24, 8, 1, nn.ReLU6, False), Inverted(8, 24, 12, 2, nn.Hardswish, True),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(12, 10))


class ViT(nn.Module):
    """Dosovitskiy et al. 2021."""

    def __init__(self, size=16, patch=4, dim=24, depth=2, heads=3, classes=10):
        super().__init__()
        self.patches = nn.Conv2d(3, dim, patch, patch)
        self.token = nn.Parameter(torch.randn(1, 1, dim) * 0.5)
        self.positions = nn.Parameter(torch.randn(1, (size // patch) ** 2 + 1, dim) * 0.5)
        layer = nn.TransformerEncoderLayer(dim, heads, 2 * dim, 0.1, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions
        return self.head(self.norm(self.encoder(x))[:, 0])


def vit():
    return ViT()


class Sequence(nn.Module):
    """An encoder of vectors [length, dim], as texts are after an embedding."""

    def __init__(self, length=7, dim=12):
        super().__init__()
        self.positions = nn.Parameter(torch.randn(length, dim) * 0.5)
        layer = nn.TransformerEncoderLayer(dim, 2, 20, 0.1, "relu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(dim, 4)

    def forward(self, x):
        return self.head(self.encoder(x + self.positions).mean(1))


def sequence():
    return Sequence()


# Those of the papers, for record.py --full.
FULL = {"resnet18": (lambda: resnet18(64), (3, 32, 32)), "preactresnet18": (lambda: preactresnet18(64), (3, 32, 32)),
        "wideresnet": (lambda: WideResNet(28, 10, 16, 8), (3, 32, 32)), "vit": (lambda: ViT(32, 4, 192, 12, 3), (3, 32, 32)),
        "sequence": (lambda: Sequence(64, 128), (64, 128))}

# What is recorded: a network and the shape of its examples.
NETS = {"mlp": (mlp, (3, 4, 4)), "lenet": (lenet, (1, 16, 16)), "resnet18": (resnet18, (3, 16, 16)),
        "preactresnet18": (preactresnet18, (3, 16, 16)), "wideresnet": (wideresnet, (3, 16, 16)),
        "mobilenet": (mobilenet, (3, 16, 16)), "vit": (vit, (3, 16, 16)), "sequence": (sequence, (7, 12))}
