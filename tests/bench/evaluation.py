"""Attacks on a naturally trained SmallCNN, beside PyTorch on the same net and images."""
import json
import pathlib
import statistics
import subprocess
import tempfile

import pytorch
from common import HERE, ROOT, THREADS, binary, mnist, over, spread, table
from steps import PASS

IMAGES, TRIAL, RESTARTS = 1000, 128, 5
PGD = {"type": "pgd", "steps": 40, "step_size": 0.01}
# The node of each attack, and after how many of PyTorch's restarts as much is done there; 0: it has none.
ATTACKS = {
    "pgd 40": (PGD, 1),
    "pgd 40, every step": ({**PGD, "stop_early": "no", "keep": "last"}, 1),
    "pgd 40, 5 restarts": ({**PGD, "restarts": RESTARTS}, RESTARTS),
    "auto_attack": ({"type": "auto_attack"}, 0),
}


def natural_net():
    """Weights: what ./dev measure mnist left, or one epoch's, which stays in runs/bench."""
    for folder in (ROOT / "runs/measure/natural-1", ROOT / "runs/bench/natural"):
        if (folder / "results.json").exists():
            return folder / "model.safetensors"
    subprocess.run([binary(), "run", HERE / "mnist-natural.json", "--out", folder, "--set", "train.epochs=1",
                    *(["--resume"] if folder.exists() else [])], check=True, stdout=subprocess.DEVNULL)
    return folder / "model.safetensors"


def ours(node, threads, images):
    """A run's results: examples, clean_accuracy and the one attack's."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"vars.weights": natural_net(), "evaluate.save_adversarial": "false", "evaluate.examples": images,
                    "evaluate.attacks": json.dumps([node])}
        subprocess.run([binary(), "run", HERE / "mnist-pgd40.json", "--out", f"{folder}/run", "--threads", str(threads),
                        *(word for name, value in settings.items() for word in ("--set", f"{name}={value}"))],
                       check=True, stdout=subprocess.DEVNULL)
        results = json.loads(pathlib.Path(folder, "run/results.json").read_text())["evaluation"]
    return {**results, "attack": results["attacks"][0]}


class Evaluation:
    def __init__(self, torch, limits):
        self.torch, self.limits = torch, limits
        self.mine = {(name, threads): [] for name in ATTACKS for threads in THREADS}
        # All of PyTorch's ways would take an hour: a few images show which are the fastest.
        trials = {way: [1 / self.beside(way, TRIAL, 1)["seconds"][0]] for t in THREADS for way in torch.ways(t)}
        self.chosen = {(t, p): pytorch.best(trials, t, p) for t in THREADS for p in torch.precisions}
        self.theirs = {way: [] for way in self.chosen.values()}

    def beside(self, way, images, restarts):
        return self.torch.run("torch_evaluation.py", *way, natural_net(), mnist(), images, restarts)

    def round(self):
        for threads in THREADS:
            for name, (node, _) in ATTACKS.items():
                self.mine[name, threads].append(ours(node, threads, IMAGES))
            for way, rounds in self.theirs.items():
                if way[0] == threads:
                    rounds.append(self.beside(way, IMAGES, RESTARTS))

    def rates(self, name, threads):
        return [IMAGES / r["attack"]["seconds"] for r in self.mine[name, threads]]

    def row(self, name, threads):
        attack, rates = self.mine[name, threads][0]["attack"], self.rates(name, threads)
        passes = attack["forward_per_example"] + attack["gradient_per_example"]
        gflop = PASS * 1e-3 * passes * attack["attacked"] / IMAGES
        share = statistics.median(rates) * gflop / self.limits.of("f32", threads)
        cells = [name, str(threads), spread(rates), f"{share:.0%}", f"{attack['gradient_per_example']:.1f}",
                 f"{attack['robust_accuracy']:.1%}"]
        last = ATTACKS[name][1] - 1
        if last < 0:
            return cells + [""] * 3 * len(self.torch.precisions)
        for precision in self.torch.precisions:
            rounds = self.theirs[self.chosen[threads, precision]]
            theirs = [IMAGES / r["seconds"][last] for r in rounds]
            cells += [spread(theirs), spread(over(rates, theirs), 1), f"{rounds[0]['right'][last]:.1%}"]
        return cells

    def lines(self):
        clean = [f"Spar {self.mine['pgd 40', 1][0]['clean_accuracy']:.1%}"]
        clean += [f"PyTorch in {way[2]} {rounds[0]['clean']:.1%}" for way, rounds in self.theirs.items()]
        costs = [[f"auto_attack, in evaluations by {name}",
                  *(spread(over(self.rates(name, t), self.rates("auto_attack", t)), 2) for t in THREADS), aim]
                 for name, aim in (("pgd 40", "at most 3"), ("pgd 40, every step", ""))]
        return [
            "## Evaluation", "",
            f"{IMAGES:,} test images of MNIST, a naturally trained SmallCNN, linf 0.3. Spar takes no further step with "
            "an image that is fooled, and `auto_attack` goes on only with what withstood; gradients counts the steps "
            "that an image took in the mean. PyTorch's side is the usual loop: every step and restart of every image, "
            "the worst kept. \"Every step\" is the same work on both sides. The share counts the passes that were taken. "
            f"Right without an attack: {', '.join(dict.fromkeys(clean))}.", "",
            *table(["attack", "threads", "Spar, examples/s", "share of the peak", "gradients", "right after it",
                    *self.torch.columns("PyTorch's best in {}, examples/s", "Spar / PyTorch in {}", "right after it")],
                   [self.row(name, t) for name in ATTACKS for t in THREADS]), "",
            *table(["costs beside each other", "1 thread", "2 threads", "aim"], costs)]
