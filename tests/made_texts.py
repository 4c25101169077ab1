"""made_texts: texts that a regular expression matches, by chance, from Python's own parser of them."""
import random
import re
import warnings
from re import _constants as op
from re import _parser as parser

PRINTABLE = [chr(code) for code in range(32, 127)]
CATEGORIES = {"DIGIT": set("0123456789"), "WORD": {c for c in PRINTABLE if c.isalnum() or c == "_"}, "SPACE": {" "}}
EXTRA = (0, 1, 3, 12)  # how much more than it must a repetition repeats
BEFORE, BEHIND = ("", "set ", "\n", "x", " my ", "é "), ("", "\n", " end", ";", '"')


def parse(regex):
    """What RE2 has and Python has not is written otherwise; letters keep the case they are written in."""
    regex = regex.replace("[[:alnum:]]", "[A-Za-z0-9]").replace(r"\z", r"\Z")
    regex = re.sub(r"\(\?P<\w+>", "(", regex)
    regex = re.sub(r"\(\?i\)", "", regex)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return parser.parse(re.sub(r"\(\?-?[is]+:", "(?:", regex))


def characters(items):
    chosen, negated = set(), False
    for kind, value in items:
        if kind is op.NEGATE:
            negated = True
        elif kind is op.LITERAL:
            chosen.add(chr(value))
        elif kind is op.RANGE:
            chosen |= {chr(code) for code in range(value[0], value[1] + 1)}
        elif kind is op.CATEGORY:
            name = str(value).rpartition("_")[2]
            chosen |= set(PRINTABLE) - CATEGORIES[name] if "NOT" in str(value) else CATEGORIES[name]
    return sorted(set(PRINTABLE) - chosen if negated else chosen)


def make(tree, chance):
    text = ""
    for kind, value in tree:
        if kind is op.LITERAL:
            text += chr(value)
        elif kind is op.ANY:
            text += chance.choice(PRINTABLE)
        elif kind is op.NOT_LITERAL:
            text += chance.choice([c for c in PRINTABLE if c != chr(value)])
        elif kind is op.IN:
            text += chance.choice(characters(value))
        elif kind is op.BRANCH:
            text += make(chance.choice(value[1]), chance)
        elif kind is op.SUBPATTERN:
            text += make(value[3], chance)
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            least, most, repeated = value
            times = chance.randint(least, min(most, least + chance.choice(EXTRA)))
            text += "".join(make(repeated, chance) for _ in range(times))
    return text


def made_texts(regexes, each, seed=3):
    chance = random.Random(seed)
    for regex in regexes:
        tree = parse(regex)
        for _ in range(each):
            yield chance.choice(BEFORE) + make(tree, chance) + chance.choice(BEHIND)
