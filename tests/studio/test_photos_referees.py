"""What others see in the same files: psd-tools, and ImageMagick where it is installed."""

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from psd_tools import PSDImage

from recipe_assets.studio.photos import open_photo
from tests.studio.pictures import encode, picture
from tests.studio.profiles import ADOBE_RGB, SRGB
from tests.studio.writers import psd

DEEP = np.asarray(picture(3, (120, 80))).astype(np.uint16) * 257
COLORS = np.random.default_rng(4).integers(0, 256, (60, 70, 3), dtype=np.uint8)
CONVERT = shutil.which("convert", path="/usr/bin")
SYSTEM_PROFILES = Path("/usr/share/color/icc/ghostscript")


def difference(photo: bytes, expected: np.ndarray) -> int:
    """The largest difference of any channel of any pixel."""
    return int(np.abs(np.asarray(open_photo(photo), np.int16) - expected).max())


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_what_psd_tools_writes_and_what_it_reads_are_the_same_here(mode: str) -> None:
    image = picture(5, (90, 70), mode)
    pixels = np.asarray(image).reshape(70, 90, -1)
    ours = psd(255 - pixels if mode == "CMYK" else pixels, mode)
    theirs = PSDImage.open(io.BytesIO(ours)).topil()
    assert theirs is not None
    assert theirs.tobytes() == image.tobytes()
    assert difference(ours, np.asarray(image.convert("RGB"))) <= 1
    if mode != "CMYK":  # psd-tools writes inks the wrong way around and then reads them as others do
        stream = io.BytesIO()
        PSDImage.frompil(image).save(stream)
        assert difference(stream.getvalue(), np.asarray(image.convert("RGB"))) == 0
    deep = PSDImage.open(io.BytesIO(psd(DEEP, "RGB"))).numpy()
    assert np.abs(deep - DEEP / 65535).max() < 1e-6


@pytest.mark.skipif(CONVERT is None, reason="ImageMagick is the referee")
@pytest.mark.parametrize("kind", ["psd", "tif", "png", "jpg", "webp"])
@pytest.mark.parametrize("options", [["-depth", "16"], ["-colorspace", "CMYK"], ["-colorspace", "Gray"]])
def test_what_imagemagick_writes_looks_here_as_it_looks_there(
    kind: str, options: list[str], tmp_path: Path
) -> None:
    picture(6, (90, 70)).save(tmp_path / "in.png")
    written, seen = tmp_path / f"out.{kind}", tmp_path / "seen.png"
    subprocess.run([str(CONVERT), tmp_path / "in.png", *options, "-quality", "96", written], check=True)
    subprocess.run(
        [str(CONVERT), f"{written}[0]", "-colorspace", "sRGB", "-depth", "8", f"PNG24:{seen}"], check=True
    )
    assert difference(written.read_bytes(), np.asarray(Image.open(seen).convert("RGB"))) <= 6


@pytest.mark.skipif(CONVERT is None or not SYSTEM_PROFILES.is_dir(), reason="ImageMagick is the referee")
@pytest.mark.parametrize(
    ("name", "mode"), [("a98", "RGB"), ("rommrgb", "RGB"), ("default_cmyk", "CMYK"), ("default_gray", "L")]
)
def test_imagemagick_sees_the_same_colors(name: str, mode: str, tmp_path: Path) -> None:
    profile = (SYSTEM_PROFILES / f"{name}.icc").read_bytes()
    smooth = Image.fromarray(COLORS[:6, :7]).resize((70, 60), Image.Resampling.BICUBIC).convert(mode)
    (tmp_path / "in.tif").write_bytes(encode(smooth, "TIFF", icc_profile=profile))
    (tmp_path / "srgb.icc").write_bytes(SRGB)
    command = [str(CONVERT), "in.tif", "-intent", "relative", "-black-point-compensation", "-profile", "srgb.icc"]
    subprocess.run([*command, "-depth", "8", "PNG24:seen.png"], check=True, cwd=tmp_path)
    seen = np.asarray(Image.open(tmp_path / "seen.png").convert("RGB"))
    ours = np.asarray(open_photo(tmp_path / "in.tif"), np.int16)
    assert np.abs(ours - seen).mean() < 1
    # Tables of a press bend sharply where sRGB ends; ImageMagick interpolates them in 16 bits.
    assert np.abs(ours - seen).max() <= (20 if mode == "CMYK" else 3)


def test_the_built_in_adobe_rgb_is_the_published_one() -> None:
    """Against the colorants that Adobe's own profile holds, in units of 1/65536."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(ADOBE_RGB)).profile
    published = {
        "red": (0.60974, 0.31111, 0.01947),
        "green": (0.20528, 0.62567, 0.06087),
        "blue": (0.14919, 0.06322, 0.74457),
    }
    for name, colorant in published.items():
        assert np.allclose(getattr(profile, f"{name}_colorant")[0], colorant, atol=3e-4)
