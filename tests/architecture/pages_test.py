#!/usr/bin/env python3
"""What README and the guides show is so: pipelines check, lists are whole, messages are the program's.

usage: pages_test.py PLUGIN_FOLDER SPAR [--demo OUTPUT]
With --demo, only README's output of the demo is looked at, beside OUTPUT, a file with a new one.
"""
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

import tree

PLUGINS = SPAR = DEMO = None
README = tree.ROOT / "README.md"
GUIDES = [README, tree.ROOT / "CONTRIBUTING.md", *sorted((tree.ROOT / "docs").glob("*.md"))]


def blocks(path, language):
    """The fenced blocks of a page that are in a language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", path.read_text(), flags=re.S | re.M)
    return [text for word, text in fenced if word == language]


def spar(*words, folder):
    environment = {**os.environ, "SPAR_PLUGIN_PATH": str(PLUGINS), "XDG_DATA_HOME": "/nonexistent"}
    return subprocess.run([SPAR, *words], env=environment, cwd=folder, capture_output=True, text=True)


def strings(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def types(value):
    """Every "type" of a JSON value."""
    if isinstance(value, list):
        return {t for item in value for t in types(item)}
    if not isinstance(value, dict):
        return set()
    own = {value["type"]} if isinstance(value.get("type"), str) else set()
    return own.union(*(types(item) for item in value.values()))


def rows_of(text):
    """The accuracies of a table of results, by name."""
    found = re.findall(r"^\s+(clean|worst case|\w+)\s+(?:\w+ [0-9.]+(?: words?)?)?\s+([0-9.]+) %  +[0-9.]+ - [0-9.]+",
                       text, flags=re.M)
    return {name: float(share) for name, share in found}


@unittest.skipIf("--demo" in sys.argv, "the demo alone")
class Pages(unittest.TestCase):
    def test_readme_shows_the_pipeline_of_the_demo(self):
        shown = json.loads(blocks(README, "json")[0])
        example = json.loads((tree.ROOT / "docs/examples/digits-pgd.json").read_text())
        self.assertEqual(shown, example)

    def test_readme_lists_every_component(self):
        listed = {}
        for component in json.loads(spar("list", "--json", folder=tree.ROOT).stdout)["components"]:
            listed.setdefault(component["kind"], set()).add(component["type"])
        shown = {kind: set(re.findall(r"`(\w+)`", names))
                 for kind, names in re.findall(r"^\| (\w+) \| (`.*) \|$", README.read_text(), flags=re.M)}
        self.assertEqual(shown, listed)

    def test_pipelines_check(self):
        tried = 0
        for page in GUIDES:
            for text in blocks(page, "json"):
                if '"version"' not in text:
                    continue
                tried += 1
                with self.subTest(page=page.name), tempfile.TemporaryDirectory() as folder:
                    for name in strings(json.loads(text)):
                        if "." in name and "/" not in name:
                            (pathlib.Path(folder) / name).touch()
                    (pathlib.Path(folder) / "page.json").write_text(text)
                    checked = spar("check", "page.json", folder=folder)
                    self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertGreaterEqual(tried, 2)

    def test_parts_of_pipelines_name_what_there_is(self):
        described = json.loads(spar("describe", "sequential", "--json", folder=tree.ROOT).stdout)
        known = set(re.findall(r'"const": ?"(\w+)"', json.dumps(described)))
        known |= {c["type"] for c in json.loads(spar("list", "--json", folder=tree.ROOT).stdout)["components"]}
        known |= {"constant", "step", "cosine", "linear", "cyclic"}
        for page in GUIDES:
            for text in blocks(page, "json"):
                if '"version"' in text:
                    continue
                with self.subTest(page=page.name, text=text[:60]):
                    # A node, a list's items, or an object's members.
                    open_, close = "[]" if text.startswith("{") else "{}"
                    part = json.loads(open_ + re.sub(r",?\s*\.\.\.", "", text) + close)
                    # A plugin that the page itself writes.
                    own = set(re.findall(r'\.type = "(\w+)"', page.read_text()))
                    self.assertLessEqual(types(part), known | own)

    def test_compose_shows_the_checkers_own_words(self):
        page = (tree.ROOT / "docs/compose.md").read_text()
        shown = re.search(r"^    \$ spar check broken\.json\n((?:    .+\n)+)", page, flags=re.M).group(1)
        broken = json.loads(blocks(README, "json")[0])
        broken["train"]["optimiser"] = broken["train"].pop("optimizer")
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "broken.json").write_text(json.dumps(broken))
            checked = spar("check", "broken.json", folder=folder)
        self.assertEqual(checked.returncode, 3)
        said = (checked.stdout + checked.stderr).splitlines()
        for line in shown.splitlines():
            wanted = ".*".join(re.escape(part) for part in line.strip().split("..."))
            self.assertTrue(any(re.fullmatch(wanted, text) for text in said), f"{line}\n{said}")

    def test_compose_names_the_methods_under_l0(self):
        page = (tree.ROOT / "docs/compose.md").read_text()
        shown = set(re.findall(r"`(\w+)`", re.search(r"node inside them \(([^)]*)\)", page).group(1)))
        pipeline = {**json.loads(blocks(README, "json")[0]), "threat": {"norm": "l0", "eps": 3}}
        del pipeline["evaluate"]
        inside = {"type": "pgd_at", "attack": {"type": "pgd"}}

        def check(method):
            pipeline["train"]["method"] = method
            with tempfile.TemporaryDirectory() as folder:
                (pathlib.Path(folder) / "l0.json").write_text(json.dumps(pipeline))
                checked = spar("check", "l0.json", folder=folder)
            return checked.returncode, checked.stdout + checked.stderr
        _, said = check({"type": "free"})
        named = set(re.search(r"methods that take this threat: ([\w, ]+)", said).group(1).split(", "))
        self.assertLessEqual(named - {"natural"}, shown)
        for name in shown:
            with self.subTest(method=name):
                own = {"attack": {"type": "pgd"}}
                if name in ("awp", "input_gradient_penalty"):
                    own = {"method": inside, **({"weight": 0.1} if name != "awp" else {})}
                code, said = check({"type": name, **own})
                self.assertEqual(code, 0, said)

    def test_run_folder_lists_the_norms(self):
        header = (tree.ROOT / "sdk/include/spar/abi/base.h").read_text()
        numbers = {(number, name.lower()) for name, number in re.findall(r"^#define SPAR_NORM_(\w+) (\d+)", header, flags=re.M)}
        page = " ".join((tree.ROOT / "docs/run-folder.md").read_text().split())
        shown = set(re.findall(r"(\d): (\w+)", re.search(r"`norm` \(([^)]*)\)", page).group(1)))
        self.assertEqual(shown, numbers)

    def test_compose_shows_what_runs_give(self):
        """And the pair of texts that stands between a run and the next."""
        page = (tree.ROOT / "docs/compose.md").read_text()
        runs = page.split("\n    $ spar run docs/")[1:]
        self.assertEqual(len(runs), 5)
        pairs = 0
        for text in runs:
            words = shlex.split("docs/" + text.splitlines()[0])
            with self.subTest(run=words), tempfile.TemporaryDirectory() as folder:
                ended = spar("run", *words, "--out", folder + "/run", folder=tree.ROOT)
                self.assertEqual(ended.returncode, 0, ended.stderr)
                wanted, found = rows_of(text), rows_of(ended.stdout)
                self.assertGreaterEqual(len(wanted), 3)
                for name, share in wanted.items():  # other processors round otherwise
                    self.assertLessEqual(abs(share - found[name]), 4, f"{name}: {share} % shown, {found[name]} %")
                for before, after in re.findall(r"^    (.*)\n    -> (.*)$", text, flags=re.M):
                    pairs += 1
                    tables = [file.read_text() for file in pathlib.Path(folder).glob("run/adversarial/*.csv")]
                    self.assertTrue(any(f'"{before}","{after}"' in table for table in tables), after)
        self.assertEqual(pairs, 1)

    def test_links_lead_somewhere(self):
        for page in GUIDES:
            for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
                with self.subTest(page=page.name, target=target):
                    self.assertTrue((page.parent / target).exists())


@unittest.skipUnless("--demo" in sys.argv, "needs the demo's output")
class Demo(unittest.TestCase):
    def test_readme_shows_what_it_prints(self):
        shown = rows_of(next(text for text in blocks(README, "") if "worst case" in text))
        printed = rows_of(pathlib.Path(DEMO).read_text())
        self.assertEqual(shown.keys(), printed.keys())
        self.assertGreaterEqual(len(shown), 4)
        for name, share in shown.items():
            self.assertLessEqual(abs(share - printed[name]), 4, f"{name}: {share} % shown, {printed[name]} %")


if __name__ == "__main__":
    PLUGINS, SPAR = pathlib.Path(sys.argv[1]), sys.argv[2]
    DEMO = sys.argv[4] if "--demo" in sys.argv else None
    unittest.main(argv=sys.argv[:1])
