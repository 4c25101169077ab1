"""slow: a way to a service on loopback that gives its answers late, so that kills fall between a
request and its answer."""

import socket
import threading
import time
from urllib.parse import urlsplit

CHUNK = 64 * 1024


class SlowAnswers:
    """Passes bytes on at once, and back after a while. One thread a direction; bounded by its users."""

    def __init__(self, url: str, seconds: float):
        self.target = (urlsplit(url).hostname, urlsplit(url).port)
        self.seconds = seconds
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:  # stopped
                return
            try:
                server = socket.create_connection(self.target)
            except OSError:
                client.close()
                continue
            for source, sink, wait in ((client, server, 0), (server, client, self.seconds)):
                threading.Thread(target=self.carry, args=(source, sink, wait), daemon=True).start()

    @staticmethod
    def carry(source: socket.socket, sink: socket.socket, wait: float) -> None:
        try:
            while chunk := source.recv(CHUNK):
                time.sleep(wait)
                sink.sendall(chunk)
        except OSError:
            pass  # one side died: that is what it is for
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self) -> None:
        self.listener.close()
