"""traffic: capture records in every form, and what a correct worker must make of each.

Expected values are plain Python over the input. A record is known again by its bytes, so foreign
clients may put it anywhere in the topic."""

import datetime
import json
import random
import re
from collections import Counter
from dataclasses import dataclass, field, replace

from judge_endpoint import verdict_of

JUDGED_MODEL = "beta"
GROUPED_MODEL = "epsilon"
MODELS = ("alpha", JUDGED_MODEL, "gamma", GROUPED_MODEL)  # that the worker is told of; all others are "other"
ENDPOINTS = {"chat-eu", "chat-us", ""}
SPREAD_MS = 20 * 60_000                    # times of events lie in the last 20 minutes
METRICS = {"samples_evaluated", "composite_quality_score", "accuracy_score", "safety_score", "format_score",
           "relevance_score", "consistency_score", "safety_violations", "evaluation_errors"}
RUDE = " [judge: prose]"                   # the stand-in gives no verdict
RESAMPLES = 3                              # responses of a group
WAITS = object()                           # status of a group's criterion: nothing yet, or the group's score


@dataclass(frozen=True)
class Expected:
    """Of one delivery. `sample` and `observed_at_ms` are None where the record does not say them."""
    state: str
    sample: str = None
    model: str = ""
    endpoint: str = ""
    observed_at_ms: int = None
    scores: dict = field(default_factory=dict, hash=False)  # {criterion: (status, value)}
    may_be_duplicate: bool = False
    group: str = None  # the record is one response of it


def agrees(found: tuple, want: tuple) -> bool:
    """(status, value) found and expected. Only one response of a group has the group's score."""
    (status, value), (wanted, wanted_value) = found, want
    if wanted is WAITS and status == "not_applicable":
        return value is None
    return (status == ("scored" if wanted is WAITS else wanted) and (value is None) == (wanted_value is None)
            and (value is None or abs(value - wanted_value) <= 1e-9))


INVALID = Expected("invalid")
BROKEN = (
    b'{"id":"cut","model":"alpha","respon',
    b'{"id":"bytes","response":"\xff\xfe"}',
    b'{"id":"no response","model":"alpha","prompt":"hello"}',
    b'{"id":"wrong type","response":17}',
    b'[1,2,3]',
    b'null',
    b'"only a text"',
    b'{"id":"nul","response":"a\\u0000b"}',
    b'{"a":' * 500 + b'1' + b'}' * 500,
    b'not even JSON',
)


def expected_scores(prompt: str, response: str, reference, model: str) -> dict:
    scores = {
        "answer": ("not_applicable", None) if reference is None
        else ("scored", float(response.strip() == reference.strip())),
        "clean": ("scored", float(not re.search("SECRET-[0-9]{4}", response))),
        "size": ("scored", float(1 <= len(response) <= 40)),
    }
    if model == JUDGED_MODEL:
        verdict = verdict_of({"prompt": prompt, "response": response}, (1, 5))
        # option empty_value: an empty response is worth 0 and no call
        scores["relevant"] = ("scored", (verdict - 1) / 4 if response else 0.0)
        if response and RUDE in prompt:
            scores["relevant"] = ("error", None)
    return scores


def text_of(chance: random.Random, number: int) -> tuple:
    """(prompt, response, right answer)"""
    a, b = chance.randrange(1000), chance.randrange(1000)
    answer = f"sample {number}: {a + b}"
    said = chance.choices(["right", "wrong", "leaks", "long", "empty"], [70, 15, 6, 6, 3])[0]
    response = {"right": answer, "wrong": f"sample {number}: {a - b}",
                "leaks": answer + f" SECRET-{chance.randrange(1000, 10000)}",
                "long": f"{answer} ¿cómo? 数 " + "and so on " * 5, "empty": ""}[said]
    return f"({number}) What is {a} plus {b}?", response, answer


def rfc3339(at_ms: int, digits: int = 3) -> str:
    at = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S") + (f".{at_ms % 1000:03}" if digits else "") + "Z"


def flat(chance, number, at_ms) -> tuple:
    prompt, response, answer = text_of(chance, number)
    model = chance.choice(["alpha", "alpha", JUDGED_MODEL, "delta"])
    if model == JUDGED_MODEL and chance.random() < .1:
        prompt += RUDE
    endpoint = chance.choice(sorted(ENDPOINTS))
    reference = answer if chance.random() < .8 else None
    record = {"id": f"flat-{number}", "timestamp": at_ms if number % 2 else rfc3339(at_ms), "model": model,
              "prompt": prompt, "response": response, "latency_ms": chance.randrange(20, 2000)}
    if endpoint:
        record["endpoint"] = endpoint
    if reference:
        record["reference"] = reference
    want = Expected("scored", record["id"], model, endpoint, at_ms,
                    expected_scores(prompt, response, reference, model))
    return record, want


def capture_record(chance, number, at_ms, prompt, response) -> dict:
    def side(mode, body):
        return {"observedContentType": "application/json", "mode": mode, "data": json.dumps(body), "encoding": "JSON"}
    return {"captureData": {"endpointInput": side("INPUT", {"inputs": prompt, "parameters": {"top_p": .9}}),
                            "endpointOutput": side("OUTPUT", chance.choice(
                                [{"generated_text": response}, [{"generated_text": response}]]))},
            "eventMetadata": {"eventId": f"event-{number}", "inferenceTime": rfc3339(at_ms, 0)}, "eventVersion": "0"}


def sagemaker_bare(chance, number, at_ms) -> tuple:
    prompt, response, _ = text_of(chance, number)
    at_ms -= at_ms % 1000
    want = Expected("scored", f"event-{number}", "unknown", "", at_ms, expected_scores(prompt, response, None, ""))
    return capture_record(chance, number, at_ms, prompt, response), want


def sagemaker_enveloped(chance, number, at_ms) -> tuple:
    prompt, response, _ = text_of(chance, number)
    at_ms -= at_ms % 1000
    record = {"endpoint": "chat-eu", "variant": "blue", "model": "gamma",
              "capture": capture_record(chance, number, at_ms, prompt, response)}
    want = Expected("scored", f"event-{number}", "gamma", "chat-eu", at_ms,
                    expected_scores(prompt, response, None, "gamma"))
    return record, want


def openai_pair(chance, number, at_ms) -> tuple:
    """Half of them say neither who they are nor when they were: then the delivery names them."""
    prompt, response, _ = text_of(chance, number)
    record = {"request": {"model": "alpha", "messages": [{"role": "system", "content": "Add."},
                                                         {"role": "user", "content": prompt}]},
              "response": {"object": "chat.completion", "model": "alpha",
                           "usage": {"prompt_tokens": 9, "completion_tokens": 5},
                           "choices": [{"index": 0, "finish_reason": "stop",
                                        "message": {"role": "assistant", "content": response}}]}}
    named = number % 2 == 0
    if named:
        record |= {"id": f"pair-{number}", "timestamp": at_ms}
    want = Expected("scored", f"pair-{number}" if named else None, "alpha", "", at_ms if named else None,
                    expected_scores(prompt, response, None, "alpha"))
    return record, want


def group_of(chance, number, at_ms) -> list:
    """[(record, Expected)] of the responses to one request."""
    right = chance.randrange(100)
    responses = [f"{chance.choice([right, right, right + 1])}" for _ in range(RESAMPLES)]
    pairs = sum(a == b for i, a in enumerate(responses) for b in responses[i + 1:])
    agreement = pairs / (RESAMPLES * (RESAMPLES - 1) / 2)
    made = []
    for index, response in enumerate(responses):
        record = {"id": f"group-{number}-{index}", "timestamp": at_ms, "model": GROUPED_MODEL, "prompt": "How many?",
                  "response": response, "group": f"group-{number}", "resample_index": index,
                  "resample_count": RESAMPLES}
        scores = expected_scores("How many?", response, None, GROUPED_MODEL) | {"consistent": (WAITS, agreement)}
        made.append((record, Expected("scored", record["id"], GROUPED_MODEL, "", at_ms, scores,
                                      group=record["group"])))
    return made


FORMS = (flat, sagemaker_bare, sagemaker_enveloped, openai_pair)
SHARES = (50, 12, 13, 15)
INVALID_SHARE, DUPLICATE_SHARE, GROUP_SHARE = .05, .05, .02


class Traffic:
    """Makes records; knows what to expect of each by its bytes."""

    def __init__(self, seed: int, now_ms: int):
        self.chance = random.Random(seed)
        self.now_ms = now_ms
        self.known = {broken: INVALID for broken in BROKEN}
        self.made = 0
        self.recent = []
        self.waiting = []  # responses of groups, still to be told

    def record(self) -> bytes:
        kind = self.chance.random()
        if kind < INVALID_SHARE:
            return self.chance.choice(BROKEN)
        if kind < INVALID_SHARE + DUPLICATE_SHARE and self.recent:
            return self.chance.choice(self.recent)
        record, want = self.next_record(kind < INVALID_SHARE + DUPLICATE_SHARE + GROUP_SHARE)
        line = json.dumps(record, ensure_ascii=self.made % 2 == 0).encode()
        self.known[line] = want
        self.recent = [*self.recent[-200:], line]
        return line

    def next_record(self, begins_group: bool) -> tuple:
        if self.waiting and self.chance.random() < .3:
            return self.waiting.pop(self.chance.randrange(len(self.waiting)))
        self.made += 1
        at_ms = self.now_ms - self.chance.randrange(SPREAD_MS)
        if begins_group:
            self.waiting += group_of(self.chance, self.made, at_ms)
            return self.waiting.pop()
        return self.chance.choices(FORMS, SHARES)[0](self.chance, self.made, at_ms)

    def records(self, count: int) -> list:
        return [self.record() for _ in range(count)]

    def expected(self, deliveries) -> dict:
        """{(partition, offset): Expected} of what was read back from the topic."""
        found = {(partition, offset): self.known[value] for partition, offset, value in deliveries}
        times = Counter(want.sample for want in found.values() if want.sample)
        return {place: replace(want, may_be_duplicate=times[want.sample] > 1) if want.sample else want
                for place, want in found.items()}
