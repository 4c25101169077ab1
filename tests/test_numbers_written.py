"""Does a number that is written read back as the same, and is it no longer than Python's?"""

import math
import random
import struct
import subprocess

import pytest


@pytest.fixture
def written(build):
    def call(numbers):
        done = subprocess.run([build / "tests" / "number_probe"], input="".join(f"{x.hex()}\n" for x in numbers),
                              capture_output=True, text=True, timeout=120, check=True)
        return done.stdout.splitlines()
    return call


def doubles(seed, count):
    chance = random.Random(seed)
    for _ in range(count):
        yield struct.unpack("<d", chance.randbytes(8))[0]
        yield chance.uniform(-1, 1) * 10.0 ** chance.randint(-12, 25)
        yield round(chance.uniform(0, 2000), chance.randint(0, 6))
        yield float(chance.randint(-10**chance.randint(1, 18), 10**18))
        yield chance.choice([1, -1]) * chance.randint(1, 99) * 10.0 ** chance.randint(-9, 22)


def digits(text):
    """What is said beside the place of the point."""
    return text.lower().partition("e")[0].replace(".", "").strip("-0")


def test_random_doubles_read_back_and_are_short(written):
    numbers = [x for x in doubles(7, 20000) if math.isfinite(x)]
    texts = written(numbers)
    assert len(texts) == len(numbers) > 90000
    for number, text in zip(numbers, texts):
        assert float(text) == number, (number, text)
        assert len(text) <= len(repr(number)), (number, text)
        assert digits(text) == digits(repr(number)), (number, text)
        plain = format(number, ".0f") if number.is_integer() else None
        assert "e" not in text or plain is None or len(text) < len(plain.rstrip("0") + "0" * (
            len(plain) - len(plain.rstrip("0")))), (number, text)


def test_numbers_people_write_are_written_so(written):
    plain = ["20", "0", "-0", "1", "100", "1000", "10000", "0.5", "0.05", "0.001", "12.5", "1024", "-7", "1234567.25"]
    assert written([float(text) for text in plain]) == plain
