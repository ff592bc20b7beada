"""From a drawing to a photograph: layers put together, then exposure, lens and sensor.

Here: pixels. Not here: what is drawn.
"""

import io
from dataclasses import dataclass

import numpy as np
import resvg_py
from PIL import Image, ImageFilter

from recipe_assets.studio.sample.palette import Rng
from recipe_assets.studio.sample.projection import Canvas
from recipe_assets.studio.sample.surfaces import Pixels, Surface, cloud, paint_surface

RENDER_WIDTH = 780  # photos are rendered this wide and enlarged: a lens is softer than a vector


@dataclass(frozen=True)
class Exposure:
    """How a photo is taken: brightness factor, warmth (-1 to 1), contrast, falloff, blur (px), noise (levels)."""

    brightness: float = 1.0
    warmth: float = 0.0
    contrast: float = 1.0
    falloff: float = 0.25
    blur: float = 0.5
    noise: float = 2.5

    @classmethod
    def draw(cls, rng: Rng, warmth: float) -> "Exposure":
        """Draw one photo's exposure around a recipe's colour temperature."""
        return cls(
            brightness=float(np.clip(rng.normal(1.0, 0.07), 0.8, 1.18)),
            warmth=float(np.clip(warmth + rng.normal(0, 0.12), -1, 1)),
            contrast=float(np.clip(rng.normal(1.04, 0.06), 0.88, 1.2)),
            falloff=float(rng.uniform(0.08, 0.4)),
            blur=float(rng.uniform(0.1, 0.8)),
            noise=float(rng.uniform(1.0, 4.5)),
        )


def rasterize(canvas: Canvas, elements: list[str], size: tuple[int, int]) -> Image.Image:
    """Render SVG elements of a canvas to RGBA pixels."""
    data = resvg_py.svg_to_bytes(svg_string=canvas.svg(elements, size), skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(data)))


def shadow_layer(canvas: Canvas, size: tuple[int, int]) -> Pixels:
    """Return how much light the counter gets (0-1): shadows drawn small, softened, enlarged."""
    small = (max(24, size[0] // 5), max(16, size[1] // 5)) if size[0] > 300 else (size[0] // 3, size[1] // 3)
    cover = rasterize(canvas, canvas.shades, small).convert("RGBA").getchannel("A")
    per_cm = small[0] / canvas.frame[0]
    soft = cover.filter(ImageFilter.GaussianBlur((0.35 + 1.1 * canvas.light.softness) * per_cm))
    wide = cover.filter(ImageFilter.GaussianBlur(2.6 * per_cm))
    both = Image.blend(soft, wide, 0.35).resize(size, Image.Resampling.BICUBIC)
    depth = 0.66 - 0.24 * canvas.light.softness
    return np.asarray(1 - depth / 255 * np.asarray(both, np.float32), np.float32)


def compose(canvas: Canvas, surface: Surface, size: tuple[int, int]) -> Pixels:
    """Put counter, shadows and drawing together: (height, width, 3) in 0-255."""
    ground = paint_surface(surface, size, size[0] / canvas.frame[0])
    if canvas.shades:
        ground = ground * shadow_layer(canvas, size)[..., None]
    drawing = np.asarray(rasterize(canvas, canvas.body, size).convert("RGBA"), np.float32)
    alpha = drawing[..., 3:] / 255
    front = drawing[..., :3]
    if size[0] > 300:
        texture = (
            1
            + 0.02 * cloud(canvas.rng, size, (size[0] // 2, size[1] // 2))
            + 0.025 * cloud(canvas.rng, size, (90, 60))
        )
        front = front * texture[..., None]
    return np.asarray(ground * (1 - alpha) + front * alpha, np.float32)


def grade(pixels: Pixels, exposure: Exposure, azimuth: float) -> Image.Image:
    """Light, lens falloff, white balance and contrast."""
    h, w = pixels.shape[:2]
    y, x = np.linspace(-1, 1, h, dtype=np.float32)[:, None], np.linspace(-1, 1, w, dtype=np.float32)[None, :]
    toward = x * np.cos(azimuth) + y * np.sin(azimuth)
    light = exposure.brightness * (1 + 0.12 * toward) * (1 - exposure.falloff * 0.32 * (x**2 + y**2))
    gains = np.array([1 + 0.09 * exposure.warmth, 1.0, 1 - 0.13 * exposure.warmth], np.float32)
    graded = pixels * light[..., None].astype(np.float32) * gains
    graded = (graded - 118) * exposure.contrast + 118
    over = np.maximum(graded - 205, 0)  # film's shoulder: highlights roll off before they clip
    graded = np.minimum(graded, 205) + 52 * over / (52 + over)
    return Image.fromarray(np.clip(graded, 0, 255).astype(np.uint8))


def sensor(photo: Image.Image, size: tuple[int, int], exposure: Exposure, rng: Rng) -> Image.Image:
    """Enlarge to the sensor's size, soften, add noise that is finer in brightness than in colour."""
    if exposure.blur > 0.2 and photo.width > 300:
        photo = photo.filter(ImageFilter.GaussianBlur(exposure.blur))
    if photo.size != size:
        photo = photo.resize(size, Image.Resampling.BICUBIC)
    tile = rng.normal(0, exposure.noise, (min(size[1], 509), min(size[0], 509))).astype(np.int16)
    repeats = (-(-size[1] // tile.shape[0]), -(-size[0] // tile.shape[1]))
    grain = np.tile(tile, repeats)[: size[1], : size[0], None]
    noisy = np.asarray(photo.convert("RGB"), np.int16) + grain
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def photograph(canvas: Canvas, surface: Surface, exposure: Exposure, size: tuple[int, int]) -> Image.Image:
    """Turn a finished canvas into one photo of `size` pixels."""
    factor = min(1.0, RENDER_WIDTH / max(size))
    render = (max(1, round(size[0] * factor)), max(1, round(size[1] * factor)))
    graded = grade(compose(canvas, surface, render), exposure, canvas.light.azimuth)
    return sensor(graded, size, exposure, canvas.rng)
