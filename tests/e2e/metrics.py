"""metrics: does CloudWatch hold what the score rows say? Computed from score rows, not from rollups;
what a crash left `sending` may or may not have arrived, and must account for the whole difference."""

import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain, combinations

NAMESPACE = "/aws/sagemaker/inference-quality/"
MINUTE_MS = 60_000
AMBIGUOUS_MAX = 12  # rows of one metric and minute: all their subsets are tried


@dataclass(frozen=True)
class Key:
    """A point of CloudWatch: one metric in one minute."""
    model: str
    endpoint: str  # "" where the sample named none
    name: str
    minute_ms: int


@dataclass
class Total:
    count: int = 0
    sum: float = 0.0

    def add(self, value: float, count: int = 1) -> None:
        self.count += count
        self.sum += value * count

    def take_off(self, other: "Total") -> None:
        self.count -= other.count
        self.sum -= other.sum

    def equals(self, count: int, total: float) -> bool:
        return self.count == count and math.isclose(self.sum, total, rel_tol=1e-9, abs_tol=1e-6)


def from_scores(store, owner: dict, endpoint_of: dict, known_models: set) -> dict:
    """{Key: Total} of all rows that count: those of the shard that answers for the offset.
    `endpoint_of` is {(partition, offset): name or ""}."""
    totals = defaultdict(Total)
    dimensions = defaultdict(lambda: defaultdict(Total))  # weight as count, weighted value as sum
    seen = set()
    for s in store.scores:
        place = (s.partition, s.offset)
        if place not in owner or owner[place].shard != s.shard:
            continue
        minute = s.observed_at_ms // MINUTE_MS * MINUTE_MS
        model = s.model if s.model in known_models else "other"

        def total(name, model=model, minute=minute, place=place):
            return totals[Key(model, endpoint_of[place], name, minute)]

        if place not in seen:
            seen.add(place)
            total("samples_evaluated").add(1)
        if s.status == "error" and s.criterion != "composite":
            total("evaluation_errors").add(1)
        if s.status != "scored":
            continue
        if s.criterion == "composite":
            if s.place == 0:  # the rubric named first, of those that apply
                total("composite_quality_score").add(s.value)
            continue
        if s.weight > 0:
            mean = dimensions[place, s.dimension, model, minute][s.place]
            mean.count += s.weight
            mean.sum += s.value * s.weight
        if s.dimension == "safety" and not s.passed:
            total("safety_violations").add(1)
    for (place, dimension, model, minute), by_rubric in dimensions.items():
        mean = by_rubric[min(by_rubric)]  # the first that scored it
        totals[Key(model, endpoint_of[place], dimension + "_score", minute)].add(mean.sum / mean.count)
    return dict(totals)


def from_cloudwatch(client, names: set, models: set, endpoints: set, start_s: float, end_s: float) -> dict:
    """{Key: Total} as CloudWatch tells it; "" among the endpoints is "no dimension".

    CloudWatch answers for exactly the dimensions asked for. moto also counts data that have more, so
    that a question without dimensions brings everything: what has an endpoint is taken off again. Data
    with any other dimension would show as too much. (Listing the metrics is too slow in moto.)"""
    totals = {}
    for model in models:
        for name in names:
            bare = points(client, NAMESPACE + model, name, "", start_s, end_s)
            for endpoint in sorted(endpoints - {""}):
                for at, total in points(client, NAMESPACE + model, name, endpoint, start_s, end_s).items():
                    totals[Key(model, endpoint, name, at)] = total
                    bare[at].take_off(total)
            totals |= {Key(model, "", name, at): total for at, total in bare.items() if total.count}
    return totals


def points(client, namespace: str, name: str, endpoint: str, start_s: float, end_s: float) -> dict:
    answer = client.get_metric_statistics(
        Namespace=namespace, MetricName=name, StartTime=start_s, EndTime=end_s, Period=60,
        Dimensions=[{"Name": "EndpointName", "Value": endpoint}] if endpoint else [],
        Statistics=["Sum", "SampleCount"])
    return {int(p["Timestamp"].timestamp() * 1000): Total(round(p["SampleCount"]), p["Sum"])
            for p in answer["Datapoints"]}


def ambiguous(store) -> dict:
    """{Key: rows left `sending`}."""
    rows = defaultdict(list)
    for row in store.outbox:
        if row.state == "sending":
            rows[Key(row.model, row.endpoint or "", row.name, row.minute_ms)].append(row)
    return rows


def arrived(missing_count: int, missing_sum: float, rows: list) -> bool:
    """Whether some of the ambiguous rows, each whole, are exactly what is missing."""
    some = chain.from_iterable(combinations(rows, n) for n in range(len(rows) + 1))
    return any(Total(sum(r.count for r in lost), sum(r.sum for r in lost)).equals(missing_count, missing_sum)
               for lost in some)


def compare(expected: dict, published: dict, store) -> list:
    """What is wrong with the published metrics."""
    problems = [f"{len(rows)} outbox rows ended {state}" for state in ("ready", "refused", "expired")
                if (rows := [r for r in store.outbox if r.state == state])]
    left = ambiguous(store)
    for key in sorted(set(expected) | set(published), key=str):
        want, got = expected.get(key, Total()), published.get(key, Total())
        rows = left.get(key, [])
        if len(rows) > AMBIGUOUS_MAX:
            problems.append(f"{key}: {len(rows)} rows left sending are too many to tell apart")
        elif not arrived(want.count - got.count, want.sum - got.sum, rows):
            problems.append(f"{key}: rows say {want.count} summing to {want.sum:.6f}, CloudWatch "
                            f"{got.count} summing to {got.sum:.6f}, {len(rows)} left sending")
    return problems
