"""Pictures with structure, and the files that cameras and programs make of them."""

import io
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

EXIFTOOL = "/usr/bin/exiftool"


def picture(seed: int = 0, size: tuple[int, int] = (96, 64), mode: str = "RGB") -> Image.Image:
    """A smooth random picture with some grain: seeds differ clearly, neighboring pixels do not."""
    generator = np.random.default_rng(seed)
    coarse = Image.fromarray(generator.integers(0, 256, (5, 7, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), dtype=np.int16)
    grain = generator.integers(-6, 7, smooth.shape)
    return Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).convert(mode)


def encode(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:  # noqa: ANN401 (Pillow's options)
    """The image as a file."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def exiftool(*arguments: str) -> str:
    """Run ExifTool, which knows more of metadata than anything else, as the referee."""
    command = [EXIFTOOL, "-charset", "utf8", "-charset", "filename=utf8", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def write_shoot(root: Path, shoot: str, files: dict[str, bytes]) -> Path:
    """A shoot's folder with these files."""
    folder = root / shoot
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
