"""PyTorch beside ours: the newest that is installed, in every way of running it that is tried."""
import statistics

from common import HERE, answer, python_with


class PyTorch:
    def __init__(self, python, version, precisions):
        self.python, self.version, self.precisions = python, version, precisions

    def ways(self, threads):
        """(threads, layout, precision) of each."""
        return [(threads, layout, precision) for layout in ("plain", "channels_last")
                for precision in self.precisions]

    def run(self, script, *arguments):
        return answer(self.python, HERE / script, *arguments)

    def columns(self, *heads):
        """Of a table, once for each precision."""
        return [head.format(precision) for precision in self.precisions for head in heads]


NONE = PyTorch(None, None, ())


def find(bf16):
    """bf16: whether the processor has it; otherwise PyTorch would emulate it."""
    found = python_with("torch")
    return PyTorch(*found, ("f32", "bf16") if bf16 else ("f32",)) if found else NONE


def best(rates, threads, precision):
    """The fastest way with at most this many threads: of {way: rates of its rounds}."""
    able = [way for way in rates if way[0] <= threads and way[2] == precision]
    return max(able, key=lambda way: statistics.median(rates[way]))
