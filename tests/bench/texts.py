"""FreeLB-3 on encoders of text: a small one on texts of 8 to 48 words, and one of 6 layers on texts of 64."""
import random

WORDS, BATCH, CLASSES = 8000, 32, 2
NETS = {  # width, heads, hidden, layers, and the lengths of texts
    "freelb-3-small": (128, 4, 256, 2, (8, 48)),
    "freelb-3-base": (512, 8, 2048, 6, (64, 64)),
}


def lengths(work):
    """Of the texts in a batch; one is as long as may be."""
    least, most = NETS[work][4]
    return [most, *(random.Random(i).randint(least, most) for i in range(1, BATCH))]


def passes(work):
    """MFLOP of one pass of one text, at the length to which its batch is filled."""
    width, _, hidden, layers, (_, length) = NETS[work]
    linear = length * (4 * width * width + 2 * width * hidden)
    products = 2 * length * length * width
    return 2e-6 * layers * (linear + products)


# Each of the three steps goes forward, back to the vectors and to the parameters.
WORK = {work: ({"type": "freelb", "steps": 3, "step_size": 0.1, "init": 0.1}, 3 * 3 * passes(work)) for work in NETS}


def pipeline_of(work, folder):
    """The batch is the first 32 texts of the file; the others are there for their words."""
    width, heads, hidden, layers, (_, most) = NETS[work]
    chosen = random.Random(1)
    rows = [[chosen.randrange(WORDS) for _ in range(length)] for length in lengths(work)]
    rows += [range(begin, begin + 40) for begin in range(0, WORDS, 40)]
    file = folder / "texts.tsv"
    file.write_text("".join(f"{i % CLASSES}\t{' '.join(f'w{word}' for word in row)}\n" for i, row in enumerate(rows)))
    return {
        "version": 2, "name": work, "seed": 1,
        "data": {"tokenizer": {"type": "words"}, "max_length": most,
                 "train": {"type": "text", "file": str(file)}},
        "model": {"type": "sequential", "layers": [
            {"type": "embedding", "dim": width}, {"type": "positions"}, {"type": "dropout", "p": 0.1},
            {"type": "transformer", "layers": layers, "heads": heads, "hidden": hidden, "norm_first": True,
             "dropout": 0.1, "activation": "gelu"},
            {"type": "mean_pool"}, {"type": "linear", "out": CLASSES}]},
        "threat": {"norm": "l2", "eps": 0.2, "space": "embedding"},
        "train": {"method": WORK[work][0], "loss": {"type": "cross_entropy"},
                  "optimizer": {"type": "adamw", "lr": 0.001, "weight_decay": 0.01}, "clip": {"norm": 1},
                  "epochs": 1, "batch_size": BATCH}}
