"""Whether time and memory of a step on texts are straight in the number of tokens, but for attention's square. On one
thread; batches of 16 texts that all have as many tokens as the batch is long. Time is the processor's: what a run takes
for epochs beyond the second."""
import json
import pathlib
import random
import tempfile

from common import binary

LENGTHS = (32, 64, 96, 128, 192, 256, 384, 512)
BATCH, STEPS, WORDS = 16, 4, 1000
END = [{"type": "mean_pool"}, {"type": "linear", "out": 2}]
# Layers after the embedding, the degree in the length, and epochs beyond the second.
MODELS = {
    "transformer, 2 layers, d 64, 4 heads, 128 wide": (
        [{"type": "positions"}, {"type": "transformer", "layers": 2, "heads": 4, "hidden": 128}, *END], 2, 8),
    "text CNN, d 64, 3 windows": (
        [{"type": "conv1d", "out": 64, "kernel": 3, "padding": 1}, {"type": "relu"}, {"type": "max_over_positions"},
         END[1]], 1, 200),
    "LSTM, d 64": ([{"type": "lstm", "hidden": 64}, *END], 1, 50),
}


def texts(path, length):
    draw = random.Random(length)
    path.write_text("".join(f"{i % 2}\t" + " ".join(f"w{draw.randrange(WORDS)}" for _ in range(length)) + "\n"
                            for i in range(STEPS * BATCH)))


def pipeline(folder, layers, length, epochs):
    wanted = {
        "version": 2, "name": "tokens", "seed": 1,
        "data": {"tokenizer": {"type": "words"}, "max_length": length,
                 "train": {"type": "text", "file": str(folder / "texts.tsv")}},
        "model": {"type": "sequential", "layers": [{"type": "embedding", "dim": 64}, *layers]},
        "train": {"method": {"type": "natural"}, "loss": {"type": "cross_entropy"}, "optimizer": {"type": "adam"},
                  "epochs": epochs, "batch_size": BATCH}}
    file = folder / f"{epochs}.json"
    file.write_text(json.dumps(wanted))
    return file


def solved(rows):
    """x of a x = b, from rows [a, b]."""
    rows = [list(row) for row in rows]
    for i in range(len(rows)):
        pivot = max(range(i, len(rows)), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(len(rows)):
            if r != i:
                share = rows[r][i] / rows[i][i]
                rows[r] = [a - share * b for a, b in zip(rows[r], rows[i])]
    return [row[-1] / row[i] for i, row in enumerate(rows)]


def fit(lengths, values, degree):
    """The polynomial of least relative squares, lowest power first, and its greatest relative remainder."""
    most, powers = max(lengths), range(degree + 1)
    terms = [[(n / most)**k / y for k in powers] for n, y in zip(lengths, values)]
    scaled = solved([[sum(t[i] * t[k] for t in terms) for k in powers] + [sum(t[i] for t in terms)] for i in powers])
    left = max(abs(sum(c * a for c, a in zip(scaled, t)) - 1) for t in terms)
    return [c / most**k for k, c in enumerate(scaled)], left


def said(lengths, values, degree, unit):
    coefficients, left = fit(lengths, values, degree)
    terms = [f"{c:.3g}" + ("", " n", " n^2")[k] for k, c in enumerate(coefficients)]
    return f"{' + '.join(terms).replace('+ -', '- ')} {unit}, at most {100 * left:.1f} % off"


def tokens(usage_of):
    for name, (layers, degree, more) in MODELS.items():
        times, peaks = [], []
        for length in LENGTHS:
            with tempfile.TemporaryDirectory() as made:
                folder = pathlib.Path(made)
                texts(folder / "texts.tsv", length)
                runs = [usage_of([binary(), "run", pipeline(folder, layers, length, epochs), "--out",
                                  folder / f"run{epochs}", "--threads", "1"]) for epochs in (2, 2 + more)]
            seconds = [run.ru_utime + run.ru_stime for run in runs]
            times.append(1000 * (seconds[1] - seconds[0]) / (STEPS * more))
            peaks.append(max(run.ru_maxrss for run in runs) / 1024)
            print(f"{name}, {length} tokens: {times[-1]:.2f} ms, {1000 * times[-1] / length:.1f} microseconds a token; "
                  f"{peaks[-1]:.0f} MiB", flush=True)
        print(f"  time: {said(LENGTHS, times, degree, 'ms')}")
        if degree == 2:
            print(f"  time by a straight line: {said(LENGTHS, times, 1, 'ms')}")
        print(f"  memory: {said(LENGTHS, peaks, degree, 'MiB')}", flush=True)
