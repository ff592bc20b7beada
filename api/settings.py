"""The API's settings: each field is one environment variable, all are read here and nowhere else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self, get_type_hints

import msgspec

from recipe_assets.errors import SettingsError

MEGABYTE = 1 << 20
_SWITCHES = {
    "on": True,
    "off": False,
    "yes": True,
    "no": False,
    "true": True,
    "false": False,
    "1": True,
    "0": False,
}

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]
Milliseconds = Annotated[float, msgspec.Meta(ge=0, le=1000)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]
CountOrZero = Annotated[int, msgspec.Meta(ge=0)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the API runs. Field `x` is the variable `RECIPE_API_X`; only `releases` is `RECIPE_RELEASES`."""

    releases: str
    """The release store: file:///folder or s3://bucket/prefix. Default: `releases` in DAGSTER_HOME."""
    cache: Path
    """Where this API keeps verified releases, to start without the store. Default: `api_cache` in DAGSTER_HOME."""
    host: str = "127.0.0.1"
    """The address to listen on; 0.0.0.0 opens the API to the network."""
    port: Port = 8000
    """The port to listen on."""
    poll_seconds: Seconds = 2
    """How often the store is asked for a newer release."""
    admin_key: str = ""
    """The key that /model/reload and /model/rollback ask for (header X-API-Key). Empty: this machine only."""
    max_bytes: Count = 64 * MEGABYTE
    """The largest upload, in bytes."""
    threads: CountOrZero = 0
    """Threads of one forward pass; 0: the processors divided by the forward passes."""
    queue: Count = 32
    """How many photos may wait; one more is answered 503 with `Retry-After`."""
    batch_size: Count = 8
    """The most photos that share one forward pass."""
    batch_wait_ms: Milliseconds = 5
    """How long the first photo of a forward pass waits for company, in milliseconds."""
    decoders: CountOrZero = 0
    """How many photos are decoded at once; 0 stands for one per processor."""
    forwards: CountOrZero = 0
    """How many forward passes run at once; 0 stands for one per processor."""
    deadline_seconds: Seconds = 15
    """How long a photo may take from its arrival to its answer; then 504."""
    drain_seconds: Seconds = 20
    """How long photos in work may take to finish when the API is stopped."""
    max_pixels: Count = 180_000_000
    """The largest photo that is decoded, in pixels."""
    decode_seconds: Seconds = 10
    """How long one photo may take to decode."""
    batch_photos: Count = 64
    """The most photos in one call of /predict/batch."""
    shadow_share: Share = 0
    """The share of photos, 0 to 1, that a candidate release answers too, unseen by clients."""
    keys: str = ""
    """Named keys that callers must send as X-API-Key, as "photoshop=secret1,batch=secret2". Empty: none needed."""
    open: bool = False
    """Whether to listen on addresses other than loopback without any keys."""
    cors_origins: str = ""
    """The web origins whose pages may call the API, separated by commas; "*" for any."""
    rate_per_minute: CountOrZero = 0
    """Photos a minute for one key, or one address without a key; 0: no limit."""
    fetch_domains: str = ""
    """The domains, all below them included, that /classify may fetch from, by commas. Empty: any public one."""
    results: str = ""
    """Where output=s3_url stores photos: s3://bucket/prefix or file:///folder. Empty: beside the releases."""
    prediction_log: bool = True
    """Whether predictions are logged and shipped to the release store for the graph."""
    prediction_log_bytes: Count = 64 * MEGABYTE
    """The most that unshipped predictions may take on this machine, in bytes; the oldest go first."""
    ship_seconds: Seconds = 300
    """How often logged predictions are shipped to the store."""
    fetch_bytes: Count = 64 * MEGABYTE
    """The largest photo that /classify downloads, in bytes."""
    fetch_seconds: Seconds = 15
    """The time for one download, all redirects together."""
    fetch_redirects: CountOrZero = 3
    """How many redirects a download may follow."""
    fetch_private: bool = False
    """Whether /classify may fetch from private, loopback and other addresses outside the public internet."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings; an empty variable counts as unset.

        Raises:
            SettingsError: naming the variable whose value cannot be used.
        """
        home = Path(environ.get("DAGSTER_HOME") or "dagster_home").absolute()
        values: dict[str, Any] = {"releases": (home / "releases").as_uri(), "cache": home / "api_cache"}
        types = get_type_hints(cls, include_extras=True)
        for field in cls.__struct_fields__:
            if raw := environ.get(variable(field), "").strip():
                values[field] = _convert(variable(field), raw, types[field])
        return cls(**values)


def variable(field: str) -> str:
    """The environment variable of a field."""
    return "RECIPE_RELEASES" if field == "releases" else f"RECIPE_API_{field.upper()}"


def _convert(name: str, raw: str, kind: Any) -> Any:  # noqa: ANN401 (any field's type)
    if kind is bool and raw.lower() not in _SWITCHES:
        raise SettingsError(f"{name}='{raw}' cannot be used: say on or off")
    try:
        return _SWITCHES[raw.lower()] if kind is bool else Path(raw) if kind is Path else _number(raw, kind)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{name}='{raw}' cannot be used: {str(error).lower()}") from None


def _number(raw: str, kind: Any) -> Any:  # noqa: ANN401 (any field's type)
    return msgspec.convert(raw, kind, strict=False)
