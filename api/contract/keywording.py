"""Writing a photo's keyword into its metadata, with the proof that nothing but metadata changed.

All of it blocks, for tens of milliseconds with a large photo: `outputs` runs it in threads. How metadata is
written is the subject of `recipe_assets.studio.metadata`.
"""

from typing import NamedTuple

from recipe_assets.release.predictor import Prediction
from recipe_assets.studio.metadata import (
    MetadataError,
    Provenance,
    image_data_sha256,
    read_keywords,
    read_provenance,
    sidecar_packet,
    write_keywords,
)
from recipe_assets.studio.metadata.provenance import is_printable


class ImageDataChangedError(Exception):
    """Writing a keyword would have changed a pixel: a bug of ours, so the photo is not handed out."""


class Keyworded(NamedTuple):
    """A photo after keywording.

    Attributes:
        photo: its bytes; those that came, if there was nothing to write.
        image_data_sha256: of the image data in the photo that came and in this one; None for a photo that nothing
            was written into and whose format we cannot take apart.
    """

    photo: bytes
    image_data_sha256: str | None


def keyworded(photo: bytes, found: Prediction, release_id: str) -> Keyworded:
    """The photo with its keyword in place of the one that we wrote before; keywords of people stay.

    A second time with the same release gives the same bytes.

    Raises:
        UnwritableFormatError: if keywords are not written into photos of its kind.
        MetadataError: if its metadata is damaged or has no room.
        ImageDataChangedError: if the image data is not what it was.
    """
    before = image_data_sha256(photo)
    changed = write_keywords(photo, [found.keyword], "replace-ours", Provenance(release_id, found.confidence))
    after = before if changed is photo else image_data_sha256(changed)
    if after != before:
        raise ImageDataChangedError(f"writing a keyword changed the image data from {before} to {after}")
    return Keyworded(changed, before)


def untouched(photo: bytes) -> Keyworded:
    """The photo as it came, with the hash of its image data where that can be told."""
    try:
        return Keyworded(photo, image_data_sha256(photo))
    except MetadataError:
        return Keyworded(photo, None)


def packet(photo: bytes, found: Prediction | None, release_id: str) -> bytes:
    """An XMP packet for the original of a photo: the keywords of people that the photo carries, and ours.

    Args:
        photo: a copy of the original, as small as one likes.
        found: the keyword; None to write none.
        release_id: the release that found it.

    Raises:
        MetadataError: if a keyword cannot stand in XMP.
    """
    ours = read_provenance(photo)
    mine = ours.keywords if ours else ()
    # What XMP cannot hold, such as control characters, is left behind: the original keeps it in its IPTC.
    persons = [word for word in read_keywords(photo).effective if word not in mine and is_printable(word)]
    start = sidecar_packet(None, persons)
    if found is None:
        return start
    return sidecar_packet(start, [found.keyword], "replace-ours", Provenance(release_id, found.confidence))
