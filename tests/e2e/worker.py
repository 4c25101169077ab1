"""worker: starts and ends `assay run` processes, and the judge's stand-in beside them."""

import os
import signal
import subprocess
import sys
import urllib.request
import json
from pathlib import Path

import judge_endpoint
from moto_server import REGION

STANDINS = Path(judge_endpoint.__file__).parent
RUBRICS = Path(__file__).with_name("rubrics")


class JudgeStandIn:
    """tests/standins/judge_endpoint.py in a process of its own."""

    def __init__(self, *arguments: str):
        self.process = subprocess.Popen(
            [sys.executable, str(STANDINS / "judge_endpoint.py"), *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def stats(self) -> dict:
        with urllib.request.urlopen(self.url + "/control/stats", timeout=10) as answer:
            return json.load(answer)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def environment(judge_url: str, cloudwatch_url: str) -> dict:
    """Credentials that the judge's stand-in checks, and where both services are."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return {**clean, "AWS_ACCESS_KEY_ID": judge_endpoint.KEY, "AWS_SECRET_ACCESS_KEY": judge_endpoint.SECRET,
            "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_CLOUDWATCH": cloudwatch_url, "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": judge_url}


class Worker:
    """One process, started again as often as it is killed. Its words go to a file."""

    def __init__(self, program: Path, arguments: list, env: dict, log: Path):
        self.command = [str(program), "run", *map(str, arguments)]
        self.env = env
        self.log = log
        self.process = None

    def start(self, *more: str) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.command, *more], env=self.env, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self, seconds: float, how: int = signal.SIGTERM) -> int:
        """Asks it to end and returns its exit status."""
        self.process.send_signal(how)
        return self.wait(seconds)

    def wait(self, seconds: float) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError(f"{self.log.name}: did not end within {seconds} s: {self.said()}") from None

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-1500:]
