"""What a photo is called on its way out: its file name, its media type, and names in HTTP headers.

Names come from strangers and are shown to strangers: nothing but a plain file name leaves. Content alone decides
the media type.
"""

import io
import re
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from recipe_assets.studio.decoding.formats import PhotoFormat, recognize

_NAMELESS = ("", "blob")
"""What programs call a file that they have no name for."""
_LONGEST = 120
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\ud800-\udfff\u202a-\u202e\u2066-\u2069]')
"""What Windows forbids in names, control characters, and marks that turn the direction of text around."""
_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


def format_of(photo: bytes) -> PhotoFormat:
    """The format that a photo's content is in.

    Raises:
        UnreadablePhotoError: if it is none that is read.
    """
    return recognize(io.BytesIO(photo[:64]))


def name_in(url: str) -> str | None:
    """The file name at the end of a URL's path."""
    try:
        return unquote(PurePosixPath(urlsplit(url).path).name) or None
    except ValueError:  # urllib and httpx do not agree on every strange host
        return None


def file_name(given: str | None, extension: str) -> str:
    """A plain file name.

    Args:
        given: what the sender calls the file; folders in it are left out.
        extension: with its dot; for a name that has none.
    """
    last = re.split(r"[\\/]", given or "")[-1]
    plain = _UNSAFE.sub("_", last).strip(" .")
    if plain.lower() in _NAMELESS:
        return f"photo{extension}"
    stem, suffix = PurePosixPath(plain).stem, PurePosixPath(plain).suffix
    return f"{stem[:_LONGEST]}{suffix[:16] or extension}"


def attachment(name: str) -> str:
    """The value of Content-Disposition for a file to be saved under this name (RFC 6266, RFC 8187)."""
    plain = "".join(letter if letter in _PLAIN and letter != "\\" else "_" for letter in name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{extended}'


def header_text(text: str) -> str:
    """Text for a header: printable ASCII stays, "%" and all else is percent-encoded as UTF-8."""
    return quote(text, safe=_PLAIN)
