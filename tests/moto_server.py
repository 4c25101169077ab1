"""moto_server: AWS on loopback by moto, in a process of its own; what we publish is read back from it
with boto3."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config

from kafka.cluster import free_ports

START_SECONDS = 60
REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret",
               "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}


class MotoServer:
    def __init__(self):
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self) -> "MotoServer":
        program = "from moto.server import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "-H", "127.0.0.1", "-p", str(self.port)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, **CREDENTIALS})
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("moto does not start")
            time.sleep(0.1)
        return self

    def answers(self) -> bool:
        try:
            urllib.request.urlopen(self.url + "/moto-api/data.json", timeout=5).close()
        except (urllib.error.URLError, OSError):
            return False
        return True

    def reset(self) -> None:
        urllib.request.urlopen(urllib.request.Request(self.url + "/moto-api/reset", method="POST"),
                               timeout=10).close()

    def client(self, service: str):
        return boto3.client(service, endpoint_url=self.url, region_name=REGION,
                            config=Config(read_timeout=600, retries={"max_attempts": 1}),
                            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"])

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(20)
