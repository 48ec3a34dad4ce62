"""What the machine can do at most: multiply-adds in registers, and copying memory."""
import statistics

from common import THREADS, bench, spread, table


class Limits:
    def __init__(self):
        self.rounds = {threads: [] for threads in THREADS}
        self.round()

    def round(self):
        for threads in THREADS:
            self.rounds[threads].append(bench("limit_bench", threads, 0.5))

    def has(self, what):
        return self.rounds[1][0][what] is not None

    def coarse(self):
        """Whether Spar's attacks in bf16 are."""
        return self.rounds[1][0]["coarse"]

    def of(self, what, threads):
        """Median: GFLOP/s of "f32" and "bf16", GB/s of "memory"."""
        return statistics.median(r[what] for r in self.rounds[threads])

    def lines(self):
        names = {"f32": "multiply-adds in f32, GFLOP/s", "bf16": "multiply-adds in bf16, GFLOP/s",
                 "memory": "copying memory, GB/s read and written"}
        return table(["the machine's limits", "1 thread", "2 threads"],
                     [[name, *(spread([r[what] for r in self.rounds[t]]) if self.has(what) else "none"
                               for t in THREADS)] for what, name in names.items()])
