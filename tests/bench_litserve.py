"""LitServe with what our API has, to compare with: `python -m tests.bench_litserve FOLDER PORT`.

The drafted decode, the same int8 graph, batches as large and as patient, a worker a core.
"""

import os
import sys
from pathlib import Path
from typing import Any

import litserve
import numpy as np
from fastapi import Request
from numpy.typing import NDArray

from recipe_assets.release.graph import ImageGraph
from recipe_assets.release.manifest import IMAGE_ENCODER, read_manifest
from recipe_assets.studio.photos import preprocess

BATCH, WAIT_SECONDS = 8, 0.005


class Keywords(litserve.LitAPI):
    """Photos in, keywords out; LitServe sends it to its worker processes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(max_batch_size=BATCH, batch_timeout=WAIT_SECONDS)
        self.folder = folder

    def setup(self, device: str) -> None:
        self.graph = ImageGraph.open(self.folder / IMAGE_ENCODER, threads=1)
        self.spec = read_manifest(self.folder).preprocessing

    def decode_request(self, request: Request) -> NDArray[np.float32]:
        form: Any = request  # LitServe hands the parsed form over
        return preprocess(form["file"].file.read(), self.spec)

    def batch(self, inputs: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        return np.stack(inputs)

    def predict(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.graph.run(pixels).logits

    def unbatch(self, output: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        return list(output)

    def encode_response(self, output: NDArray[np.float32]) -> dict[str, int]:
        return {"keyword": int(output.argmax())}


def main() -> None:
    """Serve until told to stop."""
    server = litserve.LitServer(
        Keywords(Path(sys.argv[1])), accelerator="cpu", workers_per_device=os.cpu_count() or 1, timeout=60
    )
    server.run(port=int(sys.argv[2]), host="127.0.0.1", log_level="error", generate_client_file=False)


if __name__ == "__main__":
    main()
