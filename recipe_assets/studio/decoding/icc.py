"""Writes small ICC profiles: a space given by its primaries, white and gamma.

Needed for photos that name their space without carrying its profile, as cameras do with Adobe RGB.
Sources: ICC.1:2001-04 (version 2 matrix/TRC profiles); Bradford adaptation to D50 as in its annex E;
Adobe RGB (1998) Color Image Encoding, section 4.3.
"""

import struct
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

D50 = (0.9642, 1.0, 0.8249)
D65_XY = (0.3127, 0.3290)
Chromaticity = tuple[float, float]
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@lru_cache(maxsize=1)
def adobe_rgb() -> bytes:
    """The profile of Adobe RGB (1998); its gamma is 563/256."""
    return matrix_profile("Adobe RGB (1998)", ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)), D65_XY, 563 / 256)


def matrix_profile(
    name: str, primaries: tuple[Chromaticity, Chromaticity, Chromaticity], white: Chromaticity, gamma: float
) -> bytes:
    """A display profile of version 2.

    Args:
        name: what programs show.
        primaries: x and y of red, green and blue.
        white: x and y of white.
        gamma: exponent from device values to light, for all three.
    """
    columns = colorants(primaries, white).T
    curve = b"curv" + struct.pack(">IIH2x", 0, 1, round(gamma * 256))
    tags = {b"desc": _description(name), b"cprt": b"text\0\0\0\0No copyright\0", b"wtpt": _xyz(np.array(D50))}
    tags |= {key: _xyz(column) for key, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for key, data in tags.items():
        table += struct.pack(">4sII", key, start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    return _header(start + len(body)) + struct.pack(">I", len(tags)) + table + body


def colorants(
    primaries: tuple[Chromaticity, Chromaticity, Chromaticity], white: Chromaticity
) -> NDArray[np.float64]:
    """The matrix from linear RGB to XYZ, adapted to D50: shape (3, 3)."""
    full = np.array([(x, y, 1 - x - y) for x, y in primaries]).T
    white_xyz = np.array([white[0] / white[1], 1, (1 - sum(white)) / white[1]])
    to_xyz = full * np.linalg.solve(full, white_xyz)
    cones = np.diag((_BRADFORD @ D50) / (_BRADFORD @ white_xyz))
    adapted: NDArray[np.float64] = np.linalg.inv(_BRADFORD) @ cones @ _BRADFORD @ to_xyz
    return adapted


def _header(size: int) -> bytes:
    head = struct.pack(">I4xI4s4s4s", size, 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H4s", 2000, 1, 1, 0, 0, 0, b"acsp")
    return head.ljust(68, b"\0") + _fixed(np.array(D50)).ljust(60, b"\0")


def _fixed(values: NDArray[np.float64]) -> bytes:
    return struct.pack(f">{len(values)}i", *np.round(values * 65536).astype(int))


def _xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(values)


def _description(name: str) -> bytes:
    text = name.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78
