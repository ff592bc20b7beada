"""Keywords inside photo files: IPTC Keywords and XMP dc:subject, read anywhere, written without touching a pixel.

Here: the public names. Containers are `jpeg`, `tiff`, `png`, `webp`, `psd` and `heif`; blocks inside them are
`resources`, `iptc` and `xmp`; `editing` changes blocks the same way for all. What keywords mean is `vocabulary`'s
subject.
"""

from recipe_assets.studio.metadata.errors import MetadataError, UnwritableFormatError
from recipe_assets.studio.metadata.plain import add_iptc_keywords, add_xmp_subject
from recipe_assets.studio.metadata.plan import Mode
from recipe_assets.studio.metadata.provenance import Provenance, WrittenByUs
from recipe_assets.studio.metadata.reading import PhotoKeywords, read_keywords, read_provenance
from recipe_assets.studio.metadata.writing import image_data_sha256, remove_ours, sidecar_packet, write_keywords

__all__ = [
    "MetadataError",
    "Mode",
    "PhotoKeywords",
    "Provenance",
    "UnwritableFormatError",
    "WrittenByUs",
    "add_iptc_keywords",
    "add_xmp_subject",
    "image_data_sha256",
    "read_keywords",
    "read_provenance",
    "remove_ours",
    "sidecar_packet",
    "write_keywords",
]
