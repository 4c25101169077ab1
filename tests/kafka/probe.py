"""probe: drives tests/kafka_probe.c: one group member on Debian's librdkafka."""

import json
import os
import signal
import subprocess
from pathlib import Path


class Probe:
    def __init__(self, program: Path, bootstrap: str, topic: str, group: str, session_ms: int = 6000):
        self.process = subprocess.Popen([str(program), bootstrap, topic, group, str(session_ms)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, bufsize=1)
        self.held = set()       # partitions as the rebalances told
        self.rebalances = []    # what it was told, in order
        self.took = []          # (partition, offset) in order
        self.version = self.answer()["librdkafka"]

    def answer(self) -> dict:
        """The next line that answers a command; rebalances on the way are noted."""
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError("the probe ended")
            said = json.loads(line)
            if "assigned" in said:
                self.held = set(said["assigned"])
                self.rebalances.append(said)
            elif "revoked" in said:
                self.held = set()
                self.rebalances.append(said)
            else:
                return said

    def ask(self, line: str) -> dict:
        self.process.stdin.write(line + "\n")
        return self.answer()

    def poll(self, milliseconds: int) -> list:
        took = [tuple(pair) for pair in self.ask(f"poll {milliseconds}")["took"]]
        self.took += took
        return took

    def commit(self, partition: int, offset: int, metadata: str = "") -> str:
        return self.ask(f"commit {partition} {offset} {metadata}")["commit"]

    def committed(self, partition: int) -> tuple:
        said = self.ask(f"committed {partition}")
        return said["offset"], said["metadata"]

    def freeze(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def close(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
