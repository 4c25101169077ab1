"""jars: Apache Kafka from Maven Central, as the pom beside this file says, kept under build/kafka."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
POM = Path(__file__).with_name("pom.xml")
FOLDER = ROOT / "build" / "kafka"
RESOLVE_SECONDS = 600


class KafkaUnavailable(Exception):
    """Apache Kafka cannot be had on this machine; the text says what is missing."""


def java() -> str:
    found = shutil.which("java")
    if not found:
        raise KafkaUnavailable("no java: install openjdk-17-jre-headless (tests/packages.txt)")
    return found


def folder() -> Path:
    """The folder with all jars, resolved once for each content of the pom."""
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()[:16]
    jars = FOLDER / digest
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs on one tree resolve once
        if not (jars / "complete").exists():
            resolve(jars)
    return jars


def resolve(jars: Path) -> None:
    if not shutil.which("mvn"):
        raise KafkaUnavailable("no mvn: install maven (tests/packages.txt)")
    shutil.rmtree(jars, ignore_errors=True)
    command = ["mvn", "-B", "-q", "-f", str(POM), "dependency:copy-dependencies",
               "-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=RESOLVE_SECONDS, check=False)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()[:6]
        raise KafkaUnavailable("Maven cannot resolve Apache Kafka:\n" + "\n".join(said))
    (jars / "complete").touch()


def command(main_class: str, *arguments: str, heap_mb: int = 256, properties: tuple = ()) -> list:
    """A Java command line that starts quickly and stays small."""
    return [java(), f"-Xmx{heap_mb}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-Djava.net.preferIPv4Stack=true", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            *properties, "-cp", os.path.join(str(folder()), "*"), main_class, *arguments]
