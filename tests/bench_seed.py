"""The architecture that the API replaces, to compare with: `python -m tests.bench_seed FOLDER PORT`.

FastAPI and uvicorn, a whole decode, torch in fp32, one forward pass a request.
"""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


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


if __name__ == "__main__":
    serve_seed(Path(sys.argv[1]), int(sys.argv[2]))
