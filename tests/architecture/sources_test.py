#!/usr/bin/env python3
"""Rules on the sources alone: what may include what, and how long a file may be."""
import re
import unittest

import tree

# The folders of the host form a line: each may include itself and the ones before it.
LINE = ["base", "text", "plugins", "plan", "instances", "report", "engine", "weights", "run", "compose", "app"]
# Libraries that a plugin may use, by what its CMakeLists.txt links.
LIBRARIES = {"zlib.h": "ZLIB", "zip.h": "zip", "utf8proc.h": "utf8proc", "nlohmann/": "nlohmann_json",
             "spar/array.hpp": "Eigen3::Eigen"}
# What Eigen computes in another way at another address, and the SDK has instead.
ADDRESSED = (r"(?<!session)\.(sum|prod|mean|norm|squaredNorm|stableNorm|lpNorm|dot|maxCoeff|minCoeff|redux|visit|"
             r"exp|expm1|log|log1p|log2|log10|pow|sin|cos|tanh|logistic|erf|rsqrt|inverse)\(")
LONGEST = 300
# What models besides sequential may build on: its engine, which they link.
ENGINE = "plugins/models/sequential"
ROOMS = ("kernels", "graph", "layers")


# Variables of the host that belong to the process, not to an object.
OF_THE_PROCESS = {
    "base/embedder.cpp: held_by",        # the current embedder
    "base/embedder.cpp: nobody",         # the default embedder; it has no state
    "base/secrets.cpp: mutex", "base/secrets.cpp: secrets",  # are shown nowhere in the process
    "base/warnings.cpp: of_this_run",    # plugins warn through a table that knows no run
    "engine/fenced.cpp: mutex", "engine/fenced.cpp: all",    # by address: there is one memory
    "instances/blame.cpp: mutex", "instances/blame.cpp: written",
    "instances/instance.cpp: all",       # a plugin hands back an address, not an object
    "instances/services.cpp: pool",      # the processors are the process's
    "instances/services.cpp: tables_mutex", "instances/services.cpp: all",  # live as long as it
    # Of a thread, for as long as one call lasts, or memory that is kept warm from call to call.
    "plugins/calls.cpp: call", "instances/threads.cpp: inside_task",
    "engine/loss_head.cpp: memory", "engine/attacker.cpp: memory", "engine/attacker.cpp: shown",
}


def code_of(path):
    """The source without comments and texts."""
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', path.read_text())
    return re.sub(r"//[^\n]*", "", re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.S))


def variables(code):
    """Names of variables that live as long as the process or a thread and may change."""
    declared = r"(?P<type>[\w:]+(?:<[^;=(){}]*>)?(?:\s+const)?[\s*&]+(?:const\s+)?)(?P<name>\w+)\s*(?:=[^=]|\{|;|\[|,)"
    kept = re.compile(r"^\s*(?:inline\s+)?(?:static|thread_local)\s+(?:thread_local\s+)?(?:const\s+\w+\s*\*\s*"
                      r"(?P<pointer>\w+)\s*=|(?!const\b|constexpr\b)" + declared + ")")
    # At the margin: of a namespace. Keywords begin something else.
    outside = re.compile(r"^(?!(?:inline\s+)?(?:const|constexpr|constinit|using|namespace|struct|class|enum|template|typedef|"
                         r"return|static|thread_local|extern|friend|public|private|protected|case|default|else|if|for|"
                         r"while|do|switch|try|catch|throw|union)\b)(?:inline\s+)?" + declared)
    names = set()
    for text in code.splitlines():
        match = kept.match(text) or outside.match(text)
        if match:
            names.add(match.groupdict().get("pointer") or match["name"])
    return names


class Includes(unittest.TestCase):
    def test_sdk_needs_the_standard_library_and_dlpack(self):
        for path in tree.files("sdk/include"):
            for line, kind, target in tree.includes(path):
                own = target.startswith("spar/") if kind == "<" else (path.parent / target).is_file()
                with self.subTest(file=tree.name(path), line=line):
                    eigen = target == "Eigen/Core" and path.name == "array.hpp"
                    self.assertTrue(own or target in tree.STANDARD or target == "dlpack/dlpack.h" or eigen,
                                    f"the SDK may not include {target}")

    def test_formulas_give_the_same_bits_at_every_address(self):
        users = [path for path in tree.files("plugins", "sdk", "framework")
                 if "spar/array.hpp" in [target for _, _, target in tree.includes(path)]]
        self.assertGreater(len(users), 20)
        for path in users:
            self.assertNotIn("models/sequential", tree.name(path), "kernels are compiled several times over")
            self.assertNotIn("sdk/", tree.name(path), "arrays are opt-in")
            for line, text in enumerate(path.read_text().splitlines(), 1):
                found = re.search(ADDRESSED, text.split("//")[0])
                with self.subTest(file=tree.name(path), line=line):
                    self.assertFalse(found, f"{found and found.group(1)}: see the head of spar/array.hpp")

    def test_plugins_need_the_sdk_and_their_own_libraries(self):
        for path in tree.files("plugins"):
            folder = path.parent
            plugin = tree.ROOT.joinpath(*path.relative_to(tree.ROOT).parts[:3])
            lists = plugin / "CMakeLists.txt"
            linked = lists.read_text() if lists.is_file() else ""
            for line, kind, target in tree.includes(path):
                with self.subTest(file=tree.name(path), line=line):
                    if kind == '"':
                        engine = tree.ROOT / ENGINE
                        on_engine = "sequential_engine" in linked and target.split("/")[0] in ROOMS
                        places = [(base / target).resolve() for base in (folder, plugin)]
                        places += [engine / target] if on_engine else []
                        there = [place for place in places if place.is_file()]
                        self.assertTrue(there, f"{target} is neither beside it nor in its plugin")
                        self.assertTrue(there[0].is_relative_to(plugin) or there[0].is_relative_to(engine)
                                        or there[0].parent == plugin.parent / "common",
                                        "a plugin reads its own folder and the kind's common/")
                        continue
                    library = [word for header, word in LIBRARIES.items() if target.startswith(header)]
                    if library:
                        users = linked if lists.is_file() else "common"
                        self.assertTrue(users == "common" or library[0] in users,
                                        f"{target} without {library[0]} among its LIBS")
                        continue
                    self.assertTrue(target.startswith("spar/") or target in tree.STANDARD
                                    or target in tree.SYSTEM or target in tree.PROCESSOR,
                                    f"a plugin may not include {target}")

    def test_folders_of_the_host_form_a_line(self):
        for path in tree.files("framework"):
            folder = path.relative_to(tree.ROOT / "framework").parts[0]
            self.assertIn(folder, LINE, f"{tree.name(path)} stands in no folder of the line")
            for line, kind, target in tree.includes(path):
                if kind != '"':
                    self.assertFalse(target.startswith("doctest"), tree.name(path))
                    continue
                with self.subTest(file=tree.name(path), line=line):
                    first = target.split("/")[0]
                    self.assertIn(first, LINE, f"{target}: include as \"folder/file.hpp\"")
                    self.assertLessEqual(LINE.index(first), LINE.index(folder),
                                         f"{folder} stands before {first}")

    def test_no_folder_of_the_host_holds_two_fifths_of_it(self):
        sizes = dict.fromkeys(LINE, 0)
        for path in tree.files("framework"):
            sizes[path.relative_to(tree.ROOT / "framework").parts[0]] += len(path.read_text().splitlines())
        self.assertLess(max(sizes.values()), 0.4 * sum(sizes.values()), sizes)

    def test_rooms_of_sequential_form_a_line(self):
        rooms = list(ROOMS)
        for room in rooms:
            for path in tree.files(f"{ENGINE}/{room}"):
                for line, kind, target in tree.includes(path):
                    if kind == '"':
                        with self.subTest(file=tree.name(path), line=line):
                            self.assertLessEqual(rooms.index(target.split("/")[0]), rooms.index(room))

    def test_the_host_is_a_library(self):
        """Outside app/ nothing prints, ends or forks the process, or handles its signals."""
        calls = re.compile(r"(?<![\w.>])(?<!Exit )(?:::|std::)?(exit|_exit|_Exit|quick_exit|abort|terminate|fork|vfork|"
                           r"posix_spawnp?|exec[lv]\w*|system|popen|atexit|at_quick_exit|pthread_atfork|signal|"
                           r"sigaction|raise|kill|printf|puts|fputs|set_terminate)\(")
        streams = re.compile(r"\b(STDOUT_FILENO|STDERR_FILENO|std::cout|std::cerr|stdout|stderr)\b")
        for path in tree.files("framework"):
            if path.is_relative_to(tree.ROOT / "framework/app"):
                continue
            for line, text in enumerate(code_of(path).splitlines(), 1):
                with self.subTest(file=tree.name(path), line=line):
                    self.assertIsNone(calls.search(text), text)
                    self.assertIsNone(streams.search(text), text)

    def test_the_host_has_few_variables_of_its_own(self):
        """Outside app/: what changes and belongs to no object. Each has its reason here."""
        found = set()
        for path in tree.files("framework"):
            if not path.is_relative_to(tree.ROOT / "framework/app"):
                found |= {f"{tree.name(path)[len('framework/'):]}: {name}" for name in variables(code_of(path))}
        self.assertEqual(found, OF_THE_PROCESS)

    def test_failure_is_a_leaf(self):
        quoted = [t for _, kind, t in tree.includes(tree.ROOT / "framework/base/failure.hpp")
                  if kind == '"']
        self.assertEqual(quoted, [])

    def test_framework_reaches_plugins_through_the_contract(self):
        for path in tree.files("framework", "sdk"):
            self.assertNotRegex(path.read_text(), r'#\s*include\s*["<][^">]*plugins/(attacks|datasets|'
                                r'losses|methods|models|optimizers|reporters|tokenizers|transforms)/', tree.name(path))


class Files(unittest.TestCase):
    def test_no_file_is_longer_than_one_sitting(self):
        for path in tree.files("sdk", "plugins", "framework", "tests"):
            with self.subTest(file=tree.name(path)):
                self.assertLessEqual(len(path.read_text().splitlines()), LONGEST)

    def test_headers_are_included_once(self):
        for path in tree.files("sdk", "plugins", "framework", "tests"):
            # table.hpp: a body that several sources include, each for its own instruction set.
            if path.suffix not in (".h", ".hpp") or path.name == "table.hpp":
                continue
            text = path.read_text()
            with self.subTest(file=tree.name(path)):
                self.assertTrue("#pragma once" in text or re.search(r"#ifndef (\w+_H)\n#define \1\n", text))

    def test_a_plugin_is_a_folder_of_a_kind(self):
        kinds = {"attacks", "datasets", "losses", "methods", "models", "optimizers", "reporters",
                 "tokenizers", "transforms"}
        for path in sorted((tree.ROOT / "plugins").iterdir()):
            if not path.is_dir():
                continue
            self.assertIn(path.name, kinds)
            for plugin in sorted(path.iterdir()):
                if plugin.name == "common":
                    continue
                with self.subTest(plugin=f"{path.name}/{plugin.name}"):
                    self.assertIn(f"spar_add_plugin({plugin.name}\n",
                                  (plugin / "CMakeLists.txt").read_text().replace(" ", "\n"))

    def test_top_level_holds_what_the_layout_says(self):
        listed = {path.relative_to(tree.ROOT).parts[0]
                  for path in tree.files(".")}
        self.assertLessEqual(listed, {"sdk", "plugins", "framework", "tests", "docs"})


class Contract(unittest.TestCase):
    def test_every_function_of_the_contract_is_explained(self):
        for path in tree.files("sdk/include/spar/abi"):
            explained, inside = False, False
            lines = path.read_text().splitlines()
            for line, text in enumerate(lines, 1):
                last = next((t for t in lines[line - 1:] if ";" in t or "*/" in t), "")
                comment = "/*" in text or "*/" in text or text.lstrip().startswith("*")
                comment = comment or ("(*" in text and "/*" in last)
                if text.startswith("typedef struct") and text.endswith("{"):
                    inside, explained = True, explained or comment
                elif not text.strip():
                    explained = False
                if comment:
                    explained = True
                if inside and re.match(r"\s+\S.*\(\*\w+\)\(", text):
                    with self.subTest(file=tree.name(path), line=line):
                        self.assertTrue(explained, f"no comment on or above: {text.strip()}")
                if text.startswith("}"):
                    inside = explained = False

    def test_the_contract_is_plain_c(self):
        for path in [tree.ROOT / "sdk/include/spar/abi.h", *tree.files("sdk/include/spar/abi")]:
            code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
            for word in ("bool", "long", "size_t", "enum", "unsigned", "int ", "va_list", "..."):
                with self.subTest(file=tree.name(path), word=word):
                    pattern = re.escape(word) if word == "..." else r"\b" + word.strip() + r"\b"
                    code_lines = [text for text in code.splitlines() if "spar_head)" not in text]
                    self.assertNotRegex("\n".join(code_lines), pattern)


if __name__ == "__main__":
    unittest.main()
