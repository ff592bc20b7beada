"""The architecture that the API replaces, to compare with: `python -m tests.bench_seed FOLDER PORT`.

FastAPI and uvicorn around CLIP as its library documents it: a whole decode, `CLIPProcessor`, both towers in fp32,
one forward pass a request on the event loop, no batching.
"""

import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from recipe_assets.release.manifest import read_manifest


def serve_seed(folder: Path, port: int) -> None:
    """Load the checkpoint once, then decode, preprocess and classify photo by photo."""
    import torch
    import uvicorn
    from fastapi import FastAPI, UploadFile
    from transformers import CLIPModel, CLIPProcessor

    model = CLIPModel.from_pretrained(folder / "checkpoint").eval()
    processor = CLIPProcessor.from_pretrained(folder / "checkpoint")
    keywords = read_manifest(folder).keywords
    texts = processor.tokenizer(
        [f"a photo of a {keyword.prompt}." for keyword in keywords], return_tensors="pt", padding=True
    )
    app = FastAPI()

    def classify(photo: bytes) -> list[dict[str, Any]]:
        image = Image.open(io.BytesIO(photo)).convert("RGB")
        pixels = processor.image_processor(image, return_tensors="pt")
        with torch.inference_mode():
            shares = model(**texts, **pixels).logits_per_image.softmax(dim=1)[0]
        best = shares.topk(3)
        return [
            {"keyword": keywords[place].name, "confidence": 100 * share}
            for share, place in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]

    @app.post("/predict")
    async def predict(file: UploadFile) -> list[dict[str, Any]]:
        return classify(await file.read())

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    serve_seed(Path(sys.argv[1]), int(sys.argv[2]))
