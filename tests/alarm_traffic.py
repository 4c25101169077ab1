"""alarm_traffic: made-up scores that fall and recover, and when plain Python would raise an alarm."""
import json
import math
import random
from datetime import datetime, timezone
from statistics import NormalDist

HOUR, FIVE = 3_600_000, 300_000
START = int(datetime(2026, 3, 1, tzinfo=timezone.utc).timestamp() * 1000)
RUBRIC = {"name": "yes", "criteria": [{"name": "exact", "dimension": "accuracy", "evaluator": "reference",
                                       "options": {"metric": "exact"}, "weight": 1, "threshold": 1}]}
BETS = [.9375] + [2.0 ** -k for k in range(1, 10)]


def stamp(hour: float) -> str:
    return datetime.fromtimestamp(START / 1000 + hour * 3600, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def traffic(seed, hours, rate, passes, model="m", response=None, start=START):
    """`rate` rows an hour of [hours); passes(hour, language): how often they are right."""
    chance, rows = random.Random(f"{seed}"), []
    for hour in range(*hours):
        for _ in range(rate):
            language = chance.choice(["en", "de"])
            right = chance.random() < passes(hour, language)
            rows.append({"id": f"{seed}-{len(rows)}-{hour}", "model": model,
                         "timestamp": start + hour * HOUR + chance.randrange(HOUR), "prompt": "p",
                         "response": response or ("yes" if right else "no"), "reference": "yes",
                         "tags": {"language": language}})
    return sorted(rows, key=lambda row: row["timestamp"])


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def wilson_low(k, n, alpha):
    """One-sided."""
    z = NormalDist().inv_cdf(1 - alpha)
    p = k / n
    return (p + z * z / (2 * n) - z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n)


def log_add(a, b):
    top = max(a, b)
    return top if top == -math.inf else top + math.log(math.exp(a - top) + math.exp(b - top))


def detector(verdicts, bound, grain, start, end, log_a):
    """First bucket's end, and ln M then, at which M = (M + 1) e, mixed over bets, reaches the threshold.
    verdicts: (time, right), of [start, end); None, and the last ln M, if none does."""
    buckets, evidence, mix = {}, [-math.inf] * len(BETS), -math.inf
    for at, right in verdicts:
        if start <= at < end:
            n = buckets.setdefault((at // grain + 1) * grain, [0, 0])
            n[right] += 1
    for close in sorted(buckets):
        wrong, right = buckets[close]
        for k, bet in enumerate(BETS):
            gain = wrong * math.log1p(bet * bound / (1 - bound)) + right * math.log1p(-bet)
            evidence[k] = log_add(evidence[k], 0) + gain
        mix = evidence[0]
        for one in evidence[1:]:
            mix = log_add(mix, one)
        mix -= math.log(len(BETS))
        if mix >= log_a:
            return close, mix
    return None, mix


def first_alarm(rows, *, baseline_hours, tolerance, budget_hours, streams):
    """Of rows of one model: (end of the bucket, "hourly" or "five_minutes", ln M)."""
    verdicts = [(row["timestamp"], row["response"] == row["reference"]) for row in rows]
    frozen = START + baseline_hours * HOUR
    base = [right for at, right in verdicts if at < frozen]
    bound = wilson_low(sum(base), len(base), .01) - tolerance
    threshold = math.log(2 * streams * budget_hours)  # two detectors a stream share the budget
    end = verdicts[-1][0] + 1
    five, quick = detector(verdicts, bound, FIVE, frozen, end, threshold + math.log(12))
    hour, slow = detector(verdicts, bound, HOUR, frozen, end, threshold)
    found = [(at, name, mix) for at, name, mix in ((five, "five_minutes", quick), (hour, "hourly", slow)) if at]
    return min(found) if found else None


TIERS = (("burn_fast", 14.4, 12, 1), ("burn_fast", 6, 72, 6), ("burn_slow", 1, 864, 72))  # Google SRE Workbook, 5


def burn_events(verdicts, objective, budget_hours, start, end):
    """(kind, state, end of the bucket): multi-window burn rates, paging only with evidence that the objective is missed
    at all, of one false page in so many hours. verdicts: (time, right)."""
    buckets = {}
    for at, right in verdicts:
        buckets.setdefault((at // FIVE + 1) * FIVE, [0, 0])[right] += 1
    closes, events, firing = list(range(start + FIVE, end + 1, FIVE)), [], set()
    threshold, evidence, mix = math.log(budget_hours * 12), [-math.inf] * len(BETS), -math.inf

    def rate(number, count):
        window = [buckets.get(close, (0, 0)) for close in closes[max(0, number + 1 - count):number + 1]]
        wrong, right = sum(one[0] for one in window), sum(one[1] for one in window)
        return wrong / (wrong + right) / (1 - objective) if wrong + right else None

    for number, close in enumerate(closes):
        wrong, right = buckets.get(close, (0, 0))
        if wrong + right:
            for k, bet in enumerate(BETS):
                gain = wrong * math.log1p(bet * objective / (1 - objective)) + right * math.log1p(-bet)
                evidence[k] = log_add(evidence[k], 0) + gain
            mix = -math.inf
            for one in evidence:
                mix = log_add(mix, one)
            mix -= math.log(len(BETS))
        for kind in ("burn_fast", "burn_slow"):
            if kind == "burn_slow" and "burn_fast" in firing and kind not in firing:
                continue
            tiers = [tier for tier in TIERS if tier[0] == kind]
            long = [(rate(number, tier[2]) or 0) >= tier[1] for tier in tiers]
            short = [(rate(number, tier[3]) or 0) >= tier[1] for tier in tiers]
            if kind in firing and not any(long) and rate(number, tiers[0][2]) is not None:
                firing.remove(kind)
                events.append((kind, "over", close))
            elif kind not in firing and any(a and b for a, b in zip(long, short)) and mix >= threshold:
                firing.add(kind)
                events.append((kind, "firing", close))
                evidence, mix = [-math.inf] * len(BETS), -math.inf
    return events
