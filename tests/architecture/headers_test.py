#!/usr/bin/env python3
"""Every header compiles alone; the contract as C11 and as C++20.

usage: headers_test.py COMPILER... [-- OPTION...]   compilers of C are told by their names
"""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

import tree

COMPILERS, OPTIONS = [], []


def is_c(compiler):
    return "++" not in pathlib.Path(compiler).name


def has_libcxx():
    """Whether clang's own standard library is there."""
    command = ["clang++", "-std=c++20", "-stdlib=libc++", "-fsyntax-only", "-x", "c++", "-"]
    ran = shutil.which("clang++") and subprocess.run(command, input="#include <vector>\n", capture_output=True, text=True)
    return bool(ran) and ran.returncode == 0


def complaint(compiler, header, *more):
    """What a compiler says of a file that only includes the header."""
    language = ["-x", "c", "-std=c11"] if is_c(compiler) else ["-x", "c++", "-std=c++20"]
    folders = ["sdk/include", "framework", "tests/support", str(header.parent)]
    command = [compiler, *language, "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion",
               "-Werror", *more, *OPTIONS, *(f"-I{tree.ROOT / folder}" for folder in folders), "-"]
    ran = subprocess.run(command, input=f'#include "{header}"\n', capture_output=True, text=True)
    return "" if ran.returncode == 0 else f"{tree.name(header)} with {compiler}:\n{ran.stderr[:2000]}"


def all_alone(compilers, headers, *more):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(complaint, c, h, *more) for h in headers for c in compilers]
        return [text for text in (job.result() for job in jobs) if text]


class Headers(unittest.TestCase):
    maxDiff = None

    def test_the_contract_as_c_and_as_cpp(self):
        headers = [h for h in tree.files("sdk/include/spar") if h.suffix == ".h"]
        self.assertGreater(len(headers), 5)
        self.assertEqual(all_alone(COMPILERS, headers), [])

    def test_the_sdk(self):
        headers = [h for h in tree.files("sdk/include/spar") if h.suffix == ".hpp"]
        self.assertGreater(len(headers), 10)
        self.assertEqual(all_alone([c for c in COMPILERS if not is_c(c)], headers), [])

    @unittest.skipUnless(has_libcxx(), "libc++ is not there")
    def test_the_sdk_with_libcxx(self):
        headers = [h for h in tree.files("sdk/include/spar") if h.suffix == ".hpp"]
        self.assertEqual(all_alone(["clang++"], headers, "-stdlib=libc++"), [])

    def test_the_host(self):
        headers = [h for h in tree.files("framework") if h.suffix == ".hpp"]
        self.assertGreater(len(headers), 10)
        one = [c for c in COMPILERS if not is_c(c)][:1]
        # as the host is built: what holds the SDK's hidden types is hidden too
        self.assertEqual(all_alone(one, headers, "-fvisibility=hidden"), [])


if __name__ == "__main__":
    words = sys.argv[1:]
    split = words.index("--") if "--" in words else len(words)
    COMPILERS = [c for c in words[:split] if shutil.which(c)]
    for missing in sorted(set(words[:split]) - set(COMPILERS)):
        print(f"SKIPPED: {missing} is not there")
    OPTIONS = words[split + 1:]
    unittest.main(argv=sys.argv[:1])
