"""Does `reference` give what the published programs give, on text nobody chose for it?

The peers are PyPI's rouge-score (with NLTK's Porter stemmer), sacrebleu and jsonschema, and plain lines of Python.
Texts are generated from a fixed seed, of many scripts; ASCII ones, and hostile ones, are among them.
"""

import json
import random
import re
import string
import subprocess
from collections import Counter

import pytest
from nltk.stem.porter import PorterStemmer
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF

TOLERANCE = 1e-9
SEED = 20261125

ENGLISH = """the a an The cat cats dying flies skies relational conditionally hopping hoped agreed rationally bled
    generously news innings proceed enjoy enjoyment spy happily sensibly geology controlling adoption replacement
    formalities feeds operators vietnamization yes no naturally 42 3.5 1,234.50 it's e.g. U.S.A. well-known 1990-91
    ... , . - -- "quoted" (both) <tag> &amp; &lt;b&gt; &quot;x&quot; $5 50% #### a_b x/y [1] {z} ~ ^ ` \\ @me""".split()
SCRIPTS = ["naïve café résumé Straße ÀÉÎ İstanbul K ſ ŉ", "Ελλάς ΟΔΟΣ ΣΑΣ ᾼ Ωμέγα", "Привет мир Ёлка ЩИ",
           "שלום עולם", "مرحبا بالعالم ١٢٣", "नमस्ते दुनिया हिन्दी", "สวัสดีชาวโลก", "日本語の テキスト です。 東京",
           "你好，世界！ 北京", "안녕하세요 세계", "😀 👩‍👩‍👧 🇫🇷 ✌🏽", "½ ⅔ Ⅷ ² ﬁ Å Å", "e\u0301 a\u0301 the\u0301 o\u0308",
           "\u202eabc\u202c \u200bzero\u200d \ufeffbom"]
SPACES = [" "] * 12 + ["\n", "\n", "\t", "  ", "\u00a0", "\u3000", "\u2028", "\x1f", "-\n", "<skipped>", ""]


def words(chance):
    if chance.random() < 0.6:
        return ENGLISH
    return ENGLISH[:20] + chance.choice(SCRIPTS).split()


def text(chance, vocabulary, longest):
    pieces = [chance.choice(vocabulary) + chance.choice(SPACES) for _ in range(chance.randrange(longest))]
    return "".join(pieces)


def changed(chance, other, vocabulary):
    """Another text that has much in common with this one."""
    tokens = other.split(" ")
    for _ in range(chance.randrange(1 + len(tokens) // 3)):
        tokens[chance.randrange(len(tokens))] = chance.choice(vocabulary)
    if chance.random() < 0.3:
        chance.shuffle(tokens)
    return " ".join(tokens)


def make_pairs(count):
    chance = random.Random(SEED)
    pairs = [("", ""), ("", "x"), ("x", ""), ("!!!", "???"), ("same", "same"), (" ", "\n"), (".", ".."), ("a.b", "a . b")]
    while len(pairs) < count:
        vocabulary = words(chance)
        reference = text(chance, vocabulary, 120 if len(pairs) % 10 == 0 else 25)
        response = text(chance, vocabulary, 25) if chance.random() < 0.2 else changed(chance, reference, vocabulary)
        pairs.append((response, reference))
    return pairs


PAIRS = make_pairs(600)
SEVERAL = [(response, [reference, PAIRS[i - 1][1], PAIRS[i - 7][1]]) for i, (response, reference) in enumerate(PAIRS)]


@pytest.fixture(scope="session")
def measure(build, tmp_path_factory):
    """Scores of rows under one set of options: a list of (status, value, reason)."""
    folder = tmp_path_factory.mktemp("metrics")

    def run(options, rows, evaluator="reference"):
        path = folder / "rows.jsonl"
        with open(path, "w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        done = subprocess.run([build / "tests" / "measure_reference", "score", evaluator, json.dumps(options), path],
                              capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [(line["status"], line.get("value"), line.get("reason")) for line in lines]

    return run


def rows_of(pairs):
    return [{"response": response, "references": references if isinstance(references, list) else [references]}
            for response, references in pairs]


def compare(measure, options, pairs, expected):
    """`expected` is a list of values; None: not applicable."""
    assert len(pairs) == len(expected)
    for pair, wanted, (status, value, reason) in zip(pairs, expected, measure(options, rows_of(pairs)), strict=True):
        if wanted is None:
            assert status == "not_applicable", (options, pair, status, value)
        else:
            assert status == "scored", (options, pair, reason)
            assert abs(value - wanted) <= TOLERANCE, (options, pair, value, wanted)


def unseen(value):
    """A text with letters, but none that ROUGE's tokeniser sees."""
    return any(c.isalnum() for c in value) and not re.search("[a-zA-Z0-9]", value)


ROUGE = [(metric, part, stemmer) for metric in ("rouge1", "rouge2", "rougeL", "rougeLsum")
         for part, stemmer in (("f", False), ("p", True), ("r", True), ("f", True))]


@pytest.mark.parametrize("metric,part,stemmer", ROUGE)
def test_rouge_is_that_of_rouge_score(measure, metric, part, stemmer):
    scorer = RougeScorer([metric], use_stemmer=stemmer)
    index = "prf".index(part)
    expected = [None if unseen(response) or unseen(reference) else scorer.score(reference, response)[metric][index]
                for response, reference in PAIRS]
    compare(measure, {"metric": metric, "component": part, "stemmer": stemmer}, PAIRS, expected)


@pytest.mark.parametrize("part", ["p", "r", "f"])
def test_of_several_references_rouge_takes_that_of_the_best_f(measure, part):
    scorer = RougeScorer(["rouge1"])
    pairs = [(response, references) for response, references in SEVERAL
             if not unseen(response) and not any(map(unseen, references))]
    expected = [scorer.score_multi(references, response)["rouge1"]["prf".index(part)]
                for response, references in pairs]
    compare(measure, {"metric": "rouge1", "component": part}, pairs, expected)


def test_stems_are_those_of_nltk(measure):
    """A word against its stem: equal as stemmed tokens only if the stem of both is the same."""
    chance = random.Random(SEED)
    stemmer = PorterStemmer()
    endings = """s es ies ied ed ing eed y ly ational tional ational enci anci izer bli abli alli entli eli ousli
        ization ation ator alism iveness fulness ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful
        ness al ance ence er ic able ible ant ement ment ent ion sion tion ou ism ate iti ous ive ize e ll lls eing yed
        ationalli tionalli sses ss""".split()
    letters = "aeiouy" * 3 + string.ascii_lowercase + "0"
    known = ["skies", "dying", "lying", "tying", "news", "innings", "outings", "cannings", "howe", "proceed", "exceed",
             "succeed", "inning", "syzygy", "yyyy", "eing", "ying", "ties", "tied"]
    made = ["".join(chance.choice(letters) for _ in range(chance.randrange(1, 8))) + chance.choice(endings)
            + chance.choice(["", "", chance.choice(endings)]) for _ in range(20000)]
    made = [word for word in known + made if len(word) > 3]
    # A stem of three letters or fewer is not stemmed again, and a longer one that stems to itself stays.
    stems = [stemmer.stem(word) for word in made]
    stable = [(word, stem) for word, stem in zip(made, stems, strict=True)
              if len(stem) <= 3 or stemmer.stem(stem) == stem]
    assert len(stable) > 15000
    compare(measure, {"metric": "rouge1", "stemmer": True}, stable, [1.0] * len(stable))
    kept = [(word, word[:-1]) for word, stem in stable if len(word) > 4 and stem != stemmer.stem(word[:-1])]
    compare(measure, {"metric": "rouge1", "stemmer": True}, kept, [0.0] * len(kept))


def test_bleu_is_that_of_sacrebleu(measure):
    peer = BLEU(effective_order=True)
    for pairs in (PAIRS, SEVERAL):
        expected = [peer.sentence_score(response, references if isinstance(references, list) else [references]).score / 100
                    for response, references in pairs]
        compare(measure, {"metric": "bleu"}, pairs, expected)


@pytest.mark.parametrize("word_order", [0, 1, 2])
def test_chrf_is_that_of_sacrebleu(measure, word_order):
    peer = CHRF(word_order=word_order)
    for pairs in (PAIRS, SEVERAL):
        expected = [peer.sentence_score(response, references if isinstance(references, list) else [references]).score / 100
                    for response, references in pairs]
        compare(measure, {"metric": "chrf", "word_order": word_order}, pairs, expected)


def squad(value):
    """SQuAD's normaliser, written from its definition."""
    value = "".join(c for c in value.lower() if c not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", value).split()


def test_exact_match_and_f1_are_those_of_squad(measure):
    exact, f1 = [], []
    for response, reference in PAIRS:
        left, right = squad(response), squad(reference)
        shared = sum((Counter(left) & Counter(right)).values())
        exact.append(float(left == right))
        f1.append(2 * shared / (len(left) + len(right)) if shared else 0.0)
    compare(measure, {"metric": "exact_match"}, PAIRS, exact)
    compare(measure, {"metric": "f1"}, PAIRS, f1)


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def test_levenshtein_is_the_textbooks(measure):
    pairs = PAIRS[:200]
    expected = [1 - distance(a, b) / max(len(a), len(b)) if a or b else 1.0 for a, b in pairs]
    compare(measure, {"metric": "levenshtein"}, pairs, expected)
