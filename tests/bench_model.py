"""Benchmarks of training and of the exported graph, on a ViT-B/32 with random weights: the shapes that cost."""

import io
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from recipe_assets.release.manifest import ReleasedKeyword
from recipe_assets.studio.photos import THUMBNAIL_SIDE, Preprocessing, encode_thumbnail, open_photo, thumbnail

if TYPE_CHECKING:
    from torch import Tensor

    from recipe_assets.model.checkpoints import BaseModel
    from recipe_assets.model.keyword_model import KeywordModel
    from recipe_assets.model.training_loop import TrainingRun

KEYWORDS = tuple(ReleasedKeyword(name, name, "x") for name in ("pan", "oven-tray", "chopping-board", "saucepan"))
BATCH, STEPS = 32, 2
Ratio = Callable[[str, Callable[[], object], Callable[[], object], str], None]


def vit_b_32() -> "BaseModel":
    """A CLIP with the shapes of openai/clip-vit-base-patch32, random weights, and the built-in tokenizer."""
    import torch
    from transformers import CLIPConfig, CLIPModel

    from recipe_assets.model.checkpoints import BaseModel, load_base
    from recipe_assets.release.manifest import BaseCheckpoint

    torch.manual_seed(0)
    tiny = load_base("builtin:tiny")
    clip = CLIPModel(CLIPConfig()).eval()
    return BaseModel(clip, tiny.tokenizer, Preprocessing(), BaseCheckpoint("random", None, None))


def bench_epoch(ratio: Ratio, photo: bytes) -> None:
    """What an epoch has to read: stored thumbnails, or the originals at the fraction we decode, or whole."""
    from recipe_assets.model.photo_data import load_squares

    spec, count = Preprocessing(), 24
    png = encode_thumbnail(thumbnail(open_photo(photo)))

    def from_originals(decode: Callable[[], Image.Image]) -> None:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda _: np.asarray(decode().resize((spec.size, spec.size))), range(count)))

    def whole() -> Image.Image:
        with Image.open(io.BytesIO(photo)) as image:
            return image.convert("RGB").resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BICUBIC)

    def stored() -> None:
        load_squares([png] * count, spec)

    ratio("read an epoch of 24-megapixel photos", stored, lambda: from_originals(whole), "from whole originals")

    def drafted() -> Image.Image:
        return thumbnail(open_photo(photo))

    ratio("the same", stored, lambda: from_originals(drafted), "from originals at a fraction")


def _training(base: "BaseModel") -> "TrainingRun":
    """A run that is about to train, with photos for the steps of one round."""
    import torch

    from recipe_assets.model.fits import TrainingData
    from recipe_assets.model.keyword_model import KeywordModel
    from recipe_assets.model.learners import LEARNERS
    from recipe_assets.model.photo_data import PhotoData
    from recipe_assets.model.strategies import TrainingConfig
    from recipe_assets.model.training_loop import TrainingRun

    generator = torch.Generator().manual_seed(1)
    squares = torch.randint(0, 256, (BATCH * STEPS, 3, 224, 224), dtype=torch.uint8, generator=generator)
    photos = PhotoData(squares, torch.arange(len(squares)) % len(KEYWORDS))
    config = TrainingConfig(strategy="full", batch_size=BATCH, precision="fp32")
    learner = LEARNERS["full"](KeywordModel.from_base(base, KEYWORDS), photos, config)
    run = TrainingRun(learner, TrainingData(KEYWORDS, photos, photos), config, None, "bench")
    run.begin(learner.weights(), 1e-5)
    return run


def bench_training(ratio: Ratio) -> None:
    """Our loop, augmentation and all, against the bare step and against Hugging Face's Trainer."""
    run = _training(vit_b_32())
    for attention in ("eager", "sdpa"):
        bare = _bare_steps(vit_b_32(), attention)
        ratio(f"train {STEPS} steps of ViT-B/32", run.run_epoch, bare, f"bare steps ({attention} attention)")
    with _trainer_steps(vit_b_32()) as trained:
        ratio(f"train {STEPS} steps of ViT-B/32", run.run_epoch, trained, "Hugging Face's Trainer")


def _classifier(base: "BaseModel", attention: str) -> "KeywordModel":
    from recipe_assets.model.keyword_model import KeywordModel

    model = KeywordModel.from_base(base, KEYWORDS).requires_grad_(False)
    for part in [*base.image_parameters(), model.head]:
        part.requires_grad_(True)
    base.encoder.set_attn_implementation(attention)
    return model.train()


def _pixels() -> "Tensor":
    import torch

    return torch.randn((BATCH * STEPS, 3, 224, 224), generator=torch.Generator().manual_seed(1))


def _bare_steps(base: "BaseModel", attention: str) -> Callable[[], None]:
    """Forward, cross-entropy, backward and AdamW on ready pixels, and nothing else."""
    import torch

    model, pixels = _classifier(base, attention), _pixels()
    optimizer = torch.optim.AdamW([part for part in model.parameters() if part.requires_grad], lr=1e-5)
    labels = torch.arange(BATCH) % len(KEYWORDS)

    def steps() -> None:
        for batch in pixels.split(BATCH):
            loss = torch.nn.functional.cross_entropy(model(batch), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return steps


@contextmanager
def _trainer_steps(base: "BaseModel") -> Iterator[Callable[[], None]]:
    """The same steps by transformers' Trainer, with its defaults."""
    import torch
    from transformers import Trainer, TrainingArguments

    model, pixels = _classifier(base, "sdpa"), _pixels()

    class Classifier(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pixel_values: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
            logits = self.model(pixel_values)
            return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}

    photos = [{"pixel_values": square, "labels": place % len(KEYWORDS)} for place, square in enumerate(pixels)]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        arguments = TrainingArguments(
            folder, per_device_train_batch_size=BATCH, max_steps=STEPS, use_cpu=True, report_to=[],
            save_strategy="no", logging_strategy="no", disable_tqdm=True, learning_rate=1e-5,
        )  # fmt: skip
        trainer = Trainer(model=Classifier(), args=arguments, train_dataset=photos)

        def steps() -> None:
            trainer.train()

        yield steps


def bench_graphs(ratio: Ratio) -> None:
    """One photo through ViT-B/32: the exported graphs against torch."""
    import onnxruntime
    import torch

    from recipe_assets.model.export import export_onnx
    from recipe_assets.model.keyword_model import KeywordModel
    from recipe_assets.model.quantization import quantize

    model = KeywordModel.from_base(vit_b_32(), KEYWORDS).eval()
    pixels = torch.rand((1, 3, 224, 224))

    def by_torch() -> None:
        with torch.inference_mode():
            model(pixels)

    with tempfile.TemporaryDirectory() as folder:
        fp32, int8 = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        export_onnx(model, fp32)
        quantize(fp32, int8)
        for name, path in (("fp32", fp32), ("int8", int8)):
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            served = partial(session.run, ["logits"], {"pixel_values": pixels.numpy()})
            ratio(f"classify one photo, ViT-B/32 in {name}", served, by_torch, "torch in fp32")


def bench_model(ratio: Ratio, photo: bytes) -> None:
    """All of them."""
    bench_epoch(ratio, photo)
    bench_training(ratio)
    bench_graphs(ratio)
