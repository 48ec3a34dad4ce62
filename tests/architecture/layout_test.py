#!/usr/bin/env python3
"""The layout of the contract, as a C compiler sees it, against the one on record in layout.txt.

A struct may grow at its end and a constant may be added: then run this with --write and look at the
difference, which must add lines and, beside sizes, change none.

usage: layout_test.py COMPILER [--write]
"""
import difflib
import pathlib
import re
import subprocess
import sys
import tempfile

import tree

RECORD = pathlib.Path(__file__).with_name("layout.txt")


def structs_and_constants():
    structs, constants = [], []
    for path in tree.files("sdk/include/spar/abi"):
        code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        constants += re.findall(r"#define (SPAR_[A-Z0-9_]+) (?=[-0-9])", code)
        for body, name in re.findall(r"typedef struct \w+ \{(.*?)\n\} (\w+);", code, flags=re.S):
            fields = []
            for member in body.split(";"):
                function = re.search(r"\(\*(\w+)\)", member)
                plain = re.findall(r"(\w+)(?:\[\w+\])?\s*(?:,|$)", member.strip())
                fields += [function.group(1)] if function else plain
            structs.append((name, fields))
    return structs, constants


def program():
    structs, constants = structs_and_constants()
    lines = ["#include <spar/abi.h>", "#include <stdio.h>", "int main(void) {"]
    for name in constants:
        lines.append(f'printf("{name} = %lld\\n", (long long)({name}));')
    for name, fields in structs:
        lines.append(f'printf("{name}: %zu bytes\\n", sizeof({name}));')
        for field in fields:
            lines.append(f'printf("  %3zu {field}: %zu\\n", offsetof({name}, {field}),'
                         f' sizeof((({name} *)0)->{field}));')
    return "\n".join(lines + ["return 0; }"]) + "\n"


def layout(compiler):
    with tempfile.TemporaryDirectory() as folder:
        source, binary = pathlib.Path(folder, "layout.c"), pathlib.Path(folder, "layout")
        source.write_text(program())
        subprocess.run([compiler, "-std=c11", f"-I{tree.ROOT / 'sdk/include'}", str(source), "-o",
                        str(binary)], check=True)
        return subprocess.run([str(binary)], check=True, capture_output=True, text=True).stdout


def main():
    now = layout(sys.argv[1])
    if "--write" in sys.argv:
        RECORD.write_text(now)
        return 0
    difference = list(difflib.unified_diff(RECORD.read_text().splitlines(), now.splitlines(),
                                           "on record", "now", lineterm=""))
    print("\n".join(difference) if difference else "the layout is the one on record")
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
