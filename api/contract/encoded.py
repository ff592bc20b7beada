"""A photo as base64 in JSON, for programs that cannot send bytes: `{"image": "<base64 or data URL>"}`.

Here: from such a body to the bytes. When a body is taken for one is `uploads`' decision.
"""

from binascii import Error, a2b_base64

import msgspec

from api.errors import BadRequestError, TooLargeError

_SLICE = 1 << 18
"""Characters decoded at a time, a multiple of four: in between, other threads may run."""
_URL_SAFE = str.maketrans("-_", "+/")


class EncodedPhoto(msgspec.Struct, frozen=True):
    """The body: a photo in base64 (standard or URL-safe, padding may be missing) or a data URL, and its name."""

    image: str
    name: str | None = None


def encoded_cap(max_bytes: int) -> int:
    """The largest JSON body that can hold a photo of `max_bytes`: base64 takes four characters for three bytes."""
    return max_bytes // 3 * 4 + (1 << 16)


def looks_encoded(head: bytes) -> bool:
    """Whether a body that begins like this is JSON: no photo begins with a brace."""
    return head.lstrip()[:1] == b"{"


def read_encoded(body: bytes) -> EncodedPhoto | None:
    """The body as JSON; None if it is none.

    Raises:
        BadRequestError: if it is JSON of another shape.
    """
    try:
        return msgspec.json.decode(body, type=EncodedPhoto)
    except msgspec.ValidationError as error:
        raise BadRequestError(
            f'the JSON body cannot be used ({str(error).lower()}): send {{"image": "<base64>"}}'
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def decoded(text: str, max_bytes: int) -> bytes:
    """The bytes of a photo in base64 or in a data URL.

    Raises:
        BadRequestError: if it is not base64, saying where.
        TooLargeError: if it stands for more than `max_bytes`.
    """
    digits = _digits(text)
    if len(digits) // 4 * 3 - digits[-2:].count("=") > max_bytes:
        raise TooLargeError(f"the photo is over {max_bytes} bytes")
    pieces = []
    for start in range(0, len(digits), _SLICE):
        piece = digits[start : start + _SLICE]
        try:
            pieces.append(a2b_base64(piece, strict_mode=True))
        except (Error, ValueError) as error:
            raise BadRequestError(
                f"'image' is not base64: {str(error).lower()}, from character {start} on"
            ) from None
    return b"".join(pieces)


def _digits(text: str) -> str:
    """Nothing but base64 of the standard alphabet, padded."""
    if text[:5].lower() == "data:":
        head, comma, text = text.partition(",")
        if not comma or not head.lower().endswith(";base64"):
            raise BadRequestError("the data URL in 'image' needs ';base64,' before its data")
    if not text.isascii():
        raise BadRequestError("'image' is not base64: it has characters beyond ASCII")
    if any(blank in text for blank in " \r\n\t"):
        text = "".join(text.split())
    digits = text.translate(_URL_SAFE) if "-" in text or "_" in text else text
    # Looked at in place: slices of a large photo's text would copy megabytes each.
    end = digits.find("=", max(0, len(digits) - 2))
    length = len(digits) if end < 0 else end
    if length % 4 == 1 or digits.find("=", 0, length) >= 0 or digits[length:].strip("="):
        raise BadRequestError("'image' is not base64: it breaks off or was put together from pieces")
    missing = -length % 4 - (len(digits) - length)
    return digits if missing == 0 else digits[:length] + "=" * (-length % 4)
