#!/usr/bin/env python3
"""Word substitution beside TextAttack's, text by text, on a tiny model. Needed by no test.

usage: compare.py SPAR FOLDER    with the packages textattack and torch; docs/measurements.md has what it gave

A model is trained by Spar on made-up reviews, and attacked by both programs with one list of synonyms: TextFooler's order
(deletion) and PWWS's. TextAttack's searches take the model's word, as Spar's do, and no constraint but the number of words.
"""
import csv
import json
import pathlib
import random
import re
import struct
import subprocess
import sys

import numpy
import textattack
from textattack.constraints.overlap import MaxWordsPerturbed
from textattack.constraints.pre_transformation import RepeatModification
from textattack.goal_functions import UntargetedClassification
from textattack.search_methods import GreedyWordSwapWIR
from textattack.transformations import WordSwap

GOOD = "fine great warm superb lovely clever".split()
BAD = "dull cold flat weak awful stale".split()
PLAIN = "film story plot scene cast end music light".split()
LIMIT = 3


def reviews(count, seed):
    draw = random.Random(seed)
    lines = []
    for _ in range(count):
        label = draw.randrange(2)
        mixed = draw.sample((BAD, GOOD)[label], 3) + draw.sample((GOOD, BAD)[label], 1) + draw.sample(PLAIN, 4)
        lines.append(f"{label}\t" + " ".join(draw.sample(mixed, draw.randrange(4, 9))))  # no word twice: no ties
    return "\n".join(lines) + "\n"


def synonyms(count):
    """`count` replacements for every word, drawn."""
    draw = random.Random(7)
    every = GOOD + BAD + PLAIN
    return {word: draw.sample([other for other in every if other != word], count) for word in every}


def pipeline(folder):
    substitution = {"type": "word_substitution", "synonyms": "synonyms.txt", "stop_words": "none"}
    return {
        "version": 2, "name": "compare", "seed": 1,
        "data": {"tokenizer": {"type": "words"}, "max_length": 16,
                 "train": {"type": "text", "file": "train.tsv"}, "test": {"type": "text", "file": "test.tsv"}},
        "model": {"type": "sequential", "layers": [
            {"type": "embedding", "dim": 8}, {"type": "mean_pool"}, {"type": "linear", "out": 8}, {"type": "relu"},
            {"type": "linear", "out": 2}]},
        "threat": {"space": "tokens", "norm": "l0", "eps": LIMIT},
        "train": {"method": {"type": "natural"}, "loss": {"type": "cross_entropy"},
                  "optimizer": {"type": "adam", "lr": 0.02}, "epochs": 5, "batch_size": 32},
        "evaluate": {"attacks": [{**substitution, "name": "delete"},
                                 {**substitution, "name": "weighted-saliency", "recipe": "pwws"}]}}


def tensors(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    found = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        if entry["dtype"] == "F32":
            found[name] = numpy.frombuffer(data[8 + size + begin:8 + size + end], "<f4").reshape(entry["shape"])
    return found, json.loads(header["__metadata__"]["spar.vocabulary"])


class Model(textattack.models.wrappers.ModelWrapper):
    def __init__(self, path):
        self.weights, vocabulary = tensors(path)
        self.ids = {word: i for i, word in enumerate(vocabulary) if i > 2}
        self.model = None

    def __call__(self, texts):
        w = self.weights
        rows = []
        for text in texts:
            ids = [self.ids.get(word, 1) for word in text.lower().split()]
            mean = w["0.weight"][ids].mean(0) if ids else numpy.zeros(w["0.weight"].shape[1], "f4")
            hidden = numpy.maximum(w["2.weight"] @ mean + w["2.bias"], 0)
            out = w["4.weight"] @ hidden + w["4.bias"]
            rows.append(numpy.exp(out - out.max()) / numpy.exp(out - out.max()).sum())
        return numpy.array(rows)


class Listed(WordSwap):
    def __init__(self, listed):
        super().__init__()
        self.listed = listed

    def _get_replacement_words(self, word):
        return self.listed.get(word, [])


def by_the_papers(model, clean, label, listed, order):
    """What the papers define: the text that the attack ends with, and whether the model errs there."""
    words = clean.split()
    ask = lambda texts: model([" ".join(text) for text in texts])
    before = ask([words])[0]
    swap = lambda text, i, word: text[:i] + [word] + text[i + 1:]
    if order == "delete":  # TextFooler, equation 2
        without = ask([words[:i] + words[i + 1:] for i in range(len(words))])
        importance = [before[label] - p[label] + (p[p.argmax()] - before[p.argmax()]) * (p.argmax() != label) for p in without]
        best = None
    else:  # PWWS, equations 4 to 8
        unknown = ask([swap(words, i, "[UNK]") for i in range(len(words))])
        saliency = numpy.array([before[label] - p[label] for p in unknown])
        share = numpy.exp(saliency) / numpy.exp(saliency).sum()
        tried = [ask([swap(words, i, other) for other in listed[w]])[:, label] for i, w in enumerate(words)]
        best = [listed[w][p.argmin()] for w, p in zip(words, tried)]
        importance = [s * (before[label] - p.min()) for s, p in zip(share, tried)]
    text, result, edits, now = words, words, 0, before[label]
    for i in sorted(range(len(words)), key=lambda i: -importance[i]):
        if edits == LIMIT:
            break
        others = [best[i]] if best else listed[words[i]]
        found = ask([swap(text, i, other) for other in others])
        errs = [k for k, p in enumerate(found) if p.argmax() != label]
        k = errs[0] if errs else found[:, label].argmin()
        if best or errs or found[k][label] < now:
            text, edits = swap(text, i, others[k]), edits + 1
            if errs or found[k][label] < now:
                result, now = text, found[k][label]
        if errs:
            return result, True
    return result, False


def main(spar, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.tsv").write_text(reviews(400, 1))
    (folder / "test.tsv").write_text(reviews(200, 2))
    for count in (1, 4):
        listed = synonyms(count)
        (folder / "synonyms.txt").write_text("".join(f"{w} {' '.join(to)}\n" for w, to in listed.items()))
        (folder / "p.json").write_text(json.dumps(pipeline(folder)))
        out = folder / f"out{count}"
        subprocess.run([spar, "run", folder / "p.json", "--out", out], check=True, stdout=subprocess.DEVNULL)
        model = Model(out / "model.safetensors")
        for order in ("delete", "weighted-saliency"):
            attack = textattack.Attack(
                UntargetedClassification(model), [RepeatModification(), MaxWordsPerturbed(max_num_words=LIMIT)],
                Listed(listed), GreedyWordSwapWIR(wir_method=order))
            same = places = results = total = defined = 0
            for row in csv.DictReader((out / "adversarial" / f"{order}.csv").open()):
                if row["result_type"] == "Skipped":
                    continue
                clean = re.sub(r"\[\[|\]\]", "", row["original_text"])
                ours = re.sub(r"\[\[|\]\]", "", row["perturbed_text"]).split()
                found = attack.attack(clean, int(row["ground_truth_output"]))
                succeeded = type(found).__name__ == "SuccessfulAttackResult"
                theirs = found.perturbed_result.attacked_text.text.split()
                total += 1
                paper = by_the_papers(model, clean, int(row["ground_truth_output"]), listed, order)
                defined += paper == (ours, row["result_type"] == "Successful")
                results += (row["result_type"] == "Successful") == succeeded
                if not succeeded:  # TextAttack gives the best text of any, Spar what it has become
                    same += row["result_type"] == "Failed"
                    places += row["result_type"] == "Failed"
                    continue
                same += ours == theirs
                differ = [[i for i, (a, b) in enumerate(zip(clean.split(), text)) if a != b] for text in (ours, theirs)]
                places += differ[0] == differ[1]
            print(f"{count} candidates, {order}: {total} texts, same outcome {results}, same words changed {places}, "
                  f"same text {same}; as the paper defines {defined}")


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
