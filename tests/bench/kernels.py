"""The inner loops whose costs have an aim, by Google Benchmark."""
from common import bench, spread, table

# Of the convolution that an attack's gradient ends in: images of 28 by 28 with one channel, and of 32 by 32 with three.
CHANNELS = (1, 3)


class Kernels:
    def __init__(self):
        self.rounds = []

    def round(self):
        answer = bench("kernel_bench", "--benchmark_filter=^first_conv(_gradient)?/", "--benchmark_format=json",
                       "--benchmark_min_time=0.2")
        self.rounds.append({b["name"]: b["cpu_time"] for b in answer["benchmarks"]})

    def lines(self):
        def ratio(channels):
            return [r[f"first_conv_gradient/{channels}"] / r[f"first_conv/{channels}"] for r in self.rounds]

        return [
            "## Kernels", "",
            "One thread. `./dev bench kernels` times these and the others by themselves.", "",
            *table(["costs beside each other", *(f"{n} channel{'s' if n > 1 else ''}" for n in CHANNELS), "aim"],
                   [["gradient at the input of the first convolution, in its forward passes",
                     *(spread(ratio(n), 2) for n in CHANNELS), "at most 1.3"]])]
