"""What tests of several rooms share: a CLIP checkpoint, real in form, that knows nothing; and an S3 server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer


@pytest.fixture(scope="session")
def untrained_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random CLIP of 32 pixels in Hugging Face layout, with tokenizer and image processor."""
    import torch
    from transformers import CLIPConfig, CLIPModel

    from recipe_assets.model.clip import BaseModel, save_base
    from recipe_assets.model.tokenizer import train_tokenizer
    from recipe_assets.release.manifest import BaseCheckpoint
    from recipe_assets.studio.photos import Preprocessing

    tokenizer = train_tokenizer(["a photo of a frying pan.", "a photo of an oven tray.", "köttbullar"], 600)
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    special = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    text = tower | {"vocab_size": len(tokenizer), "max_position_embeddings": 40, "projection_dim": 32} | special
    vision = tower | {"image_size": 32, "patch_size": 16, "projection_dim": 32}
    torch.manual_seed(7)
    clip = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=32)).eval()
    folder = tmp_path_factory.mktemp("checkpoints") / "untrained-clip"
    save_base(BaseModel(clip, tokenizer, Preprocessing(size=32), BaseCheckpoint("untrained", None, None)), folder)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Nothing learned\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A real HTTP server that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
