"""Write keywords into photos without touching a pixel, and take them out again.

Here: writing for everyone. What programs and people wrote beside the keywords stays, byte for byte where the
format allows it.
"""

import hashlib
from collections.abc import Sequence

from recipe_assets.studio.metadata.blocks import Blocks
from recipe_assets.studio.metadata.editing import edit_blocks
from recipe_assets.studio.metadata.errors import UnwritableFormatError
from recipe_assets.studio.metadata.formats import FORMATS, Format, Writer, format_of
from recipe_assets.studio.metadata.packet import wrapped
from recipe_assets.studio.metadata.plan import Mode
from recipe_assets.studio.metadata.provenance import Provenance
from recipe_assets.studio.metadata.xmp_editing import container


def write_keywords(
    photo: bytes, keywords: Sequence[str], mode: Mode = "add", provenance: Provenance | None = None
) -> bytes:
    """The photo with these keywords in IPTC Keywords and XMP dc:subject (WebP: XMP alone).

    Both get all keywords of the photo, so that a program that reads one of them misses nothing. IPTC is marked as
    UTF-8, older text in it is translated, and Photoshop's digest of it is renewed. A keyword of more than 64 bytes
    stands in IPTC cut, in XMP whole.

    Args:
        photo: a JPEG, TIFF, BigTIFF, PNG or WebP.
        keywords: to write; repeated ones count once.
        mode: "add" keeps all keywords, "replace-ours" takes out those that we wrote before, "replace-all" all.
        provenance: where the keywords come from; None for keywords of a person, which are never taken back.

    Returns:
        The new file; the very same bytes if it says all that already, so writing twice changes nothing.

    Raises:
        UnwritableFormatError: if it is another format.
        MetadataError: if it is damaged or has no room; nothing is lost then.
        ValueError: if there is no such mode.
    """
    form, writer = _writable(photo)
    blocks = form.read(photo, True)
    changed = edit_blocks(blocks, keywords, mode, provenance, writer.home, writer.packet_limit)
    return photo if changed == blocks else writer.store(photo, changed)


def remove_ours(photo: bytes) -> bytes:
    """The photo without the keywords that we wrote and without our record; the same bytes if there are none.

    Raises:
        MetadataError: as `write_keywords`.
    """
    return write_keywords(photo, (), "replace-ours")


def sidecar_packet(
    existing: bytes | None, keywords: Sequence[str], mode: Mode = "add", provenance: Provenance | None = None
) -> bytes:
    """The XMP file beside a photo that we do not rewrite (PSD, HEIC, camera raw), with these keywords.

    Args:
        existing: the present sidecar; None or no bytes if there is none.
        keywords: as for `write_keywords`, and so are `mode` and `provenance`.
        mode: what becomes of the keywords that are there.
        provenance: where the keywords come from.

    Raises:
        MetadataError: if the present sidecar cannot be parsed: it is refused rather than replaced.
    """
    blocks = Blocks(xmp=(existing,)) if existing else Blocks()
    changed = edit_blocks(blocks, keywords, mode, provenance, "none", None)
    return next(filter(None, changed.xmp), b"") or wrapped(container(""))


def image_data_sha256(photo: bytes) -> str:
    """A hash of all that writing keywords leaves alone: equal before and after, in hexadecimal digits.

    For JPEG and PNG that is every byte outside of the XMP, Photoshop and MPF blocks, for WebP every chunk but XMP,
    for TIFF every tag, value, strip and tile of every page, but for the tags of XMP, IPTC and Photoshop.

    Raises:
        UnwritableFormatError: if it is a format that we do not write.
        MetadataError: if it is damaged.
    """
    digest = hashlib.sha256()
    for part in _writable(photo)[1].image(photo):
        digest.update(part)
    return digest.hexdigest()


def _writable(photo: bytes) -> tuple[Format, Writer]:
    form = format_of(photo)
    if form is None or form.writer is None:
        kind = f"a {form.name} file" if form else "in no format that we know"
        known = ", ".join(one.name for one in FORMATS if one.writer)
        raise UnwritableFormatError(
            f"the photo is {kind}: keywords are written into {known}; use an XMP sidecar for others"
        )
    return form, form.writer
