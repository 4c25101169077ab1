#!/usr/bin/env python3
"""What becomes of real captured bodies: a table of reasons, and a comparison of every text with what a few plain lines of
Python take out of the same bodies. Exit status 1 when a text differs."""
import argparse, base64, collections, json, struct, subprocess, sys

FILES = ["llm_api_cassettes/dev.jsonl", "sagemaker_capture/dev_capture_llm_real.jsonl",
         "sagemaker_capture/dev_capture_csv_docs.jsonl"]


def parts_text(content, gap=""):
    if content is None or isinstance(content, str):
        return content
    texts = [part.get("text", part.get("guardContent", {}).get("text")) for part in content]
    return gap.join(t["text"] if isinstance(t, dict) else t for t in texts if t is not None)


def frames(data):
    while data:
        total, headers = struct.unpack(">II", data[:8])
        event = json.loads(data[12 + headers:total - 4])
        yield json.loads(base64.b64decode(event["bytes"])) if "bytes" in event else event
        data = data[total:]


def event_text(event):
    """The new text of one event of a stream."""
    if event.get("object") == "thread.message.delta":
        return event["delta"]["content"][0]["text"]["value"]
    if "type" in event and event["type"].startswith("response."):
        return event["delta"] if event["type"] == "response.output_text.delta" else ""
    if event.get("choices"):
        choice = event["choices"][0]
        return choice.get("text") or choice.get("delta", {}).get("content") or ""
    return event.get("outputText") or (isinstance(event.get("delta"), dict) and event["delta"].get("text")) or ""


def answer_text(row):
    if "response_body_b64" in row:
        return "".join(event_text(e) for e in frames(base64.b64decode(row["response_body_b64"])))
    if "event-stream" in row["content_type"]:
        lines = [line[6:] for line in row["response_body"].split("\n") if line.startswith("data: ")]
        return "".join(event_text(json.loads(line)) for line in lines if line != "[DONE]")
    body = json.loads(row["response_body"])
    if isinstance(body, list):
        return body[0]["generated_text"]
    if "choices" in body:
        choice = body["choices"][0]
        message = choice.get("message", {})
        return choice.get("text") or message.get("content") or message.get("refusal")
    if isinstance(body.get("output"), dict):
        return parts_text(body["output"]["message"]["content"])
    if "output" in body:
        return "".join(parts_text(item["content"]) for item in body["output"] if item["type"] == "message") or None
    if "results" in body:
        return body["results"][0]["outputText"]
    if body.get("object", "").startswith(("thread", "assistant")):
        return None
    return body.get("completion") or parts_text(body.get("content"))


def asked_text(row):
    body = json.loads(row["request_body"])
    system = parts_text(body.get("system")) or body.get("instructions")
    turns = [("system", system)] if system else []
    asked = body.get("messages", body.get("input"))
    if isinstance(asked, list):
        turns += [(m["role"], parts_text(m.get("content"), "\n")) for m in asked]
    elif asked is None:
        asked = body.get("prompt", body.get("inputs", body.get("inputText")))
        asked = "\n".join(asked) if isinstance(asked, list) else asked
    turns += [("user", asked)] if isinstance(asked, str) else []
    turns = [(role, text) for role, text in turns if text is not None]
    return turns[0][1] if len(turns) == 1 and turns[0][0] == "user" else "\n".join(f"{r}: {t}" for r, t in turns)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("decode_records", help="the program: build/.../tests/decode_records")
    parser.add_argument("data", nargs="?", default="../shared/data", help="folder of real bodies; default %(default)s")
    arguments = parser.parse_args()
    wrong = 0
    for name in FILES:
        path = f"{arguments.data}/{name}"
        output = subprocess.run([arguments.decode_records, path], check=True, capture_output=True, text=True).stdout
        decoded = [json.loads(line) for line in output.splitlines()]
        rows = [json.loads(line) for line in open(path)]
        assert len(rows) == len(decoded)
        print(f"{name}: {len(rows)} records")
        for reason, count in collections.Counter(d.get("invalid", "text") for d in decoded).most_common():
            print(f"  {count:5} {reason}")
        if "cassettes" not in name:
            continue
        for row, got in zip(rows, decoded):
            expected = answer_text(row)
            same = not expected if "invalid" in got else \
                (got["response"], got["prompt"]) == (expected, asked_text(row))
            wrong += not same
            if not same:
                print("  DIFFERS", row["id"], got.get("invalid", "text"))
        print(f"  {wrong} texts differ from plain Python's")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
