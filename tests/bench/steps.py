"""Whole training steps, beside PyTorch's and beside each other's."""
import json
import pathlib
import random
import statistics
import subprocess
import tempfile

import pytorch
import texts
from common import HERE, ROOT, THREADS, bench, over, spread, table

# Arithmetic for one image, in MFLOP: a pass forward, which costs as much as one back to the input and as one to the
# parameters; and of that the first layer's. As convolutions are defined: ours take fewer multiplications.
PASS, FIRST = 2 * 9.9524, 2 * 0.194688  # SmallCNN
LEARN = 3 * PASS - FIRST  # training asks for no gradient at the input
CLIMB = 2 * PASS
RESNET_PASS, RESNET_FIRST = 2 * 555.4, 2 * 1.769  # PreActResNet-18, CIFAR


def pgd(steps):
    return {"type": "pgd", "steps": steps, "step_size": 0.075}


# The node of each method, and what one step computes.
WORK = {
    "natural": ({"type": "natural"}, LEARN),
    "fgsm_at": ({"type": "fgsm_at"}, CLIMB + LEARN),
    "pgd-7": ({"type": "pgd_at", "attack": pgd(7)}, 7 * CLIMB + LEARN),
    "pgd-7-bf16": ({"type": "pgd_at", "attack": pgd(7)}, 7 * CLIMB + LEARN),  # the attack, where the processor can
    "pgd-40": ({"type": "pgd_at", "attack": pgd(40)}, 40 * CLIMB + LEARN),
    "free-8": ({"type": "free", "replays": 8}, 8 * 3 * PASS),
    "yopo-5-10": ({"type": "yopo", "passes": 5, "inner_steps": 10, "step_size": 0.01},
                  5 * (3 * PASS + 10 * 2 * FIRST)),
    "trades-10": ({"type": "trades", "attack": {**pgd(10), "start_noise": 0.001}},
                  PASS + 10 * CLIMB + 2 * LEARN),
    "resnet18-pgd-7": ({"type": "pgd_at", "attack": pgd(7)}, 17 * RESNET_PASS - RESNET_FIRST),
    "resnet18-pgd-7-bf16": ({"type": "pgd_at", "attack": pgd(7)}, 17 * RESNET_PASS - RESNET_FIRST),
}
WORK.update(texts.WORK)
# Costs beside each other: (what, work, times its step, beside work, aim).
RATIOS = [
    ("a step of fgsm_at, in natural steps", "fgsm_at", 1, "natural", "at most 1.8"),
    ("a replay of free, in natural steps", "free-8", 1 / 8, "natural", "at most 1.1"),
    ("a step of yopo-5-10, in steps of pgd-40", "yopo-5-10", 1, "pgd-40", "at most 0.25"),
    ("a step of pgd-7-bf16, in steps of pgd-7", "pgd-7-bf16", 1, "pgd-7", "at most 0.62"),
]


def pipeline_of(work, folder):
    """SmallCNN on 128 images; or PreActResNet-18 on 32 of noise, which lie in the folder then; or an encoder on texts, likewise."""
    if work in texts.WORK:
        return texts.pipeline_of(work, folder)
    pipeline = json.loads((HERE / "smallcnn.json").read_text())
    pipeline["train"]["method"] = WORK[work][0]
    pipeline["train"]["attack_precision"] = "bf16" if work.endswith("-bf16") else "f32"
    if work.startswith("resnet18-"):
        images = folder / "images.bin"
        images.write_bytes(b"".join(bytes([i % 10]) + random.Random(i).randbytes(3072) for i in range(32)))
        example = json.loads((ROOT / "docs/examples/cifar10-preactresnet18-pgd.json").read_text())
        pipeline["model"] = example["model"]
        pipeline["data"]["train"] = {"type": "cifar10", "files": [str(images)]}
        pipeline["train"]["batch_size"] = 32
    return pipeline


class Measured:
    """The rounds of one kind of work."""

    def __init__(self, work, torch, seconds):
        self.work, self.torch, self.seconds = work, torch, seconds
        self.mine, self.theirs, self.apart = {t: [] for t in THREADS}, {}, []
        self.script = "torch_texts.py" if work in texts.WORK else "torch_steps.py"

    def round(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "pipeline.json")
            file.write_text(json.dumps(pipeline_of(self.work, pathlib.Path(folder))))
            for threads in THREADS:
                self.mine[threads].append(bench("step_bench", file, threads, self.seconds))
                for way in self.torch.ways(threads):
                    if way[1] == "channels_last" and self.work in texts.WORK:
                        continue
                    self.theirs.setdefault(way, []).append(
                        self.torch.run(self.script, *way, self.work.removesuffix("-bf16"),
                                       self.seconds)["examples_per_second"])
            self.apart.append(self.two_processes(file))

    def two_processes(self, file):
        """Examples/s of two at once, that know nothing of each other: what two cores give."""
        command = [ROOT / "build/dev/bin/step_bench", file, "1", str(self.seconds)]
        pair = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
        return sum(json.loads(process.communicate()[0])["examples_per_second"] for process in pair)

    def rates(self, threads):
        return [r["examples_per_second"] for r in self.mine[threads]]

    def row(self, threads):
        # Of the multiply-add peak measured in the same moments.
        share = statistics.median(r["examples_per_gflop"] for r in self.mine[threads]) * WORK[self.work][1] * 1e-3
        cells = [self.work, str(threads), spread(self.rates(threads)), f"{share:.0%}"]
        for precision in self.torch.precisions:
            theirs = self.theirs[pytorch.best(self.theirs, threads, precision)]
            cells += [spread(theirs), spread(over(self.rates(threads), theirs), 1)]
        return cells

    def cores(self):
        one, two = self.rates(1), self.rates(2)
        return [self.work, spread(over(two, one), 2), spread(over(self.apart, one), 2),
                spread(over(two, self.apart), 2)]


def seconds_of_least_step(threads):
    """Of one linear layer on one example: nearly all of it is the host's, and the boundary's."""
    wanted = json.loads((HERE / "smallcnn.json").read_text())
    wanted["train"].update(method={"type": "natural"}, batch_size=1)
    wanted["data"]["train"]["examples"] = 1
    wanted["model"]["layers"] = [{"type": "flatten"}, {"type": "linear", "out": 10}]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "pipeline.json")
        file.write_text(json.dumps(wanted))
        return 1 / bench("step_bench", file, threads, 0.2)["examples_per_second"]


class Steps:
    def __init__(self, work, torch, seconds):
        self.torch, self.measured = torch, {name: Measured(name, torch, seconds) for name in work}
        self.least = {t: [] for t in THREADS}

    def round(self):
        for measured in self.measured.values():
            measured.round()
        for threads, seconds in self.least.items():
            seconds.append(seconds_of_least_step(threads))

    def ratios(self):
        for what, work, times, beside, aim in RATIOS:
            if work in self.measured and beside in self.measured:
                costs = (over(self.measured[beside].rates(t), self.measured[work].rates(t)) for t in THREADS)
                yield [what, *(spread([times * cost for cost in of_rounds], 2) for of_rounds in costs), aim]
        yield ["a step of one linear layer on one example, microseconds",
               *(spread([1e6 * s for s in self.least[t]]) for t in THREADS), "at most 50"]
        if "natural" in self.measured:
            share = (over(self.least[t], [128 / rate for rate in self.measured["natural"].rates(t)]) for t in THREADS)
            yield ["that, in percent of a natural step at batch 128",
                   *(spread([100 * s for s in of_rounds], 2) for of_rounds in share), "under 1"]

    def lines(self):
        measured = self.measured.values()
        rates = [m.rates(t) for m in measured for t in THREADS] + [r for m in measured for r in m.theirs.values()]
        worst = max(max(of_rounds) / min(of_rounds) for of_rounds in rates)
        return [
            "## Training steps", "",
            "SmallCNN at batch 128, PreActResNet-18 and encoders of text at batch 32; in f32, but with attacks in bfloat16 where bf16 "
            "stands. The share is of the multiply-add peak in f32, "
            "measured between our steps, and counts the multiplications of convolutions as they are defined; Spar "
            f"takes fewer, so it may exceed 100 %. Rounds of the same work differed by up to {worst:.2f} times; mind "
            "the ratios.", "",
            *table(["step", "threads", "Spar, examples/s", "share of the peak",
                    *self.torch.columns("PyTorch's best in {}, examples/s", "Spar / PyTorch in {}")],
                   [m.row(t) for m in measured for t in THREADS]), "",
            *table(["costs beside each other", "1 thread", "2 threads", "aim"], list(self.ratios())), "",
            "Two threads over one, where two independent processes of one thread, started together, give what the "
            "machine's two cores give; the aim is 1.9 where they give 2.", "",
            *table(["step", "two threads / one", "two processes / one", "two threads / two processes"],
                   [m.cores() for m in measured])]
