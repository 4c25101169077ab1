"""llmdrift: the same prompts asked of GPT-3.5 in March and June 2023 (../shared/data/llmdrift), restamped as one model.

March's version answers from 1 March, June's from 1 June, one prompt in 7 minutes. In random order: the file of primes has
all primes first, a jump of its own in the middle of March."""
import json
import random
from datetime import datetime, timedelta, timezone

MONTHS = {"0301": datetime(2023, 3, 1, tzinfo=timezone.utc), "0613": datetime(2023, 6, 1, tzinfo=timezone.utc)}
MARCH, JUNE = "2023-03-01..2023-06-01", "2023-06-01..2023-07-01"
WINDOWS = ["--baseline", MARCH, "--window", JUNE, "--tolerance", "0.01"]
STEP = timedelta(minutes=7)
# name: published per cent in March and June, and what the report must call it
PUBLISHED = {"prime": (49.6, 76.2, "BETTER"), "sensitiveq": (2, 8, "NOT_ENOUGH_DATA"),
             "opinionqa": (94.1, 97.0, "NOT_ENOUGH_DATA")}
# Of labels replayed as 0/1, and of what the model said: the last yes or no.
BY_LABEL = {"name": "label", "criteria": [{"name": "right", "dimension": "accuracy", "evaluator": "reference",
                                           "options": {"metric": "exact"}, "weight": 1, "threshold": 1}]}
BY_TEXT = {"name": "text", "criteria": [{"name": "right", "dimension": "accuracy", "evaluator": "reference",
                                         "options": {"metric": "quasi_exact", "extract": "last_yes_no"}, "weight": 1,
                                         "threshold": 1}]}


def by_label(row):
    return {"prompt": "?", "response": "yes" if row["label"] == 1 else "no", "reference": "yes"}


def by_text(row):
    return {key: row[key] for key in ("prompt", "response", "reference")}


def restamped(data, name, said=by_label):
    rows = []
    for version, begin in MONTHS.items():
        lines = (data / "llmdrift" / f"dev_{name}_gpt35.jsonl").read_text().splitlines()
        of = [row for row in map(json.loads, lines) if row["model"].endswith(version)]
        random.Random(7).shuffle(of)
        rows += [{"id": row["id"], "model": "gpt-3.5", "timestamp": (begin + STEP * n).isoformat(), **said(row)}
                 for n, row in enumerate(of)]
    return rows


def march(rows):
    return [row for row in rows if row["timestamp"] < "2023-05"]


def onset_is_the_gap(row, rows):
    """Does the report say that the change began between March's last answer and June's first?"""
    last = datetime.fromisoformat(march(rows)[-1]["timestamp"])
    first, since, latest = map(datetime.fromisoformat, (row["since_set"]["first"], row["since"], row["since_set"]["last"]))
    return last - timedelta(hours=6) <= first <= since <= MONTHS["0613"] <= latest


def halves(rows, seed):
    """The rows in another order, one in 7 minutes from 1 March; and the options that compare the first half with the other."""
    shuffled = random.Random(seed).sample(rows, len(rows))
    begin = MONTHS["0301"]
    half = begin + STEP * (len(rows) // 2)
    cut = (half - timedelta(minutes=half.minute % 5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return ([row | {"timestamp": (begin + STEP * n).isoformat()} for n, row in enumerate(shuffled)],
            ["--baseline", f"2023-03-01T00:00:00Z..{cut}", "--window", f"{cut}..2023-03-20T00:00:00Z", "--tolerance", "0.01"])
