"""What the scripts beside it share."""
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
THREADS = (1, 2)


def binary():
    return os.environ.get("SPAR_BINARY", ROOT / "build/dev/bin/spar")


def build(*presets):
    for preset in presets:
        if preset != "release" or "SPAR_BINARY" not in os.environ:
            subprocess.run(["./dev", "build", preset], cwd=ROOT, check=True, stdout=sys.stderr)


def mnist():
    """The folder of MNIST, below SPAR_DATA, which the pipelines read."""
    return pathlib.Path(os.environ.setdefault("SPAR_DATA", str(ROOT / "data")), "mnist")


def answer(*command):
    """The JSON that a command prints."""
    words = [str(word) for word in command]
    return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)


def bench(name, *arguments):
    return answer(ROOT / "build/dev/bin" / name, *arguments)


def python_with(module):
    """(Python, version) that has the newest of a module: this one's or Debian's; None where neither has it."""
    found = []
    for python in dict.fromkeys([sys.executable, "/usr/bin/python3"]):
        out = subprocess.run([python, "-c", f"import {module}; print({module}.__version__)"],
                             capture_output=True, text=True)
        if out.returncode == 0:
            version = out.stdout.strip()
            found.append(([int(number) for number in re.findall(r"\d+", version)[:3]], python, version))
    return max(found)[1:] if found else None


def spread(values, digits=None):
    """The median, and the range."""
    if digits is None:
        digits = 0 if max(values) >= 20 else 1
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def over(ours, theirs):
    """Ours over theirs, round by round."""
    return [a / b for a, b in zip(ours, theirs)]


def table(head, rows):
    return ["| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows]]
