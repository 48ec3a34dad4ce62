#!/usr/bin/env python3
"""What README and the guides show is so: pipelines check, lists are whole, messages are the program's.

usage: pages_test.py PLUGIN_FOLDER SPAR [--demo OUTPUT]
With --demo, only README's output of the demo is looked at, beside OUTPUT, a file with a new one.
"""
import json
import os
import pathlib
import re
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

    def test_links_lead_somewhere(self):
        for page in GUIDES:
            for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
                with self.subTest(page=page.name, target=target):
                    self.assertTrue((page.parent / target).exists())


@unittest.skipUnless("--demo" in sys.argv, "needs the demo's output")
class Demo(unittest.TestCase):
    def test_readme_shows_what_it_prints(self):
        def rows(text):
            found = re.findall(r"^\s+(clean|worst case|\w+)\s+(?:\w+ [0-9.]+)?\s+([0-9.]+) %  +[0-9.]+ - [0-9.]+",
                               text, flags=re.M)
            return {name: float(share) for name, share in found}
        shown = rows(next(text for text in blocks(README, "") if "worst case" in text))
        printed = rows(pathlib.Path(DEMO).read_text())
        self.assertEqual(shown.keys(), printed.keys())
        self.assertGreaterEqual(len(shown), 4)
        for name, share in shown.items():
            self.assertLessEqual(abs(share - printed[name]), 4, f"{name}: {share} % shown, {printed[name]} %")


if __name__ == "__main__":
    PLUGINS, SPAR = pathlib.Path(sys.argv[1]), sys.argv[2]
    DEMO = sys.argv[4] if "--demo" in sys.argv else None
    unittest.main(argv=sys.argv[:1])
