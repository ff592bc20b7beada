"""What a caller asks for in the query of a photo's call: the kind of answer, and how much of it.

Reads query strings, for all calls alike; a value that cannot be used is refused by the name of its parameter.
What the answers look like is `outputs`' subject, how the documentation shows the parameters `openapi`'s.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, Self, TypeVar, get_args
from urllib.parse import parse_qs, unquote

import msgspec

from api.errors import BadRequestError

Output = Literal["predictions", "file", "s3_url", "xmp"]
OUTPUTS: tuple[Output, ...] = get_args(Output)
TOP = 3
MAX_NEAREST = 20
_SCHEMES = ("http://", "https://")
_ON, _OFF = ("true", "1", "on", "yes"), ("false", "0", "off", "no")

_BARE = re.compile(r"((?:[a-z_]+=[\w.%+-]*&)+)(https?://.*)", re.IGNORECASE | re.ASCII)
"""Parameters in front of a bare URL, which would swallow any behind it."""

T = TypeVar("T")
N = TypeVar("N", int, float)
Fields = Mapping[str, Sequence[str]]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a call asks for."""

    output: Output = "predictions"
    """The kind of answer: keywords, the photo with its keyword, where that is stored, or its metadata alone."""
    top: int | None = None
    """How many keywords, at most; None for the usual three."""
    min_confidence: float = 0
    """In percent: keywords below it are neither told nor written."""
    nearest: int = 0
    """How many of the nearest training photos."""
    detail: bool = False
    """Whether to say more than keywords and confidences."""

    @classmethod
    def of(cls, fields: Fields, keywords: int) -> Self:
        """Read the parsed query of a call; parameters of other names do not count.

        Args:
            fields: values by parameter.
            keywords: how many there are.

        Raises:
            BadRequestError: naming the parameter that cannot be used.
        """
        return cls(
            output=_read(fields, "output", _output, "predictions"),
            top=_read(fields, "top", _between(int, 1, keywords), None),
            min_confidence=_read(fields, "min_confidence", _between(float, 0.0, 100.0), 0.0),
            nearest=_read(fields, "nearest", _between(int, 0, MAX_NEAREST), 0),
            detail=_read(fields, "detail", _switch, False),
        )

    @property
    def is_detailed(self) -> bool:
        """Whether the answer is more than a list of keywords."""
        return self.detail or self.nearest > 0


class PhotoQuery(NamedTuple):
    """A photo's URL, and the fields that stand beside it."""

    url: str
    fields: Fields


def query_fields(query: bytes) -> dict[str, list[str]]:
    """The fields of a raw query string, those without a value included."""
    return parse_qs(query.decode("latin-1"), keep_blank_values=True)


def photo_query(query: bytes) -> PhotoQuery:
    """The photo's URL in a raw query string.

    The query is the URL itself (`?https://...`, plain or percent-encoded; all of it, its own parameters included),
    or ends in it (`?output=file&https://...`), or has it as `url` or `image_url`, beside which others may stand.

    Raises:
        BadRequestError: if there is none.
    """
    raw = query.decode("latin-1").strip()
    for candidate in (raw, unquote(raw)):
        if candidate.lower().startswith(_SCHEMES):
            return PhotoQuery(candidate, {})
    if found := _BARE.fullmatch(raw):
        return PhotoQuery(found[2], parse_qs(found[1], keep_blank_values=True))
    fields = query_fields(query)
    for name in ("url", "image_url"):
        if fields.get(name, [""])[0].strip():
            return PhotoQuery(fields[name][0].strip(), fields)
    raise BadRequestError("the query needs a photo's URL: /classify?https://... or /classify?url=https://...")


def _read(fields: Fields, name: str, convert: Callable[[str], T], default: T) -> T:
    values = fields.get(name, ())
    if not values:
        return default
    if len(values) > 1:
        raise BadRequestError(f"{name} is given {len(values)} times: give it once")
    try:
        return convert(values[0].strip())
    except ValueError as error:
        raise BadRequestError(f"{name}={_shortened(values[0])} cannot be used: {error}") from None


def _output(text: str) -> Output:
    for known in OUTPUTS:
        if text == known:
            return known
    raise ValueError(f"say one of {', '.join(OUTPUTS)}")


def _switch(text: str) -> bool:
    if text.lower() not in (*_ON, *_OFF):
        raise ValueError("say true or false")
    return text.lower() in _ON


def _between(kind: type[N], least: N, most: N) -> Callable[[str], N]:
    noun = "a whole number" if kind is int else "a number"

    def read(text: str) -> N:
        wrong = ValueError(f"say {noun} from {least:g} to {most:g}")
        try:
            value = kind(text)
        except ValueError:
            raise wrong from None
        if not least <= value <= most:  # true of NaN, too
            raise wrong
        return value

    return read


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."
