"""HEIC, as phones write it, through libheif. It is never registered with Pillow: other code sees no difference.

libheif itself refuses files whose pixels have another size than they tell, and limits what it allocates.
"""

from functools import partial
from typing import BinaryIO

from PIL import ImageFile

from recipe_assets.errors import UnreadablePhotoError
from recipe_assets.studio.decoding.limits import check_size, working_memory
from recipe_assets.studio.decoding.raster import Header, Raster, load

BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")
"""Major brands of ISO/IEC 23008-12 for pictures coded as HEVC; videos and AVIF have others."""
BYTES_PER_PIXEL = {8: 14, 16: 28}
"""By bit depth up to which it holds; measured 9.4 for 8 bits: planes, their copy, RGB, Pillow's pixels."""


def is_heic(start: bytes) -> bool:
    """Whether a file that starts with these 12 bytes may hold a HEIC picture."""
    return start[4:8] == b"ftyp" and start[8:12] in BRANDS


def read_header(stream: BinaryIO) -> Header:
    """Let libheif read the boxes, without decoding the pixels.

    Raises:
        UnreadablePhotoError: if it is too large.
        SyntaxError: if libheif cannot read it.
    """
    from pi_heif.as_plugin import HeifImageFile  # type: ignore[import-untyped]  # lazily: most studios have none

    stream.seek(0)
    image = HeifImageFile(stream)
    check_size(image.width, image.height)
    depth = image.info.get("bit_depth", 16)
    per_pixel = BYTES_PER_PIXEL[8 if depth <= 8 else 16]
    memory = image.width * image.height * per_pixel + working_memory(image.width, image.height)
    return Header(image.width, image.height, memory, partial(_decode, image))


def _decode(image: ImageFile.ImageFile) -> Raster:
    size = image.size
    try:
        with image:
            return load(image, *size)
    except RuntimeError as error:  # how libheif tells of damage
        raise UnreadablePhotoError(f"damaged: {error}") from error
