"""The APIs: whether they answer, take our key, and serve the current release."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

import httpx

from recipe_assets.commands.checkup.findings import Finding, error, ok, warning
from recipe_assets.errors import ReleaseError

BASE_PATH = "/api/v1"
_SECONDS = 5.0


def look_at_apis(environ: Mapping[str, str], releases_url: str) -> Iterator[Finding]:
    """Ask each API of the settings, or else the one that would run here."""
    urls = [url.strip().rstrip("/") for url in environ.get("RECIPE_API_URLS", "").split(",") if url.strip()]
    here = f"http://127.0.0.1:{environ.get('RECIPE_API_PORT') or 8000}"
    current = _current(releases_url)
    key = environ.get("RECIPE_API_KEY", "")
    with httpx.Client(timeout=_SECONDS, headers={"X-API-Key": key} if key else {}) as client:
        for url in urls or [here]:
            try:
                yield from _asked(client, url, current)
            except (httpx.HTTPError, httpx.InvalidURL) as wrong:
                said = f"{url} does not answer ({type(wrong).__name__})"
                if urls:
                    yield error("API", f"{said}: start it, or take it out of RECIPE_API_URLS")
                else:
                    yield warning("API", f"{said}: start it with `make up`, or set RECIPE_API_URLS")


def _asked(client: httpx.Client, url: str, current: str | None) -> Iterator[Finding]:
    health = client.get(f"{url}{BASE_PATH}/health")
    try:
        report = health.json()
        served, status, trouble = (report[name] for name in ("release_id", "status", "last_error"))
    except (ValueError, LookupError, TypeError):
        yield error("API", f"{url} is something else than a Recipe Classifier API: mend RECIPE_API_URLS")
        return
    if status != "ready":
        yield error("API", f"{url} is {status}: {trouble or 'it has no release yet'}")
    elif trouble:
        yield warning("API", f"{url} serves {served}, and says: {trouble}")
    elif current and served != current:
        yield warning(
            "API", f"{url} serves {served}, while {current} is current: is it on another RECIPE_RELEASES?"
        )
    else:
        yield ok("API", f"{url} serves {served}")
    if client.get(f"{url}{BASE_PATH}/model").status_code in (401, 403):
        yield error("API", f"{url} does not take our key: set RECIPE_API_KEY to one of its RECIPE_API_KEYS")


def _current(releases_url: str) -> str | None:
    from recipe_assets.release.store import open_store

    with suppress(ReleaseError):  # said by the look at the releases
        found = open_store(releases_url).read_pointer()
        return found.pointer.release_id if found else None
    return None
