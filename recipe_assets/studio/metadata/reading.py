"""Read the keywords in photos and sidecars, and which of them are ours.

Here: reading for everyone. It never raises and never takes long, whatever the bytes: what is damaged, hostile or
in no known format counts as not there.
"""

from typing import NamedTuple

from recipe_assets.studio.metadata.blocks import Blocks
from recipe_assets.studio.metadata.editing import iptc_words, our_record, xmp_words
from recipe_assets.studio.metadata.formats import format_of
from recipe_assets.studio.metadata.provenance import WrittenByUs


class PhotoKeywords(NamedTuple):
    """The keywords as they stand in a file, in file order, each once."""

    iptc: tuple[str, ...]
    xmp: tuple[str, ...]
    sidecar: tuple[str, ...] = ()

    @property
    def effective(self) -> tuple[str, ...]:
        """IPTC Keywords, else XMP dc:subject, else those of the sidecar."""
        return self.iptc or self.xmp or self.sidecar


def read_keywords(photo: bytes, sidecar: bytes | None = None) -> PhotoKeywords:
    """Read all kinds of keywords.

    JPEG (Extended XMP included), TIFF, BigTIFF, PNG, WebP, PSD, HEIC and AVIF are known. Of a damaged file, the
    keywords before the damage are read.

    Args:
        photo: the bytes of the file.
        sidecar: the bytes of the XMP file beside it, if there is one.

    Returns:
        The keywords; empty where there are none, or none that can be read.
    """
    blocks = _blocks(photo)
    beside = Blocks(xmp=(sidecar,)) if sidecar else Blocks()
    return PhotoKeywords(iptc_words(blocks, False), xmp_words(blocks, False), xmp_words(beside, False))


def read_provenance(photo: bytes, sidecar: bytes | None = None) -> WrittenByUs | None:
    """Which keywords of a photo we wrote, and from which release; None if none.

    Args:
        photo: the bytes of the file.
        sidecar: the bytes of the XMP file beside it; the photo itself goes first.
    """
    beside = Blocks(xmp=(sidecar,)) if sidecar else Blocks()
    return our_record(_blocks(photo), False) or our_record(beside, False)


def _blocks(photo: bytes) -> Blocks:
    form = format_of(photo)
    return form.read(photo, False) if form else Blocks()
