"""Does `reference` give what the published programs give, on text nobody chose for it?

The peers are PyPI's rouge-score (with NLTK's Porter stemmer), sacrebleu, and plain lines of Python.
Texts are generated from a fixed seed, of many scripts; ASCII ones, and hostile ones, are among them.
"""

import json
import random
import re
import string
import subprocess
import unicodedata
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
    ... , . - -- "quoted" (both) <tag> &amp; &lt;b&gt; &quot;x&quot; &amp;lt; $5 50% #### a_b x/y [1] {z} ~ ^ ` \\ @me""".split()
SCRIPTS = ["naïve café résumé Straße ÀÉÎ İstanbul K ſ ŉ", "Ελλάς ΟΔΟΣ ΣΑΣ ᾼ Ωμέγα", "Привет мир Ёлка ЩИ",
           "שלום עולם", "مرحبا بالعالم ١٢٣", "नमस्ते दुनिया हिन्दी", "สวัสดีชาวโลก", "ສະບາຍດີ ຊາວໂລກ", "မင်္ဂလာပါ ကမ္ဘာ", "សួស្តី ពិភពលោក", "日本語の テキスト です。 東京",
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
    beside = [(one, other) for one in known for other in [*known, "how", "howes", "new", "sky", "die", "proce", "canned", "cans"]]
    token = {word: stemmer.stem(word) if len(word) > 3 else word for pair in beside for word in pair}
    compare(measure, {"metric": "rouge1", "stemmer": True}, beside, [float(token[one] == token[other]) for one, other in beside])
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


LOWERED = [("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2"), ("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c3"),
           ("\u03a3\u0391\u03a3\u0391", "\u03c3\u03b1\u03c3\u03b1"), ("\u03a3", "\u03c3"), ("\u0391\u03a3\u0301 \u0391", "\u03b1\u03c2\u0301 \u03b1"),
           ("\u0391\u03a3\u00adA", "\u03b1\u03c3\u00ada"), ("\u0391\u03a3\u00ad", "\u03b1\u03c2\u00ad"), ("\u0130", "i\u0307"), ("\u0130", "i"),
           ("\u0391\u0301\u03a3", "\u03b1\u0301\u03c2"), ("1.\u03a3", "1.\u03c3"), ("\u212a", "k"), ("\u1e9e", "\u00df"), ("\u023a", "\u2c65")]


def test_exact_match_and_f1_are_those_of_squad(measure):
    exact, f1 = [], []
    for response, reference in PAIRS + LOWERED:
        left, right = squad(response), squad(reference)
        shared = sum((Counter(left) & Counter(right)).values())
        exact.append(float(left == right))
        f1.append(2 * shared / (len(left) + len(right)) if shared else 0.0)
    compare(measure, {"metric": "exact_match"}, PAIRS + LOWERED, exact)
    compare(measure, {"metric": "f1"}, PAIRS + LOWERED, f1)


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


def folded_character(c):
    while (after := unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", c).casefold())) != c:
        c = after
    return c


def folded(value):
    """NFKC_Casefold of text without invisible characters: character by character, then composed."""
    return unicodedata.normalize("NFC", "".join(map(folded_character, value)))


FORMS = {"as_is": str, "nfc": lambda value: unicodedata.normalize("NFC", value),
         "nfkc": lambda value: unicodedata.normalize("NFKC", value), "casefold": folded}
INVISIBLE = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
                       "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
                       "\U000e0000-\U000e0fff]")


@pytest.mark.parametrize("form", FORMS)
def test_unicode_forms_are_those_of_python(measure, form):
    """Every character that some form changes, against itself in that form and against its neighbour."""
    normal = FORMS[form]
    characters = [chr(c) for c in range(0x80, 0x110000)
                  if not 0xD800 <= c < 0xE000 and folded(unicodedata.normalize("NFD", chr(c))) != chr(c)]
    characters = [c for c in characters if not INVISIBLE.search(c + folded(c)) and not 0xAC00 < ord(c) < 0xD700]
    assert len(characters) > 6000
    pairs = [(f"e{c}\u0301x", normal(f"e{c}\u0301x")) for c in characters]
    expected = [1.0] * len(pairs)
    for before, after in zip(characters, characters[1:], strict=False):
        pairs.append((before, after))
        expected.append(float(normal(before).strip() == normal(after).strip()))
        pairs.append((before, folded(before)))
        expected.append(float(normal(before).strip() == normal(folded(before)).strip()))
    compare(measure, {"metric": "exact", "unicode": form}, pairs, expected)


def test_forms_hold_for_every_metric_of_text(measure):
    pairs = [("Stra\u00dfe \ufb01n", "STRASSE fin"), ("cafe\u0301", "CAF\u00c9"), ("\u202eabc\u202c", "ABC")]
    for metric in ("exact", "exact_match", "quasi_exact", "includes", "contains_all", "contains_any", "f1", "f1_set",
                   "precision", "recall", "chrf", "levenshtein"):
        compare(measure, {"metric": metric, "unicode": "casefold"}, pairs, [1.0] * 3)
    compare(measure, {"metric": "contains_any", "values": ["STRASSE"], "unicode": "casefold"}, pairs, [1.0, 0.0, 0.0])


UNSPACED = [(0xE00, 0xEFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3040, 0x309F), (0x3400, 0x4DBF),
            (0x4E00, 0x9FFF), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)]


def any_script(value):
    """Words as words.h defines them."""
    out, before = [], ""
    for c in folded(INVISIBLE.sub("", value)):
        kind = unicodedata.category(c)[0] if unicodedata.category(c) != "So" else "alone"
        if unicodedata.category(c) == "Lo" and any(first <= ord(c) <= last for first, last in UNSPACED):
            kind = "alone"
        kind = {"L": "letter", "N": "letter", "M": "mark", "alone": "alone"}.get(kind, "")
        if kind == "alone" or (kind == "letter" and before != "letter"):
            out.append(c)
        elif kind == "letter" or (kind == "mark" and before):
            out[-1] += c
        before = before if kind == "mark" else kind
    return out


def test_words_of_any_script_are_compared(measure):
    f1, bleu, exact = [], [], []
    peer = BLEU(effective_order=True, tokenize="none")
    for response, reference in PAIRS:
        left, right = any_script(response), any_script(reference)
        shared = sum((Counter(left) & Counter(right)).values())
        f1.append(2 * shared / (len(left) + len(right)) if shared else 0.0)
        bleu.append(peer.sentence_score(" ".join(left), [" ".join(right)]).score / 100)
        exact.append(float(left == right))
    for metric in ("f1", "rouge1"):
        compare(measure, {"metric": metric, "tokenizer": "unicode"}, PAIRS, f1)
    compare(measure, {"metric": "bleu", "tokenizer": "unicode"}, PAIRS, bleu)
    compare(measure, {"metric": "exact_match", "tokenizer": "unicode"}, PAIRS, exact)
    compare(measure, {"metric": "rougeL", "tokenizer": "unicode"}, [("東京は首都", "首都は東京"), ("สวัสดี", "สวัสดี")], [0.4, 1.0])


MEGABYTE = 1 << 20
HOSTILE = {
    "a megabyte of one word": "x" * MEGABYTE,
    "a megabyte of words": "word and more " * (MEGABYTE // 14),
    "marks in the wrong order": "a" + "\u0315" * 50000 + "\u0300" * 50000 + "\u0323" * 50000,
    "a mark at the start": "\u0301\u0301",
    "ligatures that grow": "\ufdfa" * 20000,
    "right to left": "\u202e" * 1000 + "cba" + "\u202c" * 1000,
    "many y": "y" * 100000 + " " + "yed" * 1000 + " sses ying",
    "stops": ".,-" * 100000,
    "entities": "&amp;" * 100000,
    "lines": "a\n" * 5000,
    "brackets": "[{" * 100000,
    "nothing seen": "\u200b\u2060\ufeff",
    "empty": "",
}
EVERY = [{"metric": metric} for metric in ("exact", "exact_match", "quasi_exact", "includes", "contains_all", "f1", "f1_set",
                                           "rouge2", "rougeL", "rougeLsum", "bleu", "levenshtein", "numeric", "choice",
                                           "json_match", "json_diff")]
EVERY += [{"metric": "chrf", "word_order": 2}, {"metric": "rougeLsum", "stemmer": True, "tokenizer": "unicode"},
          {"metric": "f1", "tokenizer": "unicode"}, {"metric": "exact", "unicode": "nfc"},
          {"metric": "bleu", "tokenizer": "unicode"}, {"metric": "levenshtein", "unicode": "casefold"},
          {"metric": "json_match", "extract": "json"}]


@pytest.mark.parametrize("options", EVERY, ids=lambda options: "-".join(map(str, options.values())))
def test_hostile_text_gets_a_defined_result(measure, options):
    rows = rows_of([(text, other) for text in HOSTILE.values() for other in ("plain words", text)])
    for row, (status, value, reason) in zip(rows, measure(options, rows), strict=True):
        assert status in ("scored", "not_applicable"), (status, reason)
        assert status == "scored" or reason in ("too_long", "no_ascii_tokens", "reference_not_a_number",
                                                "reference_not_json"), reason
        if status == "scored" and row["response"] == row["references"][0] and options["metric"] in ("exact", "levenshtein"):
            assert value == 1


NUMBERS = [("1e999", "1e999", 1), ("1e999", "1e998", 0), ("NaN", "5", 0), ("inf", "5", 0), ("\u00bd", "0.5", 0),
           ("\u0661\u0662\u0663", "123", 0), ("1/2", "0.5", 1), ("-0", "0", 1), ("1e-999", "0", 0), ("", "5", 0)]


def test_numbers_at_the_edge_get_a_defined_result(measure):
    compare(measure, {"metric": "numeric"}, [case[:2] for case in NUMBERS], [case[2] for case in NUMBERS])
    rows = rows_of([("5", "NaN"), ("5", "\u00bd"), ("5", "")])
    assert measure({"metric": "numeric"}, rows) == [("not_applicable", None, "reference_not_a_number")] * 3
