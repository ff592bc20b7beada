"""A local server that speaks Slack's chat.postMessage, as https://api.slack.com/methods/chat.postMessage says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

TOKEN = "xoxb-right"


@dataclass
class Slack:
    """What the server was sent, and what it answers instead of the truth: (status, headers, body) one by one."""

    url: str
    posts: list[dict[str, str]] = field(default_factory=list)
    scripted: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    requests: int = 0

    @property
    def texts(self) -> list[str]:
        return [json.loads(post["blocks"])[0]["text"]["text"] for post in self.posts]

    def answer(self, path: str, token: str, body: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        self.requests += 1
        if self.scripted:
            return self.scripted.pop(0)
        if path != "/api/chat.postMessage":
            return said(ok=False, error="unknown_method")
        if token != f"Bearer {TOKEN}":
            return said(ok=False, error="invalid_auth")
        if not body.get("channel", "").startswith("#"):
            return said(ok=False, error="channel_not_found")
        blocks = json.loads(body["blocks"])
        if any(len(block["text"]["text"]) > 3000 for block in blocks):
            return said(ok=False, error="invalid_blocks")
        self.posts.append(body)
        return said(ok=True, ts="1.2", channel=body["channel"])


def said(**answer: object) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()


@contextmanager
def running_slack() -> Iterator[Slack]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if "json" in self.headers["Content-Type"]:
                fields = {name: str(value) for name, value in json.loads(content).items()}
                sent = json.loads(content)
                fields["blocks"] = json.dumps(sent["blocks"]) if "blocks" in sent else ""
            else:
                fields = {name: values[0] for name, values in parse_qs(content).items()}
            status, headers, body = slack.answer(self.path, self.headers.get("Authorization", ""), fields)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    slack = Slack(f"http://127.0.0.1:{server.server_port}/api/")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield slack
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
