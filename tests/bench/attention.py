"""What training with attention under attack does to clean and robust accuracy: a small encoder on SST-2, and a
small ViT on the drawn digits, 3 seeds each."""
import json
import statistics

from common import ROOT

SEEDS = (1, 2, 3)
LOGITS = {"norm": "l2", "eps": 1, "space": "site", "site": "attention_logits"}
SETS = {
    # The pipeline, the attack in training, the threat to inputs, and what changes.
    "SST-2": ("docs/examples/sst2-attention.json", {"type": "pgd", "steps": 3},
              {"norm": "l2", "eps": 0.3, "space": "embedding"}, []),
    "digits": ("docs/examples/digits-vit-attention.json", {"type": "pgd", "steps": 3},
               {"norm": "linf", "eps": 0.1, "space": "input"},
               ["train.epochs=6", "data.train.examples=3000", "train.eps_warmup_epochs=2"]),
}


def methods(attack, threat):
    """Name, method and the threat in training."""
    consistency = {"type": "attention_consistency", "attack": attack}
    return (("natural", {"type": "natural"}, threat),
            ("`pgd_at`, half clean", {"type": "pgd_at", "attack": attack, "clean_weight": 0.5}, threat),
            ("`attention_consistency`, weight 1", {**consistency, "weight": 1}, threat),
            ("`attention_consistency`, weight 10", {**consistency, "weight": 10}, threat),
            ("`fgm_at` on the logits", {"type": "fgm_at"}, LOGITS),
            ("`freelb` on the logits", {"type": "freelb"}, LOGITS))


def attention(spar):
    """`spar(pipeline, name, *settings)` runs or finds a run, and returns its results."""
    for data, (pipeline, attack, threat, settings) in SETS.items():
        attacks = [{"type": "pgd", "name": "inputs", "steps": 10, "threat": threat},
                   {"type": "pgd", "name": "logits", "steps": 10, "threat": LOGITS}]
        print(f"\n| {data} | clean | PGD-10 on inputs | PGD-10 on logits | attention moved by PGD on inputs |\n"
              "| --- | --- | --- | --- | --- |", flush=True)
        for name, method, trained in methods(attack, threat):
            rows = []
            run = "".join(letter for letter in name if letter.isalnum() or letter in "_ ").replace(" ", "-")
            for seed in SEEDS:
                results = spar(ROOT / pipeline, f"attention-{data}-{run}-{seed}", f"seed={seed}",
                               f"train.method={json.dumps(method)}", f"threat={json.dumps(trained)}",
                               f"evaluate.attacks={json.dumps(attacks)}", *settings)["evaluation"]
                inputs, logits = results["attacks"]
                rows.append((100 * results["clean_accuracy"], 100 * inputs["robust_accuracy"],
                             100 * logits["robust_accuracy"], inputs["attention_moved"]))
            cells = [f"{statistics.mean(column):.{digits}f} ({min(column):.{digits}f} to {max(column):.{digits}f})"
                     for column, digits in zip(zip(*rows), (1, 1, 1, 3))]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
