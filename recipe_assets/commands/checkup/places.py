"""The places that data comes from and goes to: disk, studio, vocabulary, base, releases, outbox, MLflow.

Each is looked at as the part that uses it would open it; nothing is changed, and nothing left behind.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from recipe_assets.commands.checkup.findings import Finding, error, ok, warning
from recipe_assets.errors import StudioError

if TYPE_CHECKING:
    from recipe_assets.studio.shoots import Studio

GIGABYTE = 1 << 30
_ENOUGH, _TOO_LITTLE = 5, 1
"""Gigabytes of free disk below which somebody should know, and below which a run is likely to fail."""


def look_at_home(home: Path) -> Iterator[Finding]:
    """Whether runs can keep what they write."""
    yield from _writable("home", home, "DAGSTER_HOME")
    free = shutil.disk_usage(_existing(home)).free / GIGABYTE
    finding = error if free < _TOO_LITTLE else warning if free < _ENOUGH else ok
    cure = "" if finding is ok else ": make room, training and releases are written there"
    yield finding("disk", f"{free:.1f} GB free where {home} is{cure}")


def look_at_studio(environ: Mapping[str, str], home: Path) -> Iterator[Finding]:
    """Whether shoots can be found."""
    if not environ.get("RECIPE_STUDIO") and not _sample(home).is_dir():
        yield warning("studio", "RECIPE_STUDIO is not set and no sample is drawn: set it, or run `recipe sample`")
        return
    place = environ.get("RECIPE_STUDIO") or str(_sample(home))
    shoots = _studio(environ, home).shoots()
    files = sum(len(shoot.files) for shoot in shoots.values())
    if shoots:
        yield ok("studio", f"{len(shoots)} shoots with {files} files in {place}")
    else:
        yield warning("studio", f"{place} holds no shoot: put one folder per shoot there, or set RECIPE_STUDIO")


def _sample(home: Path) -> Path:
    return home / "sample" / "shoots"


def _studio(environ: Mapping[str, str], home: Path) -> "Studio":
    from recipe_assets.studio.bucket import studio_client
    from recipe_assets.studio.shoots import open_studio

    place = environ.get("RECIPE_STUDIO") or str(_sample(home))
    client = studio_client(environ.get("AWS_ENDPOINT_URL")) if place.startswith("s3://") else None
    return open_studio(place, client)


def look_at_vocabulary(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the keywords can be read."""
    from recipe_assets.studio.vocabulary import DEFAULT_VOCABULARY, load_vocabulary

    path = Path(environ.get("RECIPE_VOCABULARY") or DEFAULT_VOCABULARY)
    words = load_vocabulary(path)
    pipelines = {word.pipeline for word in words.keywords}
    yield ok("vocabulary", f"{len(words.keywords)} keywords for {len(pipelines)} pipelines in {path}")


def look_at_base(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether training has something to start from; nothing is loaded."""
    from recipe_assets.model.checkpoint_files import missing_part
    from recipe_assets.model.hub import HubId
    from recipe_assets.model.identity import BUILTIN

    name = environ.get("RECIPE_BASE_CHECKPOINT") or "builtin:tiny"
    cure = "set RECIPE_BASE_CHECKPOINT to builtin:tiny, a folder in Hugging Face layout, or a hub id"
    if hub_id := HubId.parse(name):
        commit = hub_id.commit()
        if commit:
            yield ok("base", f"{name}, in the hub's cache as {commit[:12]}")
        else:
            yield warning(
                "base", f"{name} is not in the hub's cache: the first run downloads it (hf download {name})"
            )
        return
    folder = BUILTIN.get(name, Path(name))
    if not folder.is_dir():
        yield error("base", f"{name} is neither a folder nor a hub id: {cure}")
    elif missing := missing_part(folder):
        yield error("base", f"{name} has no {missing}: {cure}")
    else:
        yield ok("base", f"{name}, whole")


def look_at_releases(url: str) -> Iterator[Finding]:
    """Whether the store can be used, and the current release is whole, every file read back."""
    from recipe_assets.release.places import open_objects
    from recipe_assets.release.store import ReleaseStore
    from recipe_assets.release.stored import verify_stored

    parts = urlsplit(url)
    if parts.scheme in ("", "file"):
        yield from _writable("releases", Path(url2pathname(parts.path)), "RECIPE_RELEASES", quiet=True)
    objects = open_objects(url)
    store = ReleaseStore(objects)
    manifest, candidate = store.current_manifest(), store.read_candidate()
    waiting = f"; {candidate.release_id} waits for approval" if candidate else ""
    if manifest is None:
        yield warning("releases", f"{url} has no release yet: run `recipe materialize`{waiting}")
        return
    verify_stored(objects, manifest)
    yield ok("releases", f"{manifest.release_id} is current in {url} and whole{waiting}")


def look_at_outbox(environ: Mapping[str, str], home: Path) -> Iterator[Finding]:
    """Whether keyworded photos can be handed over."""
    from recipe_assets.outbox.places import open_outbox, require_apart

    outbox = open_outbox(environ.get("RECIPE_OUTBOX") or str(home / "outbox"))
    with suppress(StudioError):  # said by the look at the studio
        require_apart(outbox.location, _studio(environ, home).location)
    if outbox.location.startswith("s3://"):
        outbox.describe("_tables/probe")
        yield ok("outbox", f"{outbox.location} can be read")
        return
    yield from _writable("outbox", Path(outbox.location), "RECIPE_OUTBOX")


def look_at_mlflow(environ: Mapping[str, str], home: Path) -> Iterator[Finding]:
    """Whether trainings can be tracked."""
    uri = environ.get("RECIPE_MLFLOW_URI") or f"sqlite:///{home}/mlflow.db"
    scheme = urlsplit(uri).scheme
    if scheme in ("", "file"):
        yield error(
            "MLflow", f"RECIPE_MLFLOW_URI={uri} is a folder, which MLflow refuses: use sqlite:///... or a server"
        )
    elif scheme == "sqlite":
        yield from _writable(
            "MLflow", Path(uri.removeprefix("sqlite:///")).parent, "RECIPE_MLFLOW_URI", quiet=True
        )
        yield ok("MLflow", uri)
    elif scheme in ("http", "https"):
        yield from _answering(uri)
    else:
        yield ok("MLflow", f"a database ({scheme}); it is not asked here")


def _answering(uri: str) -> Iterator[Finding]:
    import httpx

    try:
        status = httpx.get(f"{uri.rstrip('/')}/health", timeout=5).status_code
    except httpx.HTTPError as wrong:
        yield error(
            "MLflow", f"{uri} does not answer ({type(wrong).__name__}): start it, or mend RECIPE_MLFLOW_URI"
        )
        return
    finding = ok if status == httpx.codes.OK else warning
    yield finding("MLflow", f"{uri} answers its health check with {status}")


def _writable(what: str, folder: Path, variable: str, quiet: bool = False) -> Iterator[Finding]:
    """Whether a folder can be written, or made where it is not there yet."""
    above = _existing(folder.absolute())
    if not above.is_dir():
        yield error(what, f"{above} is no folder: mend {variable}")
    elif not os.access(above, os.W_OK | os.X_OK):
        yield error(what, f"{above} cannot be written by this user: give it the rights, or mend {variable}")
    elif refusal := _refusal(above):
        yield error(what, f"{above} takes no files ({refusal}): mend {variable}")
    elif not quiet:
        yield ok(what, f"{folder}{'' if above == folder.absolute() else ', made when it is needed'}")


def _refusal(folder: Path) -> str | None:
    """Why no file can be made in a folder; rights do not tell of /proc, or of a disk that is read-only."""
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=".recipe-"):  # one without a name, where the system can
            return None
    except OSError as wrong:
        return wrong.strerror or str(wrong)


def _existing(path: Path) -> Path:
    """The path, or what exists nearest above it, be it a link that leads nowhere."""
    return next(one for one in (path, *path.parents) if os.path.lexists(one))
