"""browser: a real headless Chromium, driven through the two pipes it speaks its protocol on."""
import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import zlib

import numpy

PROGRAMS = ("chromium", "chromium-headless-shell")
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
           "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
           "--hide-scrollbars", "--remote-debugging-pipe"]


def program():
    """The browser's path, or None."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


class Browser:
    """One window with one page. Messages are JSON, each ended by a NUL, on descriptors 3 and 4."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="chromium-")
        their_in, self.to = os.pipe()
        self.answers, their_out = os.pipe()

        def place():
            os.dup2(their_in, 60)  # out of the way of 3 and 4, whichever they are here
            os.dup2(their_out, 61)
            os.dup2(60, 3)
            os.dup2(61, 4)
        self.process = subprocess.Popen(
            [program(), *OPTIONS, f"--user-data-dir={self.profile}", "about:blank"], preexec_fn=place,
            close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(their_in)
        os.close(their_out)
        self.numbers, self.rest, self.events, self.session = itertools.count(1), b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self):
        os.close(self.to)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.answers)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _message(self):
        while b"\0" not in self.rest:
            data = os.read(self.answers, 1 << 20)
            assert data, "the browser ended"
            self.rest += data
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def call(self, method, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while True:
            answer = self._message()
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def await_event(self, method):
        while not any(event["method"] == method for event in self.events):
            answer = self._message()
            if "method" in answer:
                self.events.append(answer)

    def open(self, path, width, scheme="light", media=""):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        self.call("Page.navigate", url=f"file://{path}")
        self.await_event("Page.loadEventFired")

    def complaints(self):
        """What the console, the log and the network complained of since the page was opened."""
        return [event for event in self.events if event["method"] in (
            "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Network.loadingFailed")]

    def requests(self):
        return [event["params"]["request"]["url"] for event in self.events
                if event["method"] == "Network.requestWillBeSent"]

    def run(self, script):
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def picture(self):
        """What the window shows, as rows of pixels, RGB."""
        return decode_png(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", printBackground=False)["data"])

    def accessible(self):
        """The accessibility tree, what is ignored left out: (role, name, properties)."""
        self.call("Accessibility.enable")
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", ""), {
            each["name"]: each["value"].get("value") for each in node.get("properties", [])})
                for node in nodes if not node.get("ignored")]


def decode_png(data):
    """8-bit RGB or RGBA without interlacing, as a browser writes it."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed = 8, b""
    while at < len(data):
        size, kind = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
        body = data[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")
            channels = {2: 3, 6: 4}[body[9]]
        packed += body if kind == b"IDAT" else b""
        at += size + 12
    lines = numpy.frombuffer(zlib.decompress(packed), numpy.uint8).reshape(height, 1 + width * channels)
    above, rows = numpy.zeros((width, channels), int), []
    for line in lines:
        row = line[1:].reshape(width, channels).astype(int)
        if line[0] == 2:
            row = row + above & 255
        elif line[0] == 1:
            row = numpy.cumsum(row, axis=0) & 255
        elif line[0] in (3, 4):
            row = _unfilter(row, above, line[0])
        rows.append(row)
        above = row
    return numpy.array(rows, numpy.uint8)[:, :, :3]


def _unfilter(row, above, kind):
    """Average and Paeth lean on the pixel before: one after the other."""
    done = numpy.zeros_like(row)
    left = upper_left = numpy.zeros(row.shape[1], int)
    for x, (raw, up) in enumerate(zip(row, above)):
        if kind == 3:
            guess = (left + up) // 2
        else:
            p = left + up - upper_left
            a, b, c = abs(p - left), abs(p - up), abs(p - upper_left)
            guess = numpy.where((a <= b) & (a <= c), left, numpy.where(b <= c, up, upper_left))
        done[x] = left = raw + guess & 255
        upper_left = up
    return done
