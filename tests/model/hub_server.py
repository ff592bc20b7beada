"""A Hugging Face hub of our own, on this machine: the few answers that downloading a checkpoint needs.

It speaks what huggingface_hub's client asks: which commit a revision is, its files, and one file.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import close_session

OLD, NEW = "a1" * 20, "b2" * 20
"""Two commits; `main` is the new one, the tag `v1` the old one."""


@dataclass
class Hub:
    """What is on it, and what was asked of it.

    Attributes:
        repositories: name -> the folder of its files; the same for every commit.
        gated: names whose terms must be accepted first.
        asked: the paths of all requests so far.
        address: where it listens.
    """

    repositories: dict[str, Path]
    gated: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a path."""
        parts = path.partition("?")[0].strip("/").split("/")
        listed = parts[:2] == ["api", "models"]
        name, rest = ("/".join(parts[2:4]), parts[4:]) if listed else ("/".join(parts[:2]), parts[2:])
        if name in self.gated:
            return 403, {"X-Error-Code": "GatedRepo"}, b""
        if name not in self.repositories:
            return 404, {"X-Error-Code": "RepoNotFound"}, b""
        commit = {"main": NEW, "v1": OLD, OLD: OLD, NEW: NEW}.get(rest[1] if len(rest) > 1 else "main")
        if commit is None:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        if not listed:
            return self._file(name, commit, rest[2])
        known = self._tree(name) if rest[0] == "tree" else {"id": name, "sha": commit}
        return 200, {"Content-Type": "application/json"}, json.dumps(known).encode()

    def _tree(self, name: str) -> list[dict[str, object]]:
        return [
            {"type": "file", "path": path.name, "oid": _hash(path), "size": path.stat().st_size}
            for path in sorted(self.repositories[name].iterdir())
        ]

    def _file(self, name: str, commit: str, file: str) -> tuple[int, dict[str, str], bytes]:
        path = self.repositories[name] / file
        if not path.is_file():
            return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit}, b""
        return 200, {"ETag": f'"{_hash(path)}"', "X-Repo-Commit": commit}, path.read_bytes()


def _hash(path: Path) -> str:
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve until the block ends; afterwards the address refuses connections."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._reply(with_body=False)

        def do_GET(self) -> None:
            self._reply(with_body=True)

        def _reply(self, with_body: bool) -> None:
            hub.asked.append(self.path)
            status, headers, body = hub.answer(self.path)
            self.send_response(status)
            for key, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(key, value)
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def use(hub: Hub, cache: Path, patch: pytest.MonkeyPatch) -> None:
    """Point the hub's client here, with a cache of its own: it reads its environment only once, when imported."""
    patch.setattr(constants, "HF_HUB_CACHE", str(cache))
    patch.setattr(constants, "HF_HUB_OFFLINE", False)
    patch.setattr(constants, "ENDPOINT", hub.address)
    patch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.address + "/{repo_id}/resolve/{revision}/{filename}"
    )
    close_session()
