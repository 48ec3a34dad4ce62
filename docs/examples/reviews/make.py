#!/usr/bin/env python3
"""Writes the drawn reviews of the examples: train.tsv and test.tsv, a label, 1 where the end is praise, and a text; and
synonyms.txt, words that mean the same.

Clauses of praise and of blame; in a third of the texts a clause of the other kind comes first, before "but" or "yet",
and some say it by "not" and the other word, so that the order of words matters. A synonym stands in a text now and then:
too seldom to be learnt well, which attacks on words make use of.
"""
import pathlib
import random

HERE = pathlib.Path(__file__).resolve().parent
THINGS = ["film", "story", "plot", "cast", "script", "music", "ending", "dialogue", "camera", "cutting"]
PEOPLE = ["the director", "the lead", "everyone", "the author", "the composer"]
PRAISE = {"fine": "good", "great": "excellent", "warm": "kind", "superb": "splendid", "clever": "smart",
          "moving": "touching", "funny": "amusing", "bright": "lively", "fresh": "new", "tender": "gentle"}
BLAME = {"dull": "dreary", "cold": "icy", "flat": "lifeless", "weak": "feeble", "clumsy": "awkward",
         "boring": "tedious", "silly": "foolish", "grim": "bleak", "stale": "old", "harsh": "severe"}
PRAISED = {"loved": "adored", "enjoyed": "liked", "admired": "praised"}
BLAMED = {"hated": "loathed", "regretted": "rued", "endured": "suffered"}
SAME = {**PRAISE, **BLAME, **PRAISED, **BLAMED, "film": "movie", "story": "tale", "music": "score",
        "ending": "finale", "cast": "actors", "very": "highly"}
SELDOM = 0.04
VERY = ["", "", "very ", "rather ", "really ", "quite ", "truly "]
PLACES = ["", "", "", " from the start", " at the end", " for two hours", " in every scene", " once again"]


def clause(draw, good):
    words, others = (list(PRAISE), list(BLAME)) if good else (list(BLAME), list(PRAISE))
    verbs = list(PRAISED if good else BLAMED)
    kind = draw.randrange(8)
    thing = draw.choice(THINGS)
    if kind < 3:
        return f"the {thing} is {draw.choice(VERY)}{draw.choice(words)}{draw.choice(PLACES)}"
    if kind < 5:
        one, two = draw.sample(words, 2)
        return f"a {one} and {two} {thing}{draw.choice(PLACES)}"
    if kind < 7:
        return f"{draw.choice(PEOPLE)} {draw.choice(verbs)} the {thing}{draw.choice(PLACES)}"
    return f"the {thing} is not {draw.choice(others)}{draw.choice(PLACES)}"


def review(draw):
    good = draw.random() < 0.5
    text = clause(draw, good)
    if draw.random() < 1 / 3:
        text = f"{clause(draw, not good)} , {draw.choice(['but', 'yet'])} {text}"
    words = [SAME[word] if word in SAME and draw.random() < SELDOM else word for word in text.split()]
    return f"{int(good)}\t{' '.join(words)} ."


def main():
    draw = random.Random(1)
    seen = set()
    for name, count in (("train", 1200), ("test", 300)):
        lines = []
        while len(lines) < count:
            line = review(draw)
            if line not in seen:
                lines.append(line + "\n")
                seen.add(line)
        (HERE / f"{name}.tsv").write_text("".join(lines))
    pairs = [f"{word} {other}\n{other} {word}\n" for word, other in SAME.items()]
    (HERE / "synonyms.txt").write_text("# A word, and one that may replace it.\n" + "".join(pairs))


if __name__ == "__main__":
    main()
