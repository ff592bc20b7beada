"""The services that the API is compared with: `python -m tests.bench_services seed|litserve FOLDER PORT`.

`seed` is the architecture that the API replaces: FastAPI and uvicorn, a whole decode, torch in fp32, one forward
pass a request. `litserve` is LitServe with what ours has: the drafted decode, the same int8 graph, batches, a
worker a core.
"""

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH, WAIT_SECONDS = 8, 0.005


def serve_seed(folder: Path, port: int) -> None:
    """Load the checkpoint once, then decode everything whole and run one forward pass a request."""
    import torch
    import uvicorn
    from fastapi import FastAPI, UploadFile

    from recipe_assets.model.keyword_model import KeywordModel

    model = KeywordModel.load(folder / "checkpoint").eval()
    spec = model.base.preprocessing
    app = FastAPI()

    def classify(photo: bytes) -> list[dict[str, Any]]:
        with Image.open(io.BytesIO(photo)) as image:
            square = image.convert("RGB").resize((spec.size, spec.size), Image.Resampling.BICUBIC)
        values = (np.asarray(square, np.float32) / 255 - np.asarray(spec.mean)) / np.asarray(spec.std)
        with torch.inference_mode():
            shares = model(torch.from_numpy(values.transpose(2, 0, 1)[None]).float()).softmax(dim=1)[0]
        best = shares.topk(3)
        return [
            {"keyword": model.keywords[place].name, "confidence": 100 * share}
            for share, place in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]

    @app.post("/predict")
    async def predict(file: UploadFile) -> list[dict[str, Any]]:
        return classify(await file.read())

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


def serve_litserve(folder: Path, port: int) -> None:
    """LitServe with our decode, our graph and our batches; one worker a core, one thread each."""
    import litserve
    from fastapi import Request

    from recipe_assets.release.graph import ImageGraph
    from recipe_assets.release.manifest import IMAGE_ENCODER, read_manifest
    from recipe_assets.studio.photos import preprocess

    spec = read_manifest(folder).preprocessing

    class Keywords(litserve.LitAPI):
        def setup(self, device: str) -> None:
            self.graph = ImageGraph.open(folder / IMAGE_ENCODER, threads=1)

        def decode_request(self, request: Request) -> "NDArray[np.float32]":
            form: Any = request  # LitServe hands the parsed form over
            return preprocess(form["file"].file.read(), spec)

        def batch(self, inputs: "list[NDArray[np.float32]]") -> "NDArray[np.float32]":
            return np.stack(inputs)

        def predict(self, pixels: "NDArray[np.float32]") -> "NDArray[np.float32]":
            return self.graph.run(pixels).logits

        def unbatch(self, output: "NDArray[np.float32]") -> "list[NDArray[np.float32]]":
            return list(output)

        def encode_response(self, output: "NDArray[np.float32]") -> dict[str, int]:
            return {"keyword": int(output.argmax())}

    server = litserve.LitServer(
        Keywords(max_batch_size=BATCH, batch_timeout=WAIT_SECONDS),
        accelerator="cpu", workers_per_device=os.cpu_count() or 1, timeout=60,
    )  # fmt: skip
    server.run(port=port, host="127.0.0.1", log_level="error", generate_client_file=False)


if __name__ == "__main__":
    {"seed": serve_seed, "litserve": serve_litserve}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
