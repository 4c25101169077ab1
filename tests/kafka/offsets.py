"""offsets: what a group has committed, asked of its coordinator in Kafka's own protocol.

Offsets carry metadata that a store's chain of tenures hangs on; confluent-kafka reads past its end, so
the two requests are spelled out here (FindCoordinator 1, OffsetFetch 2)."""

import socket
import struct
import time

FIND_COORDINATOR, OFFSET_FETCH = (10, 1), (9, 2)
ASK_SECONDS = 15


class Reader:
    """Takes an answer apart, front to back."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def number(self, form: str) -> int:
        value, = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return value

    def text(self) -> str:
        size = self.number("h")
        if size < 0:
            return ""
        self.at += size
        return self.data[self.at - size:self.at].decode()


def text(value: str) -> bytes:
    return struct.pack(">h", len(value)) + value.encode()


def ask(host: str, port: int, api: tuple, body: bytes) -> Reader:
    request = struct.pack(">hhi", *api, 1) + text("assay-tests") + body
    with socket.create_connection((host, port), timeout=ASK_SECONDS) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        stream = connection.makefile("rb")
        size, = struct.unpack(">i", stream.read(4))
        answer = Reader(stream.read(size))
    answer.number("i")  # the correlation id
    return answer


def coordinator(bootstrap: str, group: str) -> tuple:
    host, port = bootstrap.split(",")[0].rsplit(":", 1)
    deadline = time.monotonic() + ASK_SECONDS
    while True:  # it may be moving
        answer = ask(host, int(port), FIND_COORDINATOR, text(group) + b"\0")
        answer.number("i")
        code, _, _ = answer.number("h"), answer.text(), answer.number("i")
        if code == 0:
            return answer.text(), answer.number("i")
        if time.monotonic() > deadline:
            raise RuntimeError(f"no coordinator of group {group}: error {code}")
        time.sleep(0.2)


def committed(bootstrap: str, group: str) -> dict:
    """{(topic, partition): (offset, metadata)} of all that the group has committed."""
    answer = ask(*coordinator(bootstrap, group), OFFSET_FETCH, text(group) + struct.pack(">i", -1))
    found = {}
    for _ in range(answer.number("i")):
        topic = answer.text()
        for _ in range(answer.number("i")):
            partition, offset, metadata, code = (answer.number("i"), answer.number("q"), answer.text(),
                                                 answer.number("h"))
            if code:
                raise RuntimeError(f"{topic} [{partition}]: error {code}")
            if offset >= 0:
                found[topic, partition] = (offset, metadata)
    if code := answer.number("h"):
        raise RuntimeError(f"offsets of group {group}: error {code}")
    return found
