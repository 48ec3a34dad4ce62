"""Whole commands that hardly work: what starting costs."""
import statistics
import subprocess
import time

from common import ROOT, binary, over, spread, table

OFTEN = 7  # in each round


class StartUp:
    def __init__(self, torch):
        self.commands = {"spar help": [binary(), "help"], "spar list": [binary(), "list"],
                         "spar check": [binary(), "check", ROOT / "docs/examples/digits-pgd.json"]}
        if torch.version:
            self.commands['python -c "import torch"'] = [torch.python, "-c", "import torch"]
        self.took = {name: [] for name in self.commands}

    def round(self):
        for _ in range(OFTEN):
            for name, command in self.commands.items():
                begin = time.perf_counter()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                self.took[name].append(1000 * (time.perf_counter() - begin))

    def lines(self):
        checking = [check - whole for check, whole in zip(self.took["spar check"], self.took["spar list"])]
        theirs = self.took.get('python -c "import torch"')
        return [
            "## Start", "",
            "Whole commands, in turns. `spar help` looks for no plugins, `spar list` for all of them; what `spar "
            f"check` of `docs/examples/digits-pgd.json` takes beyond it, {spread(checking, 1)} ms, is checking.", "",
            *table(["command", "ms", *(["importing torch / it"] if theirs else [])],
                   [[f"`{name}`", spread(times), *([spread(over(theirs, times), 1)] if theirs else [])]
                    for name, times in self.took.items()])]
