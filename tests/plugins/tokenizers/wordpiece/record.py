#!/usr/bin/env python3
"""What the reference makes of a set of texts: python3 record.py VOCAB.TXT writes recorded.jsonl and
the vocabularies beside it. Needs the packages tokenizers and transformers (4); the tests do not.

Ids and cut pairs are those of BertWordPieceTokenizer of `tokenizers` 0.22, but for pairs that are
cut: those are of BertTokenizer of `transformers` 4.57, which takes token after token off the longer
text, as BERT did. (`tokenizers` leaves an odd token to the second text.)
"""
import json
import pathlib
import random
import sys
import unicodedata

from tokenizers import BertWordPieceTokenizer
from transformers import BertTokenizer

HERE = pathlib.Path(__file__).resolve().parent
# Settings: file, lower_case, strip_accents, chinese.
SETTINGS = {
    "uncased": ("uncased.txt", True, None, True),
    "cased": ("cased.txt", False, None, True),
    "uncased_accents": ("uncased.txt", True, False, True),
    "cased_stripped": ("cased.txt", False, True, True),
    "uncased_no_chinese": ("uncased.txt", True, None, False),
}

TEXTS = [
    "", " ", "\t\n \r", "\u3000", "\u00a0", "Hello, world!", "The quick brown fox doesn't jump.", "it's", "$5.00 + 3 = 8%",
    "unaffable", "UNAFFABLE Unaffable", "co-operate", "e.g. i.e. U.S.A.", "``quotes''", "\u201cquotes\u201d \u2018and\u2019",
    "x" * 100, "x" * 101, "a" * 99 + "b", "hello" * 20, "hello" * 21, "1234567890", "3.14159", "a_b", "#hash @at", "~^`|<>",
    # Accents: composed, decomposed, several, where letters are missing.
    "r\u00e9sum\u00e9", "re\u0301sume\u0301", "R\u00c9SUM\u00c9", "\u00c5ngstr\u00f6m", "A\u030angstro\u0308m", "na\u00efve caf\u00e9",
    "\u1ec7 e\u0323\u0302 e\u0302\u0323", "\u0301", "a \u0301 b", "\u0301a", "\u00e9\u0301\u0302", "\u0340\u0341\u0344", "\u1fef\u1fed\u0385",
    "\u212b \u212a \u2126", "\u00f8 \u0142 \u0111 \u00e6 \u0153 \u00fe", "\u01c4 \u01c5 \u01c6", "\ufb01 \ufb02", "\u2460 \u00bd \u00b2",
    # Other letters.
    "\u0130stanbul I\u0131 \u0131\u0130 I i", "stra\u00dfe STRASSE STRA\u1e9eE", "\u039f\u0394\u039f\u03a3 \u03bf\u03b4\u03cc\u03c2 \u03a3",
    "\u0386\u03bb\u03c6\u03b1", "\u041f\u0440\u0438\u0432\u0435\u0442 \u041c\u0418\u0420 \u0439 \u0451", "\u0406\u0407 \u0490",
    "\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd", "\u0627\u0644\u0639\u064e\u0631\u064e\u0628\u0650\u064a\u0629 \u061f \u060c",
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u0964", "\u09ac\u09be\u0982\u09b2\u09be", "\u0ba4\u0bae\u0bbf\u0bb4\u0bcd", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01",
    "\u1019\u103c\u1014\u103a\u1019\u102c", "\u10e5\u10d0\u10e0\u10d7\u10e3\u10da\u10d8", "\u0570\u0561\u0575\u0565\u0580\u0565\u0576 \u0535", "\U00010400\U00010428",
    # Chinese, Japanese, Korean.
    "\u4e2d\u6587", "a\u4e2db", "\u4f60\u597d\uff0c\u4e16\u754c\uff01", "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3002", "\u304c\u304e\u3050 \u304b\u3099 \u30ac",
    "\ud55c\uad6d\uc5b4 \ubb38\uc7a5", "\u1112\u1161\u11ab", "\u3131\u314f", "\uf900 \ufa0e \u2f00", "\U00020000 \U0002a6d6", "\U0002a700\U0002b740x", "\U0002f800",
    "\u3400\u4dbf\u4dc0", "\u3105 \u31a0 \u3021", "\uff21\uff22\uff23\uff11\uff12\uff0e\uff0c\uff01\uff1f", "\uff08\u5168\u89d2\uff09 \u300c\u300d\u3010\u3011\u3001\u301c",
    # Signs, emoji.
    "\U0001f600 good \U0001f44d", "\U0001f44d\U0001f3fd", "\u2764\ufe0f", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\u00a9 \u00ae \u2122", "\u20ac \u00a3 \u00a5", "\u2190\u2192 \u221e \u2260 \u226f",
    "\u2014 \u2013 \u2026 \u00b7 \u2022 \u00a7 \u00b6 \u00bf \u00a1", "\u037e \u0387 \u1fef", "\u00ad soft\u00adhyphen", "\u0660\u0661 \u0967",
    # Invisible characters.
    "a\u0000b".replace("\0", "\x01"), "a\x0bb\x0cc", "a\u0085b", "a\x1cb\x1db", "a\x7fb \x7f \x80", "a\u200bb \u200b", "a\u200d\u200cb", "\ufeffbom", "a\u2060b \u180e", "\u202eabc\u202c",
    "a\u2028b\u2029c", "a\u2003b\u2009c\u202fd\u205fe\u1680f", "\ufffd a\ufffdb \ufffd", "\ue000 a\ue000b", "\U000e0041tag", "\u2066x\u2069", "!\u200bab", "\u200b!a", "\u3000\u200b\u3000",
    # Special tokens that are not written as the reference knows them.
    "[sep] [ CLS ] [unk ]", "##ing ## #ing", "[]", "[unused0]",
    # Marks that keep their place (category Mc), out of order.
    "x\u302e\u302f \U0001d158\U0001d16d\U0001d165",
]


def drawn(rng):
    """Texts of characters that every version of Unicode since 3.2 sees alike."""
    old, same = unicodedata.ucd_3_2_0, []
    for code in range(0x20, 0x30000):
        char = chr(code)
        if old.category(char) not in ("Cn", "Cs") and old.category(char) == unicodedata.category(char):
            same.append(char)
    same.remove("\x1f") if "\x1f" in same else None
    low = [char for char in same if ord(char) < 0x2000 or 0x3000 < ord(char) < 0x3200]
    texts = []
    for i in range(300):
        pool = (low, same, low[:600])[i % 3]
        words = ["".join(rng.choice(pool) for _ in range(rng.randint(1, 6))) for _ in range(rng.randint(1, 6))]
        texts.append(" ".join(words + (["the Good film"] if i % 5 == 0 else [])))
    return [text for text in texts if "[" not in text]


def pairs(rng):
    words = "the film is good bad and not very a b c d e f".split()
    draw = lambda n: " ".join(rng.choice(words) for _ in range(n))
    yield from [("good film", "bad film"), ("", "b"), ("a", ""), ("\u00c9a", "\u4e2d\u6587")]
    for _ in range(40):
        yield draw(rng.randint(0, 9)), draw(rng.randint(0, 9))


def cut_vocabulary(source, texts):
    """The tokens that the texts use in a vocabulary, in its order, and letters."""
    whole = BertWordPieceTokenizer(str(source), lowercase=True)
    used = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    for text in texts:
        used.update(whole.encode(text).tokens)
    lines = source.read_text(encoding="utf-8").split("\n")
    used |= {line for line in lines if len(line.removeprefix("##")) == 1 and ord(line[-1]) < 0x80}
    return [line for line in lines if line in used]


def main():
    rng = random.Random(18)
    texts = TEXTS + drawn(rng)
    uncased = cut_vocabulary(pathlib.Path(sys.argv[1]), texts)
    capitals = [chr(code) for code in range(ord("A"), ord("Z") + 1)] + ["\u00c9", "\u00e9", "\u00d6", "\u0301", "\u00df", "\u0130", "\u1e9e", "\u03a3"]
    cased = uncased + capitals + ["##" + c for c in capitals] + ["The", "Hello", "Good", "Unaff", "Angstr", "##\u00f6m", "\u00c5ngstr", "r\u00e9sum\u00e9", "stra\u00dfe"]
    cased = list(dict.fromkeys(cased))
    (HERE / "uncased.txt").write_text("\n".join(uncased) + "\n", encoding="utf-8")
    (HERE / "cased.txt").write_text("\n".join(cased) + "\n", encoding="utf-8")
    made = {name: BertWordPieceTokenizer(str(HERE / file), lowercase=lower, strip_accents=strip, handle_chinese_chars=chinese)
            for name, (file, lower, strip, chinese) in SETTINGS.items()}
    slow = BertTokenizer(str(HERE / "uncased.txt"), do_lower_case=True)
    with open(HERE / "recorded.jsonl", "w") as out:
        for text in texts:
            print(json.dumps({"text": text} | {name: made[name].encode(text).ids for name in SETTINGS}), file=out)
        for first, second in pairs(rng):
            row = {"text": first, "second": second, "uncased": made["uncased"].encode(first, second).ids}
            row["cut"] = {room: slow(first, second, max_length=room, truncation="longest_first")["input_ids"]
                          for room in range(4, 16)}
            print(json.dumps(row), file=out)


if __name__ == "__main__":
    main()
