"""A host on this machine that speaks raw bytes, so that it can lie, drip and never end as no web server would."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

Script = Callable[[socket.socket, threading.Event], None]


class RawHost:
    """Answers every connection by a script; notes what was asked and how many bytes it got rid of."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self.asked: list[bytes] = []
        self.address, self.port = self._listener.getsockname()[:2]
        self.url = f"http://{self.address}:{self.port}"
        self._threads[0].start()

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                connection, _ = self._listener.accept()
                thread = threading.Thread(target=self._talk, args=[connection])
                self._threads.append(thread)
                thread.start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            asked = b""
            while b"\r\n\r\n" not in asked and (received := connection.recv(65536)):
                asked += received
            self.asked.append(asked)
            self._script(connection, self._over)


def says(*parts: bytes) -> Script:
    """Send this, then close."""

    def script(connection: socket.socket, _: threading.Event) -> None:
        for part in parts:
            connection.sendall(part)

    return script


def drips(head: bytes, drop: bytes = b"x", every: float = 0.02) -> Script:
    """Send the head, then a drop at a time, until nobody listens any more."""

    def script(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(head)
        while not over.wait(every):
            connection.sendall(drop)

    return script


def floods(head: bytes, counter: list[int]) -> Script:
    """Send the head, then as much as is taken; the counter's first entry grows by the bytes."""

    def script(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(head)
        while not over.is_set():
            counter[0] += connection.send(bytes(65536))

    return script
