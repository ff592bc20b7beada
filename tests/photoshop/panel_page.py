"""The plugin's panel in a browser: its built folder over HTTP, on a stand-in for Photoshop with a real toolkit.

What the stand-in does is `host.js`'s subject. Toolkit calls come in over HTTP, one at a time.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.photoshop.xmp_toolkit import Toolkit

HERE = Path(__file__).parent
_LOADER = """<script src="/tests/host.js"></script><script src="/tests/xmp_over.js"></script>
<script src="/tests/loader.js"></script>"""


class Handler(SimpleHTTPRequestHandler):
    """Serves the plugin at /, the tests' scripts at /tests/, photos at /photos/, and the toolkit at /call."""

    def __init__(
        self, *arguments: object, toolkit: Toolkit, turn: threading.Lock, photos: Path, plugin: Path
    ) -> None:
        self.toolkit, self.turn, self.photos, self.plugin = toolkit, turn, photos, plugin
        super().__init__(*arguments)

    def translate_path(self, path: str) -> str:
        for prefix, folder in (("/tests/", HERE), ("/photos/", self.photos)):
            if path.startswith(prefix):
                return str(folder / Path(path).name)
        return str(self.plugin / Path(path).name)

    def do_GET(self) -> None:
        if self.path != "/":
            super().do_GET()
            return
        page = (self.plugin / "index.html").read_text()
        self._answer(
            page.replace('<script src="main.js">', f'{_LOADER}<script src="main.js">').encode(), "text/html"
        )

    def do_POST(self) -> None:
        method, *parameters = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.turn:
            try:
                answer = {"value": getattr(self.toolkit, method)(*parameters)}
            except OSError as error:
                answer = {"error": str(error)}
        self._answer(json.dumps(answer).encode(), "application/json")

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def served(plugin: Path, photos: Path) -> Iterator[str]:
    """The address of the panel."""
    making = partial(Handler, toolkit=Toolkit(), turn=threading.Lock(), photos=photos, plugin=plugin)
    server = ThreadingHTTPServer(("127.0.0.1", 0), making)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
