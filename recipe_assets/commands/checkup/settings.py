"""The environment variables: whether each can be used, and whether one is misspelled and so does nothing."""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import partial
from urllib.parse import urlsplit

from recipe_assets.commands.checkup.findings import Finding, error, ok, warning

GRAPH = frozenset(
    {
        "RECIPE_API_KEY", "RECIPE_API_URLS", "RECIPE_APPROVAL", "RECIPE_BASE_CHECKPOINT", "RECIPE_MLFLOW_URI",
        "RECIPE_OUTBOX", "RECIPE_OUTBOX_ON_RELEASE", "RECIPE_RELEASES", "RECIPE_RETRAIN_AFTER", "RECIPE_REVIEW",
        "RECIPE_SLACK_API", "RECIPE_SLACK_CHANNEL", "RECIPE_SLACK_TOKEN", "RECIPE_STUDIO", "RECIPE_UI_PORT",
        "RECIPE_UI_URL", "RECIPE_VOCABULARY",
    }
)  # fmt: skip
"""What graph and command line read; the API's settings know their own names."""


def look_at_settings(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at every variable of ours."""
    found = [*_unknown(environ), *_unusable(environ)]
    yield from found
    if not found:
        given = sum(name.startswith("RECIPE_") and bool(value) for name, value in environ.items())
        yield ok("settings", f"{given} set by environment variables, all others at their defaults")


def known_names() -> frozenset[str]:
    """Every variable that is read anywhere."""
    from api.settings import Settings, variable

    return GRAPH | {variable(field) for field in Settings.__struct_fields__}


def _unknown(environ: Mapping[str, str]) -> Iterator[Finding]:
    known = known_names()
    for name in sorted(name for name in environ if name.startswith("RECIPE_") and name not in known):
        near = get_close_matches(name, known, n=1, cutoff=0.8)
        meant = f": did you mean {near[0]}?" if near else ": take it out"
        yield warning("settings", f"{name} is read by nothing{meant}")


def _unusable(environ: Mapping[str, str]) -> Iterator[Finding]:
    from api.guarding.keys import KeyRing
    from api.settings import Settings
    from recipe_assets.errors import SettingsError
    from recipe_assets.graph_settings import needs_approval, on_release, retrain_after
    from recipe_assets.serving import port

    rules: list[Callable[[], object]] = [
        lambda: KeyRing.of(Settings.from_env(environ)),
        lambda: port("RECIPE_UI_PORT", 3000),
        *(partial(rule, environ) for rule in (needs_approval, retrain_after, on_release)),
    ]
    for rule in rules:
        try:
            rule()
        except SettingsError as wrong:
            yield error("settings", str(wrong))
    if bool(environ.get("RECIPE_SLACK_TOKEN")) != bool(environ.get("RECIPE_SLACK_CHANNEL")):
        yield warning("settings", "RECIPE_SLACK_TOKEN and RECIPE_SLACK_CHANNEL need each other: set both or none")
    yield from _bad_urls(environ)


def _bad_urls(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name in ("RECIPE_API_URLS", "RECIPE_UI_URL"):
        for url in filter(None, (part.strip() for part in environ.get(name, "").split(","))):
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.netloc:
                yield error("settings", f"{name}: '{url}' is no address: write it as http://host:port")
