"""PyTorch's side of the bench: the same nets, batches and training steps, written as people write them.

    torch_steps.py THREADS plain|channels_last f32|bf16 WORK SECONDS

prints one JSON line: examples/s, the median over training steps. WORK is natural, fgsm_at, pgd-STEPS, free-REPLAYS,
yopo-PASSES-STEPS or trades-STEPS, on SmallCNN at batch 128; with resnet18- before it, on PreActResNet-18 at batch 32.
"""
import json
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

EPS, STEP = 0.3, 0.075


class Normalize(nn.Module):
    def __init__(self, mean, std):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1))

    def forward(self, x):
        return (x - self.mean) / self.std


class PreActBlock(nn.Module):
    def __init__(self, inside, outside, stride):
        super().__init__()
        self.bn1, self.bn2 = nn.BatchNorm2d(inside), nn.BatchNorm2d(outside)
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        changes = stride != 1 or inside != outside
        self.shortcut = nn.Conv2d(inside, outside, 1, stride, bias=False) if changes else None

    def forward(self, x):
        out = F.relu(self.bn1(x))
        shortcut = self.shortcut(out) if self.shortcut else x
        return self.conv2(F.relu(self.bn2(self.conv1(out)))) + shortcut


def preact_resnet18():
    layers = [Normalize([0.4914, 0.4822, 0.4465], [0.2471, 0.2435, 0.2616]), nn.Conv2d(3, 64, 3, 1, 1, bias=False)]
    inside = 64
    for outside, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [PreActBlock(inside, outside, stride), PreActBlock(outside, outside, 1)]
        inside = outside
    return nn.Sequential(*layers, nn.BatchNorm2d(512), nn.ReLU(), nn.AvgPool2d(4), nn.Flatten(), nn.Linear(512, 10))


def small_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1024, 200), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10))


class Autocast(nn.Sequential):
    """Computes in bf16 what PyTorch thinks fit for it. A slice of one is one."""

    def forward(self, x):
        with torch.autocast("cpu", torch.bfloat16):
            return super().forward(x).float()


def set_up(net, x, threads, layout, precision):
    """Net and images as the words ask for."""
    torch.set_num_threads(threads)
    if precision == "bf16":
        net = Autocast(*net)
    if layout == "channels_last":
        net, x = net.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    return net, x


def near(x, adv):
    return torch.min(torch.max(adv, x - EPS), x + EPS).clamp(0, 1)


def ascend(x, steps, step, loss):
    """Gradient ascent from a random start. autograd.grad to the input computes no parameter gradients."""
    adv = near(x, x + torch.empty_like(x).uniform_(-EPS, EPS))
    for _ in range(steps):
        adv.requires_grad_(True)
        (gradient,) = torch.autograd.grad(loss(adv), adv)
        adv = near(x, adv.detach() + step * gradient.sign())
    return adv


class Trainer:
    def __init__(self, net, x, y):
        self.net, self.x, self.y = net, x, y
        self.optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
        self.delta = torch.zeros_like(x)

    def learn(self, loss):
        self.net.train()
        self.optimizer.zero_grad()
        loss().backward()
        self.optimizer.step()

    def natural(self):
        self.learn(lambda: F.cross_entropy(self.net(self.x), self.y))

    def pgd(self, steps, step=STEP):
        self.net.eval()
        adv = ascend(self.x, steps, step, lambda adv: F.cross_entropy(self.net(adv), self.y))
        self.learn(lambda: F.cross_entropy(self.net(adv), self.y))

    def fgsm_at(self):
        self.pgd(1, 1.25 * EPS)

    def free(self, replays):
        for _ in range(replays):
            adv = (self.x + self.delta).clamp(0, 1).requires_grad_(True)
            self.learn(lambda: F.cross_entropy(self.net(adv), self.y))
            self.delta = (self.delta + EPS * adv.grad.sign()).clamp(-EPS, EPS)

    def yopo(self, passes, steps):
        first, rest = self.net[:2], self.net[2:]
        self.net.train()
        self.optimizer.zero_grad()
        adv = near(self.x, self.x + torch.empty_like(self.x).uniform_(-EPS, EPS))
        for _ in range(passes):
            stage = first(adv.detach())
            p = stage.detach().requires_grad_(True)
            F.cross_entropy(rest(p), self.y).backward()
            stage.backward(p.grad)
            for _ in range(steps):
                adv.requires_grad_(True)
                (gradient,) = torch.autograd.grad((first(adv) * p.grad).sum(), adv)
                adv = near(self.x, adv.detach() + 0.01 * gradient.sign())
        self.optimizer.step()

    def trades(self, steps):
        def divergence(adv, clean):
            return F.kl_div(F.log_softmax(self.net(adv), 1), F.softmax(clean, 1), reduction="batchmean")

        self.net.eval()
        with torch.no_grad():
            reference = self.net(self.x)
        adv = ascend(self.x, steps, STEP, lambda adv: divergence(adv, reference))

        def loss():
            clean = self.net(self.x)
            return F.cross_entropy(clean, self.y) + 6 * divergence(adv, clean)

        self.learn(loss)


def main():
    threads, layout, precision, work, seconds = sys.argv[1:]
    torch.manual_seed(1)
    if work.startswith("resnet18-"):
        work = work.removeprefix("resnet18-")
        net, x = preact_resnet18(), torch.rand(32, 3, 32, 32)
    else:
        net, x = small_cnn(), torch.rand(128, 1, 28, 28)
    y = torch.randint(0, 10, (len(x),))
    net, x = set_up(net, x, int(threads), layout, precision)
    method, *numbers = work.split("-")
    step = getattr(Trainer(net, x, y), method)
    arguments = [int(number) for number in numbers]
    step(*arguments)
    times = []
    begin = time.perf_counter()
    while len(times) < 2 or time.perf_counter() - begin < float(seconds):
        start = time.perf_counter()
        step(*arguments)
        times.append(time.perf_counter() - start)
    print(json.dumps({"examples_per_second": len(x) / statistics.median(times)}))


if __name__ == "__main__":
    main()
