"""mock: librdkafka's mock cluster in a process of its own (tests/mock_broker.c): fast, not a broker."""

import subprocess
from pathlib import Path


class MockCluster:
    def __init__(self, program: Path, topics: dict):
        self.program = program
        self.topics = topics
        self.process = None
        self.bootstrap = ""

    def start(self) -> "MockCluster":
        pairs = [str(word) for item in self.topics.items() for word in item]
        self.process = subprocess.Popen([str(self.program), *pairs], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.bootstrap = self.process.stdout.readline().strip()
        if not self.bootstrap:
            raise RuntimeError("mock_broker said nothing")
        return self

    def stop(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
