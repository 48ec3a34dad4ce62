#!/usr/bin/env python3
"""The contract as decision 0013 decides it: its headers compile as C11 and as C++20, and plugins
written against them compile, load and do what they should against small hosts.

usage: contract_to_come_test.py COMPILER...   compilers of C are told by their names
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import tree

DECISION = tree.ROOT / "docs/decisions/0013"
HERE = pathlib.Path(__file__).parent
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
INCLUDES = [f"-I{DECISION / 'include'}", f"-I{tree.ROOT / 'sdk/include'}"]
COMPILERS = [c for c in sys.argv[1:] if shutil.which(c)]


def is_c(compiler):
    return "++" not in pathlib.Path(compiler).name


def run(*command, text=None):
    ran = subprocess.run([str(word) for word in command], input=text, capture_output=True, text=True)
    return "" if ran.returncode == 0 else f"{' '.join(map(str, command))}\n{ran.stdout}{ran.stderr[:3000]}"


def compiled(compiler, *rest):
    return run(compiler, "-std=c11" if is_c(compiler) else "-std=c++20", *WARNINGS, *INCLUDES, *rest)


class ContractToCome(unittest.TestCase):
    maxDiff = None

    def test_every_header_compiles_alone(self):
        headers = sorted((DECISION / "include").rglob("*.h"))
        self.assertGreater(len(headers), 10)
        for compiler in COMPILERS:
            for header in headers:
                complaint = run(compiler, *(["-x", "c", "-std=c11"] if is_c(compiler) else
                                            ["-x", "c++", "-std=c++20"]), *WARNINGS, *INCLUDES,
                                "-fsyntax-only", "-", text=f'#include "{header}"\n')
                self.assertEqual(complaint, "")

    def test_plugins_and_hosts_understand_each_other(self):
        plugins = sorted(p for p in (DECISION / "plugins").iterdir() if p.suffix in (".c", ".cpp"))
        self.assertGreaterEqual(len(plugins), 3)
        tried = 0
        for compiler in COMPILERS:
            mine = [p for p in plugins if (p.suffix == ".c") == is_c(compiler)]
            if is_c(compiler):
                for plugin in mine:
                    self.assertEqual(compiled(compiler, "-fsyntax-only", plugin), "")
                continue
            beside = next((c for c in COMPILERS if is_c(c) and ("clang" in c) == ("clang" in compiler)),
                          None)
            if beside is None:
                continue
            with tempfile.TemporaryDirectory() as folder:
                for plugin in plugins:
                    with_it = beside if plugin.suffix == ".c" else compiler
                    self.assertEqual(compiled(with_it, "-shared", "-fPIC", "-fvisibility=hidden",
                                              "-Wl,--no-undefined", plugin, "-lm", "-o",
                                              f"{folder}/{plugin.stem}.so"), "")
                sources = sorted((HERE / "contract_to_come").glob("*.cpp"))
                self.assertEqual(compiled(compiler, *sources, "-ldl", "-o", f"{folder}/hosts"), "")
                self.assertEqual(run(f"{folder}/hosts", folder), "")
                tried += 1
        self.assertGreater(tried, 0)


if __name__ == "__main__":
    for missing in sorted(set(sys.argv[1:]) - set(COMPILERS)):
        print(f"SKIPPED: {missing} is not there")
    unittest.main(argv=sys.argv[:1])
