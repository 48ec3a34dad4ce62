"""How time grows with the work: of a step over batch, attack steps and depth, and of an epoch and an evaluation over
their examples. On one thread; of each the fastest that was seen."""
import json
import pathlib
import subprocess
import sys
import tempfile

from common import HERE, ROOT, bench, binary, python_with
from evaluation import PGD, ours
from steps import seconds_of_least_step

PLOT = ROOT / "docs/scaling.svg"
SECONDS = 1  # of each kind of step


def pipeline(change):
    """The bench's, by natural training, with a change."""
    wanted = json.loads((HERE / "smallcnn.json").read_text())
    wanted["train"]["method"] = {"type": "natural"}
    change(wanted)
    return wanted


def step_ms(change):
    wanted = pipeline(change)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "pipeline.json")
        file.write_text(json.dumps(wanted))
        rate = bench("step_bench", file, 1, SECONDS)["best_examples_per_second"]
    return 1000 * wanted["train"]["batch_size"] / rate


def batch(size):
    def change(p):
        p["train"]["batch_size"] = p["data"]["train"]["examples"] = size
    return step_ms(change)


def steps(count):
    def change(p):
        p["train"]["method"] = {"type": "pgd_at", "attack": {"type": "pgd", "steps": count, "step_size": 0.1}}
    return step_ms(change)


def depth(count):
    def change(p):
        more = [{"type": "conv", "out": 32, "kernel": 3, "padding": 1}, {"type": "relu"}]
        p["model"]["layers"][4:4] = more * count
    return step_ms(change)


def epoch(examples):
    def change(p):
        p["data"]["train"]["examples"] = examples
        p["train"]["epochs"] = 2
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "pipeline.json")
        file.write_text(json.dumps(pipeline(change)))
        subprocess.run([binary(), "run", file, "--out", f"{folder}/run", "--threads", "1"], check=True,
                       stdout=subprocess.DEVNULL)
        epochs = json.loads(pathlib.Path(folder, "run/results.json").read_text())["train"]["epochs"]
    return 1000 * min(epoch["seconds"] for epoch in epochs)


def evaluation(examples):
    node = {**PGD, "steps": 10, "stop_early": "no", "keep": "last"}
    return 1000 * min(ours(node, 1, examples)["attack"]["seconds"] for _ in range(2))


# What grows: (what one point takes, by how many of what, how to measure it, sizes).
SERIES = [
    ("a natural step", "batch", batch, (1, 4, 16, 64, 128, 256, 512, 1024)),
    ("a PGD step, batch 128", "attack steps", steps, (1, 2, 5, 10, 20, 40)),
    ("a natural step, batch 128", "more layers", depth, (0, 2, 4, 8, 16)),
    ("a natural epoch", "examples trained on", epoch, (256, 512, 1024, 2048, 4096)),
    ("PGD-10 of MNIST's test images", "examples attacked", evaluation, (125, 250, 500, 1000, 2000)),
]


def scaling(write):
    drawing = python_with("matplotlib") if write else None
    if write and not drawing:
        sys.exit("the plot needs python3-matplotlib")
    measured = []
    for what, of, milliseconds, sizes in SERIES:
        times = [milliseconds(size) for size in sizes]
        measured.append({"what": what, "of": of, "sizes": sizes, "ms": times})
        print(f"{of}: " + ", ".join(f"{size}: {ms:.2f} ms" for size, ms in zip(sizes, times)))
        slopes = [(b - a) / (n - m) for m, n, a, b in zip(sizes, sizes[1:], times, times[1:])]
        print("  for one more: " + ", ".join(f"{slope:.3f} ms" for slope in slopes), flush=True)
    print(f"a step of one linear layer at batch 1: {1000 * 1000 * seconds_of_least_step(1):.0f} microseconds")
    if write:
        subprocess.run([drawing[0], HERE / "scaling_plot.py", PLOT], check=True, text=True, input=json.dumps(measured))
