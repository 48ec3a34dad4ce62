#!/usr/bin/env python3
"""Writes docs/reference/ from what the host and the components declare: one page a kind, and one of
the pipeline's own keys.

    ./dev docs           writes
    ./dev docs --check   ends with 1 where a page is not what the declarations say

SPAR_BINARY names the program to ask (default: the newest that has been built).
"""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs/reference"
KINDS = ["dataset", "model", "loss", "optimizer", "attack", "method", "reporter", "transform",
         "tokenizer"]


def describe(*names):
    built = [path for path in (ROOT / "build/release/bin/spar", ROOT / "build/dev/bin/spar") if path.exists()]
    binary = os.environ.get("SPAR_BINARY") or max(built, key=lambda path: path.stat().st_mtime)
    done = subprocess.run([binary, "describe", *names, "--json"], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def default(name, schema, required):
    if "default" in schema:
        return f"`{json.dumps(schema['default'])}`"
    return "must be given" if name in required else "left out"


def table(schema):
    rows = ["| parameter | what | values | default |", "| --- | --- | --- | --- |"]
    for name, parameter in schema.get("properties", {}).items():
        if name == "type":
            continue
        what = parameter.get("description", "")
        if "x-unit" in parameter:
            what += f" ({parameter['x-unit']})"
        cells = [f"`{name}`", what, parameter["x-spar-words"], default(name, parameter, schema["required"])]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return rows if len(rows) > 2 else ["No parameters."]


def section(described):
    schema = described["schema"]
    lines = [f"## {described['type']}", "", described["summary"], ""]
    if described.get("formula"):
        lines += [f"    {line}" for line in described["formula"].splitlines()] + [""]
    if described.get("reference"):
        lines += [f"Source: {described['reference']}.".replace("..", "."), ""]
    lines += table(schema) + [""]
    for name, parameter in schema.get("properties", {}).items():
        items = parameter.get("items", {}) if isinstance(parameter, dict) else {}
        if "properties" in items:
            lines += [f"Each of `{name}`:", ""] + table(items) + [""]
    for definition in schema.get("definitions", {}).values():
        for part in definition.get("oneOf", []):
            lines += [f"### {part['properties']['type']['const']}", "", part.get("description", ""), ""]
            lines += table(part) + [""]
    if described.get("example"):
        example = described["example"]
        text = example if isinstance(example, str) else json.dumps(example, indent=2)
        lines += ["<details><summary>Smallest pipeline</summary>", "", "```json", text, "```", "",
                  "</details>", ""]
    return lines


def resolved(schema, definitions):
    """A schema in place of a reference to it; what stands beside the reference stays."""
    while "$ref" in schema:
        beside = {name: value for name, value in schema.items() if name != "$ref"}
        schema = {**definitions[schema["$ref"].split("/")[-1]], **beside}
    return schema


def pipeline_sections(schema, definitions, path):
    """Every object of the grammar with its keys, outer ones before inner ones."""
    keys = schema.get("x-spar-host", schema).get("properties", {})
    keys = {name: resolved(key, definitions) for name, key in keys.items()}
    lines = [f"## {path or 'The file'}", ""]
    if schema.get("description"):
        lines += [schema["description"][0].upper() + schema["description"][1:] + ".", ""]
    if "x-spar-kind" in schema:
        lines += [f"In addition to the parameters of the {schema['x-spar-kind']}:", ""]
    lines += table({"properties": keys, "required": schema.get("required", [])}) + [""]
    for name, key in keys.items():
        inside = f"{path}.{name}" if path else name
        key = resolved(key.get("items", key), definitions)
        choices = [resolved(choice, definitions) for choice in key.get("oneOf", [])]
        for choice in choices:
            if "type" in choice.get("properties", {}):
                word = choice["properties"]["type"]["const"]
                lines += pipeline_sections(choice, definitions, f"{inside}: {word}")
        if "properties" in key or "x-spar-host" in key:
            lines += pipeline_sections(key, definitions, inside)
    return lines


def pipeline_page():
    schema = describe("pipeline")["schema"]
    lines = ["# The pipeline's own keys", "",
             "Written by `./dev docs` from the grammar that pipelines are checked by. Components have pages of their",
             "own; [composing a pipeline](../compose.md) explains how the parts go together.", ""]
    lines += pipeline_sections(schema, schema["definitions"], "")
    lines += ["## vars, extends", "",
              "Two keys of the file are gone before the others are read: `vars` (an object: values for `${name}`) and",
              "`extends` (a file or a list of files that this one changes, as a merge patch).", ""]
    return lines


def main():
    check = sys.argv[1:] == ["--check"]
    described, stale = describe(), []
    PAGES.mkdir(parents=True, exist_ok=True)
    pages = {"pipeline": pipeline_page()}
    for kind in KINDS:
        lines = [f"# {kind.capitalize()}s" if kind != "loss" else "# Losses", "",
                 "Written by `./dev docs` from the components' own declarations.", ""]
        for component in described:
            if component["kind"] == kind:
                lines += section(component)
        pages[kind] = lines
    for name, lines in pages.items():
        page, text = PAGES / f"{name}.md", "\n".join(lines).rstrip() + "\n"
        if check and (not page.exists() or page.read_text() != text):
            stale.append(str(page.relative_to(ROOT)))
        elif not check:
            page.write_text(text)
    if stale:
        sys.exit("not what the components declare: " + ", ".join(stale) + "\n./dev docs writes them")


if __name__ == "__main__":
    main()
