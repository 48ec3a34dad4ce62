#!/usr/bin/env python3
"""Rules on what was built: what a plugin exports and needs, and that the host knows none by name.

usage: binaries_test.py PLUGIN_FOLDER SPAR SANITIZED
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

import tree

PLUGINS = SPAR = None
SANITIZED = False
# Words that are a component's type and a word of the host's own grammar as well.
WORDS_OF_THE_HOST = {
    "json": "the option --json",
    "text": "the function of a dataset that gives one",
    "words": "the function of a tokenizer, in messages",
    "cross_entropy": "what attacks make grow on classes, by default",
    "mse": "what attacks make grow on values, by default",
    "text": "the function of a dataset, in messages",
}
# The command that composes a pipeline from files of well-known kinds names the components that read them.
COMPOSES = "framework/compose/"


def output(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


class Plugins(unittest.TestCase):
    def setUp(self):
        self.files = sorted(PLUGINS.glob("*.so"))
        self.assertGreater(len(self.files), 10)

    def test_one_symbol_is_exported(self):
        for file in self.files:
            with self.subTest(plugin=file.name):
                lines = output("nm", "-D", "--defined-only", str(file)).split("\n")
                names = {line.split()[-1] for line in lines if line.strip()}
                self.assertEqual({n for n in names if not n.startswith(("__asan", "__ubsan", "__tsan"))},
                                 {"spar_plugin_entry_v1"})

    def test_no_library_of_ours_is_needed(self):
        for file in self.files:
            with self.subTest(plugin=file.name):
                dynamic = output("readelf", "-d", str(file))
                needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
                self.assertFalse([n for n in needed if "spar" in n or n in [f.name for f in self.files]])
                self.assertNotIn("RPATH", dynamic)
                self.assertNotIn("RUNPATH", dynamic)
                self.assertNotIn("TEXTREL", dynamic)

    def test_nothing_is_left_to_be_found_in_the_host(self):
        if SANITIZED:
            self.skipTest("the sanitizers' runtime is in the host")
        for file in self.files:
            with self.subTest(plugin=file.name):
                unresolved = subprocess.run(["ldd", "-r", str(file)], capture_output=True, text=True)
                self.assertNotIn("undefined symbol", unresolved.stdout + unresolved.stderr)

    def test_every_file_is_named_after_its_folder(self):
        folders = {path.name for path in (tree.ROOT / "plugins").glob("*/*") if path.name != "common"}
        self.assertLessEqual({file.stem for file in self.files}, folders)


class Host(unittest.TestCase):
    def test_it_names_no_component(self):
        environment = {**os.environ, "SPAR_PLUGIN_PATH": str(PLUGINS), "XDG_DATA_HOME": "/nonexistent"}
        listed = subprocess.run([SPAR, "list", "--json"], env=environment, check=True,
                                capture_output=True, text=True).stdout
        types = {c["type"] for c in json.loads(listed)["components"]}
        self.assertGreater(len(types), 10)
        for path in tree.files("framework"):
            if tree.name(path).startswith(COMPOSES):
                continue
            for line, text in enumerate(path.read_text().splitlines(), 1):
                code = text.split("//")[0]
                for word in set(re.findall(r'"([a-z0-9_]+)"', code)) & types:
                    with self.subTest(file=tree.name(path), line=line):
                        self.assertIn(word, WORDS_OF_THE_HOST, f'the host names "{word}"')

    def test_it_exports_nothing_to_plugins(self):
        if SANITIZED:
            self.skipTest("the sanitizers export their runtime")
        names = output("nm", "-D", "--defined-only", SPAR)
        self.assertNotIn("spar4host", names)


if __name__ == "__main__":
    PLUGINS, SPAR = pathlib.Path(sys.argv[1]), sys.argv[2]
    SANITIZED = bool(sys.argv[3:] and sys.argv[3])
    unittest.main(argv=sys.argv[:1])
