"""Draws what scaling.py measured, JSON on standard input, beside straight lines through each first and last point.

    scaling_plot.py FILE.svg
"""
import json
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "scaling", "font.size": 9, "axes.spines.top": False,
                            "axes.spines.right": False})
from matplotlib import pyplot  # noqa: E402 (the backend is chosen above)

ACROSS = 3


def main():
    measured = json.load(sys.stdin)
    rows = len(measured) // ACROSS + 1  # the last cell is free, for the legend
    figure, axes = pyplot.subplots(rows, ACROSS, figsize=(10, 3 * rows), layout="constrained")
    for axis, series in zip(axes.flat, measured):
        sizes, times = series["sizes"], series["ms"]
        axis.plot([sizes[0], sizes[-1]], [times[0], times[-1]], color="0.6", linewidth=1)
        axis.plot(sizes, times, "o", markersize=4, clip_on=False)
        axis.set(title=series["what"], xlabel=series["of"], ylabel="ms", xlim=(0, None), ylim=(0, None))
    for axis in axes.flat[len(measured):]:
        axis.set_axis_off()
    axes.flat[-1].legend(axes.flat[0].lines, ["straight from first to last", "measured"], loc="center", frameon=False)
    figure.savefig(sys.argv[1], metadata={"Date": None})


if __name__ == "__main__":
    main()
