"""alarm_receiver: somebody to be told of alarms over HTTP: takes, refuses, hangs or breaks as a test says."""
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANG, BREAK = "hang", "break"


class Receiver:
    """replies: of the requests in order, the last one for all further: a status, (status, body), HANG or BREAK."""

    def __init__(self, *replies, delay=0.0):
        self.replies, self.delay = list(replies) or [200], delay
        self.got = []  # (path, headers with names in lower case, body)
        self.asked = []  # paths of GET, which are never answered
        self.ends = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                reply = receiver.replies[min(len(receiver.got), len(receiver.replies)) - 1]
                if reply == HANG:
                    receiver.ends.wait()
                if reply in (HANG, BREAK):
                    self.close_connection = True
                    return
                time.sleep(receiver.delay)
                status, text = reply if isinstance(reply, tuple) else (reply, b"")
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):  # noqa: N802
                receiver.asked.append(self.path)
                receiver.ends.wait()
                self.close_connection = True

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.server.shutdown()
        self.server.server_close()
