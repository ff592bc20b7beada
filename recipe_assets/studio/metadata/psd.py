"""PSD and PSB: the image resources section, which holds IPTC and XMP. Only reading.

Source: Adobe Photoshop File Formats, "Image Resources Section".
"""

from recipe_assets.studio.metadata.binary import fields, section
from recipe_assets.studio.metadata.blocks import MAX_BLOCK, Blocks
from recipe_assets.studio.metadata.errors import MetadataError
from recipe_assets.studio.metadata.resources import XMP_RESOURCE, find_resources

SIGNATURE = b"8BPS"
_HEADER_SIZE = 26


def read_blocks(photo: bytes, strict: bool) -> Blocks:
    """The image resources, and the XMP packets in them."""
    try:
        (palette,) = fields(">I", photo, _HEADER_SIZE, "the PSD")
        start = _HEADER_SIZE + 4 + palette
        (length,) = fields(">I", photo, start, "the PSD")
        resources = section(photo, start + 4, min(length, MAX_BLOCK), "the PSD")
    except MetadataError:
        if strict:
            raise
        return Blocks()
    found = find_resources(resources, strict)
    packets = tuple(resources[one.data : one.data_end] for one in found if one.id == XMP_RESOURCE)
    return Blocks(xmp=packets, resources=(resources,))
