"""Color profiles for tests, and the arithmetic that says what their colors are in sRGB, in floating point.

Matrices: Bruce Lindbloom's tables "RGB/XYZ Matrices" (Adobe RGB, ProPhoto, sRGB, also adapted to D50), and Apple's
Display P3 in SMPTE EG 432-1. They stand here as numbers, so that they check how the product computes its own.
"""

import itertools
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from recipe_assets.studio.decoding.icc import D65_XY, adobe_rgb, matrix_profile

P3 = matrix_profile("P3 with gamma 2.2", ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06)), D65_XY, 2.19921875)
PROPHOTO = matrix_profile(
    "ProPhoto RGB", ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)), (0.3457, 0.3585), 1.8
)
ADOBE_RGB = adobe_rgb()
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

_TO_XYZ = {
    "ADOBE_RGB": [[0.5767309, 0.1855540, 0.1881852], [0.2973769, 0.6273491, 0.0752741],
                  [0.0270343, 0.0706872, 0.9911085]],
    "P3": [[0.4865709, 0.2656677, 0.1982173], [0.2289746, 0.6917385, 0.0792869], [0.0, 0.0451134, 1.0439444]],
    "PROPHOTO": [[0.7976749, 0.1351917, 0.0313534], [0.2880402, 0.7118741, 0.0000857], [0.0, 0.0, 0.8252100]],
}  # fmt: skip
_D65_TO_SRGB = [
    [3.2404542, -1.5371385, -0.4985314],
    [-0.9692660, 1.8760108, 0.0415560],
    [0.0556434, -0.2040259, 1.0572252],
]
_D50_TO_SRGB = [
    [3.1338561, -1.6168667, -0.4906146],
    [-0.9787684, 1.9161415, 0.0334540],
    [0.0719453, -0.2289914, 1.4052427],
]
_GAMMA = {"ADOBE_RGB": 2.19921875, "P3": 2.19921875, "PROPHOTO": 1.8}


def in_srgb(colors: NDArray[np.uint8], space: str) -> NDArray[np.float64]:
    """What these colors of a named space are in sRGB: (n, 3) in 0-255, clipped where sRGB has no such color."""
    light = (colors / 255.0) ** _GAMMA[space]
    matrix = np.array(_D50_TO_SRGB if space == "PROPHOTO" else _D65_TO_SRGB) @ np.array(_TO_XYZ[space])
    linear = np.clip(light @ matrix.T, 0, 1)
    return np.asarray(255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055))


def gray_profile(gamma: float) -> bytes:
    """A gray space of this gamma."""
    curve = b"curv" + struct.pack(">IIH2x", 0, 1, round(gamma * 256))
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in (0.9642, 1.0, 0.8249)))
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"wtpt": white, b"kTRC": curve})


def press_profile() -> bytes:
    """A press whose full inks have the colors of `press_colors`; between them it is linear in Lab."""
    nodes = np.array(list(press_colors().values()), np.uint8).reshape(4, 4, 3)
    lab = ImageCms.profileToProfile(
        Image.fromarray(nodes), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    # Pillow shows a and b as signed bytes; an 8-bit table counts them from -128 up.
    table = (np.asarray(lab) ^ np.array([0, 128, 128], np.uint8)).tobytes()
    ramp, identity = bytes(range(256)), [65536 if row == column else 0 for row in range(3) for column in range(3)]
    lut = b"mft1\0\0\0\0" + struct.pack(">4B9i", 4, 3, 2, 0, *identity) + ramp * 4 + table + ramp * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": lut, b"A2B1": lut})


def press_colors() -> dict[tuple[int, int, int, int], tuple[int, int, int]]:
    """The sRGB color of each combination of full inks (C, M, Y, K), unlike those of a plain conversion."""
    paper, inks = (
        np.array([250, 248, 240.0]),
        np.array([[0, 0.6, 0.9], [0.9, 0.1, 0.5], [1, 0.9, 0.1], [0.15] * 3]),
    )
    return {
        used: tuple(int(value) for value in paper * np.prod(inks[np.flatnonzero(used)], axis=0))  # type: ignore[misc]
        for used in itertools.product((0, 1), repeat=4)
    }


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    text = b"a test's profile\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78,
        b"cprt": b"text\0\0\0\0-\0",
    } | tags
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for key, data in tags.items():
        table += struct.pack(">4sII", key, start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    head = struct.pack(">I4xI4s4s4s12x4s", start + len(body), 0x02100000, kind, space, connection, b"acsp")
    light = struct.pack(">3i", *(round(value * 65536) for value in (0.9642, 1.0, 0.8249)))
    return head.ljust(68, b"\0") + light.ljust(60, b"\0") + struct.pack(">I", len(tags)) + table + body
