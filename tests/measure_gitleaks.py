#!/usr/bin/env python3
"""Measured beside PCRE2 run plainly: what gitleaks' rules find after `assay rubric import`, rule by rule.

    tests/measure_gitleaks.py [--assay build/release/assay] [--data ../shared/data] [--show]

The peer takes the patterns as gitleaks wrote them, compiles them by ctypes with PCRE2 alone and searches every text of the data
with every rule: no import, no keywords, no chunks. A match is the first group that is not empty, or the whole. What gitleaks
itself leaves out is left out by a few lines of Python: texts without the rule's keywords, and secrets of too little entropy.
Real texts hold few secrets, so texts made from the patterns by Python's parser of them are searched as well. Rules that the
import left out, and says so, are counted apart.
Prints a table; exit 1 when a match differs, 0 with a loud word when the data is not there.
"""
import argparse
import ctypes
import ctypes.util
import json
import math
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from made_texts import made_texts

ROOT = Path(__file__).resolve().parents[1]
FINDINGS_MAX = 100  # schema/score.h: texts are cut so that none has more
TEXT_CHARACTERS = 20000
MADE_EACH = 12
PCRE2_UTF, PCRE2_JIT_COMPLETE, UNSET = 0x00080000, 1, ctypes.c_size_t(-1).value


class Pcre2:
    """As little of PCRE2 as a search needs."""

    def __init__(self):
        self.lib = ctypes.CDLL(ctypes.util.find_library("pcre2-8"))
        for name in ("compile", "match_data_create_from_pattern", "get_ovector_pointer"):
            getattr(self.lib, f"pcre2_{name}_8").restype = ctypes.c_void_p
        self.lib.pcre2_get_ovector_pointer_8.restype = ctypes.POINTER(ctypes.c_size_t)

    def compile(self, pattern):
        number, offset = ctypes.c_int(), ctypes.c_size_t()
        code = self.lib.pcre2_compile_8(pattern, ctypes.c_size_t(len(pattern)), ctypes.c_uint32(PCRE2_UTF),
                                        ctypes.byref(number), ctypes.byref(offset), None)
        if not code:
            return None
        code = ctypes.c_void_p(code)
        self.lib.pcre2_jit_compile_8(code, ctypes.c_uint32(PCRE2_JIT_COMPLETE))
        return code, ctypes.c_void_p(self.lib.pcre2_match_data_create_from_pattern_8(code, None))

    def search(self, compiled, text):
        """Every match: a list of (start, end) of its groups, in bytes."""
        code, data = compiled
        at = 0
        while at <= len(text):
            count = self.lib.pcre2_match_8(code, text, ctypes.c_size_t(len(text)), ctypes.c_size_t(at),
                                           ctypes.c_uint32(0), data, None)
            if count == -1:
                return
            if count < 0:
                raise RuntimeError(f"PCRE2 says {count}")
            ovector = self.lib.pcre2_get_ovector_pointer_8(data)
            groups = [(ovector[2 * i], ovector[2 * i + 1]) for i in range(count)]
            yield groups
            at = max(groups[0][1], at + 1)


def entropy(secret):
    counts = Counter(secret)
    return -sum(n / len(secret) * math.log2(n / len(secret)) for n in counts.values())


def value_of(groups, wanted):
    if wanted:
        return groups[wanted]
    return next((g for g in groups[1:] if g[0] != UNSET and g[1] > g[0]), groups[0])


def texts_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in (value.values() if isinstance(value, dict) else value):
            yield from texts_of(part)


def read_texts(data):
    """Every string of every JSON line, every other file as it is; in pieces, without repeats."""
    seen = set()
    for path in sorted(p for p in data.rglob("*") if p.is_file()):
        for line in path.read_bytes().decode("utf-8", "replace").splitlines() if path.suffix == ".jsonl" else [None]:
            try:
                value = path.read_bytes().decode("utf-8", "replace") if line is None else json.loads(line)
            except ValueError:
                value = line
            for text in texts_of(value):
                text = text.encode("utf-8", "replace").decode().replace("\0", " ")
                for at in range(0, len(text), TEXT_CHARACTERS):
                    piece = text[at:at + TEXT_CHARACTERS]
                    if piece not in seen:
                        seen.add(piece)
                        yield piece


def plain(rules, texts):
    """Of each text a set of (rule, start, end) in bytes; and how many were left out, by reason."""
    pcre2, left_out, found = Pcre2(), Counter(), [set() for _ in texts]
    for rule in rules:
        compiled = pcre2.compile(rule["regex"].encode())
        keywords = [word.encode().lower() for word in rule["keywords"]]
        for i, text in enumerate(texts):
            for groups in pcre2.search(compiled, text):
                left_out["all"] += 1
                start, end = value_of(groups, rule["secret_group"])
                if keywords and not any(word in text.lower() for word in keywords):
                    left_out["no keyword"] += 1
                elif rule["entropy"] and entropy(text[start:end]) <= rule["entropy"]:
                    left_out["little entropy"] += 1
                else:
                    found[i].add((rule["id"], start, end))
    return found, left_out


def with_assay(assay, source, texts, folder):
    """The same by assay; and what the import said."""
    done = subprocess.run([assay, "rubric", "import", "gitleaks", source], capture_output=True, text=True, timeout=600)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    (folder / "gitleaks.json").write_text(done.stdout)
    (folder / "rubric.json").write_text(json.dumps({"name": "gitleaks", "criteria": [
        {"name": "secrets", "evaluator": "regex", "options": {"packs": ["gitleaks"]}}]}))
    with open(folder / "samples.jsonl", "w", encoding="utf-8") as file:
        for i, text in enumerate(texts):
            file.write(json.dumps({"id": str(i), "prompt": "", "response": text.decode()}) + "\n")
    scored = subprocess.run([assay, "eval", "--rubric", folder / "rubric.json", "--scores", "-", folder / "samples.jsonl"],
                            capture_output=True, text=True, timeout=1800)
    if scored.returncode not in (0, 1):
        sys.exit(scored.stderr)
    *lines, _ = map(json.loads, scored.stdout.splitlines())
    assert [line["id"] for line in lines] == [str(i) for i in range(len(texts))], "a line in, a line out"
    found = []
    for line in lines:
        score = line["scores"]["secrets"]
        assert score["status"] == "scored", score
        findings = score.get("findings", [])
        assert len(findings) < FINDINGS_MAX, "findings are cut; make the texts shorter"
        found.append({(f["rule"], f["start_byte"], f["end_byte"]) for f in findings})
    return found, {rule["id"] for rule in json.loads(done.stdout)["rules"]}, done.stderr


def compare(assay, source, rules, texts, show):
    """Prints the table of one set of texts; how many matches differ of rules that load."""
    with tempfile.TemporaryDirectory() as folder:
        found, loaded, said = with_assay(assay, source, texts, Path(folder))
    peer, counts = plain(rules, texts)
    only_peer = [(i, m) for i, matches in enumerate(peer) for m in sorted(matches - found[i])]
    only_assay = [(i, m) for i, matches in enumerate(found) for m in sorted(matches - peer[i])]
    left_out = [m for _, m in only_peer if m[0] not in loaded]
    for who, differing in (("only PCRE2", only_peer), ("only assay", only_assay)):
        for i, (rule, start, end) in differing if show else []:
            print(f"  {who}: {rule} {start}-{end} of text {i}: {texts[i][max(0, start - 30):end + 10]!r}")
    differing = len(only_peer) - len(left_out) + len(only_assay)
    for what, n in (("rules", len(rules)), ("rules that load", len(loaded)), ("texts", len(texts)),
                    ("bytes", sum(map(len, texts))), ("matches of PCRE2 run plainly", counts["all"]),
                    ("  without a keyword of the rule", counts["no keyword"]),
                    ("  of too little entropy", counts["little entropy"]),
                    ("  of rules that were left out", len(left_out)),
                    ("matches left", sum(map(len, peer)) - len(left_out)), ("matches of assay", sum(map(len, found))),
                    ("that differ", differing)):
        print(f"  {what:34} {n:10}")
    return differing, said


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--assay", type=Path, default=ROOT / "build" / "release" / "assay")
    options.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    options.add_argument("--show", action="store_true", help="print the matches that differ")
    given = options.parse_args()
    sources = sorted((given.data / "gitleaks_secrets").glob("*.jsonl"))
    if not sources:
        print(f"!!! NOT MEASURED: there is no {given.data}/gitleaks_secrets", file=sys.stderr)
        return 0
    rules = [json.loads(line) for line in open(sources[0], encoding="utf-8")]
    rules = [rule for rule in rules if rule["regex"]]
    print("real texts")
    differing, said = compare(given.assay, sources[0], rules, [text.encode() for text in read_texts(given.data)], given.show)
    print("texts made from the patterns")
    made = [text.encode() for text in made_texts([rule["regex"] for rule in rules], MADE_EACH)]
    also, _ = compare(given.assay, sources[0], rules, made, given.show)
    print(said, end="", file=sys.stderr)
    return 1 if differing + also else 0


if __name__ == "__main__":
    sys.exit(main())
