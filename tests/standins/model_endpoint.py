"""SageMaker endpoints of a model under test beside that of a judge, for tests.

An endpoint named "judge" is judge_endpoint.py's. Any other takes whatever request is sent, in the
forms of chat completions and of TGI ("inputs"), and answers in the same form: each time that it is
sent the same body, with the next of `answers`. It keeps what it was sent.

    python3 model_endpoint.py [--latency-ms 5] [--answers '["42", "41"]'] [--faults '{"error500": 1}']

prints the port it listens on. GET /control/stats tells what was counted; GET /control/calls what
the model's endpoints were sent and answered.
"""
import argparse
import asyncio
import json
from collections import Counter

import judge_endpoint
import signature_check
from judge_endpoint import ERRORS, KEY, SECRET, send

TOKENS = {"prompt_tokens": 40, "completion_tokens": 10}
NAMES = {"component": "x-amzn-sagemaker-inference-component", "variant": "x-amzn-sagemaker-target-variant",
         "inference_id": "x-amzn-sagemaker-inference-id"}


class Endpoints(judge_endpoint.Judge):
    def __init__(self, answers, faults, settings, seed=1):
        super().__init__(settings, seed)
        self.answers, self.model_faults = answers, faults
        self.calls, self.drawn = [], Counter()

    async def invoke(self, path, headers, body, writer):
        endpoint = path.split("/")[2]
        if endpoint == "judge":
            return await super().invoke(path, headers, body, writer)
        wrong = signature_check.problem("POST", path, headers, body, key=KEY, secret=SECRET,
                                        service="sagemaker", now=self.clock())
        if wrong:
            self.problems.append(f"signature: {wrong}")
            return await send(writer, 403, {"message": wrong}, "InvalidSignatureException", self.clock())
        call = {"endpoint": endpoint, "body": json.loads(body),
                **{name: headers.get(header) for name, header in NAMES.items()}}
        self.counts["model_calls"] += 1
        self.calls.append(call)
        await self.pause()
        return await self.answer(call, body, writer)

    async def answer(self, call, body, writer):
        at = self.random.random()
        for name, share in self.model_faults.items():
            at -= share
            if at < 0:
                status, code, value = ERRORS[name]
                return await send(writer, status, value, code)
        text = self.answers[self.drawn[body] % len(self.answers)]
        self.drawn[body] += 1
        self.counts["model_tokens"] += sum(TOKENS.values())
        call["answer"] = text
        if "inputs" in call["body"]:
            return await send(writer, 200, [{"generated_text": text}])
        return await send(writer, 200, {"object": "chat.completion", "usage": TOKENS, "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]})

    async def control(self, method, path, body, writer):
        if path == "/control/calls":
            return await send(writer, 200, self.calls)
        return await super().control(method, path, body, writer)


async def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--latency-ms", type=float, default=5)
    parser.add_argument("--answers", type=json.loads, default=["42"], help="of the model, as JSON")
    parser.add_argument("--faults", type=json.loads, default={}, help="of the model: JSON, name: share")
    flags = parser.parse_args()
    endpoints = Endpoints(flags.answers, flags.faults, {"latency_ms": flags.latency_ms})
    server = await asyncio.start_server(endpoints.serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
