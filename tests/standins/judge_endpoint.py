"""A SageMaker runtime endpoint with a judge behind it, for tests.

It checks every signature with botocore, takes the sample's text out of the prompt, and gives a
verdict that is a keyed hash of that text: whoever knows the key can derive every verdict again, so
that a lost, invented or swapped one is found. It answers late and out of order, and fails in every
way that has been seen or feared, at the shares it is told.

With --capacity N it refuses calls beyond N at a time; with --retry-after it asks whom it throttles
to wait (seconds, or "date": a second later as an HTTP-date), and counts who comes too soon.

    python3 judge_endpoint.py [--port 0] [--latency-ms 5] [--sigma 1] [--faults '{"throttle400": .1}']

prints the port it listens on. GET /control/stats tells what was counted; POST /control/settings
with {"faults": {...}, "latency_ms": 5, "sigma": 1, "shape": "chat"} changes what it does.
"""
import argparse
import asyncio
import datetime
import hashlib
import hmac
import json
import random
import re
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import signature_check  # noqa: E402

KEY, SECRET = "AKIDJUDGE", "secret-of-the-judge-tests"
INPUTS = {"context", "reference", "prompt", "response"}
HEADERS_MAX = 64
BODY_MAX = 64 << 20


def verdict_of(sample, scale, key="judge"):
    """The verdict on a sample ({"prompt": ..., "response": ...} as the judge is shown it). `scale`
    is (min, max), or a list of labels without the one for "cannot tell"."""
    text = json.dumps(sample, sort_keys=True).encode()
    number = int.from_bytes(hmac.new(key.encode(), text, hashlib.sha256).digest()[:8], "big")
    if isinstance(scale, tuple):
        return scale[0] + number % (scale[1] - scale[0] + 1)
    return sorted(scale)[number % len(scale)]


def read_prompt(body):
    """(sample, nonce, scale) of a chat-completions body."""
    text = json.loads(body)["messages"][-1]["content"]
    sample, after = None, ""
    for line in text.split("\n"):
        if sample is None and line.startswith('{"'):
            value = json.loads(line)
            assert set(value) <= INPUTS, "the data line has foreign keys"
            sample = value
        elif sample is not None:
            after += line + "\n"
    nonce = re.search(r'\{"nonce":"([0-9a-f]{32})"', after)
    assert sample is not None and nonce, "no data or no nonce"
    numbers = re.search(r"a whole number from (-?\d+) to (-?\d+)", after)
    if numbers:
        return sample, nonce[1], (int(numbers[1]), int(numbers[2]))
    labels = after.split("one of ", 1)[1]
    told = re.findall(r'"((?:[^"\\]|\\.)*)"( \(when you cannot tell\))?', labels)
    return sample, nonce[1], [json.loads(f'"{name}"') for name, unknown in told if not unknown]


def verdict_text(nonce, verdict, **more):
    return json.dumps({"nonce": nonce, "reasoning": "weighed and found {so}", "verdict": verdict,
                       **more})


# Faults of the service: status, error code, body.
ERRORS = {
    "throttle400": (400, "ThrottlingException", {"message": None}),
    "throttle429": (429, None, {"message": "slow down"}),
    "not_ready429": (429, "ModelNotReadyException", {"Message": "starting"}),
    "no_capacity": (400, "ValidationError", {"Message": "The component has no capacity yet."}),
    "validation400": (400, "ValidationError", {"Message": "no such thing"}),
    "model424": (424, "ModelError", {"OriginalStatusCode": 500, "OriginalMessage": "oops"}),
    "model424_busy": (424, "ModelError", {"OriginalStatusCode": 429}),
    "model424_refused": (424, "ModelError", {"OriginalStatusCode": 400}),
    "timeout424": (424, "ModelError", {"OriginalStatusCode": 0,
                                       "Message": "Your invocation timed out"}),
    "error500": (500, "InternalFailure", {}),
    "error503": (503, "ServiceUnavailable", {}),
    "error530": (530, "InternalDependencyException", {}),
    "expired403": (403, None, {"__type": "com.amazon#ExpiredTokenException"}),
    "denied403": (403, "AccessDeniedException", {"Message": "not you"}),
}


def deep(nonce, verdict):
    return '{"a":' * 300 + verdict_text(nonce, verdict) + "}" * 300


def other(nonce, verdict):
    """Another valid verdict than the right one."""
    if isinstance(verdict, int):
        return verdict - 1 if verdict > 1 else verdict + 1
    return "unknown"


# Faults of the judge: what it says instead of a verdict. Each takes (nonce, verdict, sample).
RUDENESS = {
    "wrong_nonce": lambda n, v, s: verdict_text("0" * 32, v),
    "no_nonce": lambda n, v, s: json.dumps({"reasoning": "", "verdict": v}),
    "out_of_range": lambda n, v, s: verdict_text(n, 99),
    "fraction": lambda n, v, s: verdict_text(n, 4.5),
    "number_as_text": lambda n, v, s: verdict_text(n, "4/5"),
    "unknown_key": lambda n, v, s: verdict_text(n, v, passed=True),
    "conflict": lambda n, v, s: verdict_text(n, v) + "\n" + verdict_text(n, other(n, v)),
    "duplicate_keys": lambda n, v, s: verdict_text(n, v)[:-1] + ',"verdict":1}',
    "cut": lambda n, v, s: verdict_text(n, v)[:-1],
    "prose": lambda n, v, s: "I would give it four out of five.",
    "refusal": lambda n, v, s: "I cannot help with that.",
    "deep": lambda n, v, s: deep(n, v),
    "huge_number": lambda n, v, s: verdict_text(n, v).replace(json.dumps(v), "1e309"),
    "nul": lambda n, v, s: verdict_text(n, "5\x00"),
    # it obeys the sample: repeats what stands in it, which cannot know the nonce
    "injection": lambda n, v, s: str(s.get("response", "")),
}

def asked_for(sample):
    """The fault that a sample's prompt asks for: "[judge: prose]"."""
    told = re.search(r"\[judge: (\w+)\]", str(sample.get("prompt", "")))
    return told[1] if told and told[1] in RUDENESS else None


# Ways in which right verdicts are wrapped; they must be read all the same.
WRAPPINGS = [
    lambda text: text,
    lambda text: f"```json\n{text}\n```",
    lambda text: f"Let me think about {{this}}.\n\n{text}",
    lambda text: f'The response says {{"verdict": 1}}, so:\n{text}\nThat is all.',
]

TRANSPORT = ["reset", "hang", "html", "huge", "truncated", "unknown"]
FAULTS = [*ERRORS, *RUDENESS, *TRANSPORT]


class Judge:
    def __init__(self, settings, seed):
        self.random = random.Random(seed)
        self.settings = {"faults": {}, "latency_ms": 5, "sigma": 1, "shape": "chat", "key": "judge",
                         "clock_s": 0, "capacity": 0, "retry_after": None}
        self.change(settings)
        self.counts = Counter()
        self.problems = []
        self.nonces = set()
        self.now = self.most = 0
        self.closed_until = 0
        self.asked = set()

    def change(self, settings):
        foreign = set(settings.get("faults", {})) - set(FAULTS)
        if foreign or set(settings) - set(self.settings):
            raise ValueError(f"not known: {foreign or settings}")
        self.settings.update(settings)

    def fault(self):
        """At most one for each call, by its share."""
        at = self.random.random()
        for name, share in self.settings["faults"].items():
            at -= share
            if at < 0:
                return name
        return None

    def clock(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.settings["clock_s"])

    async def pause(self):
        median, sigma = self.settings["latency_ms"], self.settings["sigma"]
        if median > 0:
            await asyncio.sleep(self.random.lognormvariate(0, sigma) * median / 1000)

    def stats(self):
        return {**self.counts, "samples": len(self.asked), "most_in_flight": self.most, "problems": self.problems[:20],
                "problem_count": len(self.problems)}

    async def throttle(self, writer, status, code, value):
        """A refusal that asks to wait, if it was told to ask."""
        extra = ""
        if self.settings["retry_after"] == "date":
            now = self.clock()
            until = now.replace(microsecond=0) + datetime.timedelta(seconds=2)
            extra = f"Retry-After: {until:%a, %d %b %Y %H:%M:%S GMT}\r\n"
            # its own Date has whole seconds: the wait of a client begins at that second
            wait = (until - now.replace(microsecond=0)).total_seconds()
        elif self.settings["retry_after"]:
            extra, wait = f"Retry-After: {self.settings['retry_after']}\r\n", float(self.settings["retry_after"])
        if extra:
            self.closed_until = max(self.closed_until, asyncio.get_running_loop().time() + wait)
        await send(writer, status, value, code, extra=extra)

    async def invoke(self, path, headers, body, writer):
        self.counts["calls"] += 1
        self.counts["body_bytes"] += len(body)
        self.counts["too_soon"] += asyncio.get_running_loop().time() < self.closed_until
        wrong = signature_check.problem("POST", path, headers, body, key=KEY, secret=SECRET,
                                        service="sagemaker", now=self.clock())
        if wrong:
            self.problems.append(f"signature: {wrong}")
            return await send(writer, 403, {"message": wrong}, "InvalidSignatureException",
                              self.clock())
        try:
            sample, nonce, scale = read_prompt(body)
        except (AssertionError, ValueError, KeyError, IndexError) as error:
            self.problems.append(f"prompt: {error}")
            return await send(writer, 400, {"Message": "unreadable"}, "ValidationError")
        if nonce in self.nonces:
            self.problems.append("a nonce was used twice")
        self.nonces.add(nonce)
        self.asked.add(json.dumps(sample, sort_keys=True))
        if 0 < self.settings["capacity"] < self.now:
            self.counts["over_capacity"] += 1
            return await self.throttle(writer, 429, None, {"message": "slow down"})
        await self.pause()
        return await self.reply(sample, nonce, scale, writer)

    async def reply(self, sample, nonce, scale, writer):
        fault = asked_for(sample) or self.fault()
        self.counts[fault or "verdicts"] += 1
        verdict = verdict_of(sample, scale, self.settings["key"])
        if fault in ERRORS:
            status, code, value = ERRORS[fault]
            if fault.startswith("throttle") or fault == "error503":
                return await self.throttle(writer, status, code, value)
            return await send(writer, status, value, code)
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault == "html":
            return await send_raw(writer, 200, b"<html><body>Bad gateway</body></html>", "text/html")
        if fault == "reset":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"choices\":")
            await writer.drain()
            return writer.close()
        if fault == "huge":
            return await send_huge(writer)
        text = self.random.choice(WRAPPINGS)(verdict_text(nonce, verdict))
        if fault in RUDENESS:
            text = RUDENESS[fault](nonce, verdict, sample)
        elif fault == "unknown":
            text = verdict_text(nonce, "unknown")
        elif fault == "truncated":
            text = text[:len(text) // 2]
        return await send(writer, 200, self.shaped(text, "length" if fault == "truncated" else "stop"))

    def shaped(self, text, finish):
        usage = {"prompt_tokens": 100, "completion_tokens": len(text) // 4 + 1}
        self.counts["tokens"] += sum(usage.values())
        if self.settings["shape"] == "tgi":
            return {"generated_text": text, "details": {"finish_reason": finish,
                                                        "generated_tokens": len(text) // 4 + 1}}
        if self.settings["shape"] == "list":
            return [{"generated_text": text, "details": {"finish_reason": finish}}]
        return {"object": "chat.completion", "usage": usage, "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text},
             "finish_reason": finish}]}

    async def control(self, method, path, body, writer):
        if method == "GET" and path == "/control/stats":
            return await send(writer, 200, self.stats())
        try:
            self.change(json.loads(body))
        except ValueError as error:
            return await send(writer, 400, {"Message": str(error)})
        return await send(writer, 200, self.settings)

    async def serve(self, reader, writer):
        try:
            while request := await receive(reader):
                method, path, headers, body = request
                if path.startswith("/control/"):
                    await self.control(method, path, body, writer)
                    continue
                self.now += 1
                self.most = max(self.most, self.now)
                try:
                    if method != "POST" or not re.fullmatch(
                            r"/endpoints/[A-Za-z0-9-]{1,63}/invocations", path):
                        self.problems.append(f"{method} {path}")
                        await send(writer, 404, {"message": "no such path"})
                    else:
                        await self.invoke(path, headers, body, writer)
                finally:
                    self.now -= 1
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def receive(reader):
    """(method, path, headers, body), or None when the connection ends."""
    first = (await reader.readline()).decode("latin-1").split()
    if len(first) != 3:
        return None
    headers = {}
    for _ in range(HEADERS_MAX):
        line = (await reader.readline()).decode("latin-1").rstrip("\r\n")
        if not line:
            break
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    size = int(headers.get("content-length", 0))
    if size > BODY_MAX:
        return None
    return first[0], first[1], headers, await reader.readexactly(size)


async def send_raw(writer, status, body, kind="application/json", code=None, now=None, extra=""):
    extra += f"x-amzn-errortype: {code}:http://internal/\r\n" if code else ""
    stamp = (now or datetime.datetime.now(datetime.timezone.utc)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    head = (f"HTTP/1.1 {status} X\r\nDate: {stamp}\r\nContent-Type: {kind}\r\n{extra}"
            f"x-amzn-RequestId: 1\r\nContent-Length: {len(body)}\r\n\r\n")
    writer.write(head.encode() + body)
    await writer.drain()


async def send(writer, status, value, code=None, now=None, extra=""):
    await send_raw(writer, status, json.dumps(value).encode(), code=code, now=now, extra=extra)


async def send_huge(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                 b"Content-Length: 104857600\r\n\r\n")
    for _ in range(100):
        writer.write(b"x" * (1 << 20))
        await writer.drain()


async def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=5, help="median; lognormal")
    parser.add_argument("--sigma", type=float, default=1, help="of the latency's logarithm")
    parser.add_argument("--faults", type=json.loads, default={}, help="JSON, name: share")
    parser.add_argument("--shape", choices=["chat", "tgi", "list"], default="chat")
    parser.add_argument("--key", default="judge", help="of the verdicts' hash")
    parser.add_argument("--clock-s", type=float, default=0, help="ahead of ours")
    parser.add_argument("--capacity", type=int, default=0, help="calls at a time; 0: no limit")
    parser.add_argument("--retry-after", help="seconds, or date")
    parser.add_argument("--seed", type=int, default=1)
    flags = vars(parser.parse_args())
    port, seed = flags.pop("port"), flags.pop("seed")
    judge = Judge(flags, seed)
    server = await asyncio.start_server(judge.serve, "127.0.0.1", port, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
