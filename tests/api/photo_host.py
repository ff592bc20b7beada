"""A web server on this machine that plays the host of a photo, in all its moods."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.release import factory


class Handler(BaseHTTPRequestHandler):
    """A photo host with moods; it notes whom it was asked by."""

    def do_GET(self) -> None:
        self.server.asked.append((self.headers["Host"], self.path, dict(self.headers)))
        mood, _, rest = self.path.lstrip("/").partition("?")
        if mood == "redirect":
            self.answer(302, b"", {"Location": rest})
        elif mood == "photo.jpg":
            self.answer(200, factory.photo("blue"), {"Content-Type": "text/plain", "Set-Cookie": "who=you"})
        elif mood == "zipped":
            self.answer(200, b"\x1f\x8b", {"Content-Encoding": "gzip"})
        elif mood == "endless":
            self.endless()
        elif mood == "slow":
            self.server.released.wait(5)
        else:
            self.answer(404, b"nothing", {})

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(4096))
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


class Host(ThreadingHTTPServer):
    """A local web server that remembers its requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.released = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"
