"""Reading training data alone, beside PyTorch."""
import statistics

from common import HERE, THREADS, bench, mnist, over, spread, table

BYTES = 784 + 4 * 784  # of an example: pixels read, floats written


class Loading:
    def __init__(self, torch, limits):
        self.torch, self.limits = torch, limits
        self.mine, self.theirs = [], {threads: [] for threads in THREADS if torch.version}

    def round(self):
        mnist()  # sets SPAR_DATA
        self.mine.append(bench("data_bench", HERE / "mnist-natural.json"))
        for threads, rounds in self.theirs.items():
            rounds.append(self.torch.run("torch_loading.py", mnist(), threads))

    def lines(self):
        mine = [r["examples_per_second"] for r in self.mine]
        readers = [("Spar, one thread", mine, self.mine)]
        for name, key in (("DataLoader", "loader"), ("rows of one tensor", "rows")):
            if self.theirs:
                best = max(self.theirs.values(), key=lambda rounds: statistics.median(r[key] for r in rounds))
                readers.append((f"PyTorch, {name}", [r[key] for r in best], best))
        rows = []
        for name, rates, rounds in readers:
            share = statistics.median(rates) * BYTES * 1e-9 / self.limits.of("memory", 1)
            rows.append([name, spread(rates), f"{share:.0%}", "" if rates is mine else spread(over(mine, rates), 1),
                         spread([r["seconds_to_open"] for r in rounds], 2)])
        return [
            "## Loading", "",
            "MNIST's 60,000 images in shuffled batches of 128, once the files are open; PyTorch's best of one and two "
            f"threads. The share is of one core's memory bandwidth, at {BYTES:,} bytes an example.", "",
            *table(["", "examples/s", "share of the bandwidth", "Spar / it", "seconds to open"], rows)]
