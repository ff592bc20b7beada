"""`recipe keyword`: options in, a summary and an exit status out. The work is done in `commands.keywording`.

Droplets and folder actions call it: status 0 is all well, 1 names what failed, 2 is a wrong call, 130 Ctrl-C.
"""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from recipe_assets.commands.terminal import progress

if TYPE_CHECKING:
    from recipe_assets.commands.keywording.outcomes import Outcome
    from recipe_assets.commands.keywording.tagging import Rules

SHOWN = 12
INTERRUPTED = 130


class Wishes(TypedDict):
    """The rules that are asked for by options; see `tagging.Rules`."""

    dry_run: bool
    min_confidence: float
    replace: bool
    update: bool


class Options(Wishes):
    """All options of a run; see their help."""

    api: str | None
    key: str
    workers: int
    patience: float


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER_OR_PHOTO...")
@click.option(
    "--api", "api", envvar="RECIPE_API_URLS", help="Address of the API; several by commas. [env: RECIPE_API_URLS]"
)
@click.option(
    "--key", envvar="RECIPE_API_KEY", default="", help="Key of the API; better set RECIPE_API_KEY than type it."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option(
    "--min-confidence", type=click.FloatRange(0, 100), default=0.0, help="In percent: write nothing less sure."
)
@click.option("--replace", is_flag=True, help="Also where a person chose a keyword: take theirs out.")
@click.option("--update", is_flag=True, help="Also where an earlier release chose: ask the current one.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=4, show_default=True, help="Photos in work at once."
)
@click.option(
    "--patience",
    type=click.FloatRange(0, 86400),
    default=120.0,
    show_default=True,
    help="Seconds to wait for a service that is away.",
)
@click.option("--undo", is_flag=True, help="Put back the original files that this command changed.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each photo instead of a summary.")
@click.pass_context
def keyword(
    ctx: click.Context, paths: tuple[Path, ...], undo: bool, as_json: bool, **options: Unpack[Options]
) -> None:
    """Write the keyword of each photo into its metadata, in place; not one pixel changes.

    Name photos, or folders with all below them. Photos that have our keyword, or a person's, are left alone, so
    it can be run again at any time. PSD and HEIC get an XMP file beside them. What an undo needs is kept in a
    hidden folder .recipe-undo beside the photos.
    """
    outcomes, interrupted = _undo(paths, options["dry_run"]) if undo else _keyword(paths, **options)
    if as_json:
        _print_json(outcomes)
    elif outcomes:
        _print_summary(outcomes, options["dry_run"])
    else:
        click.echo("nothing to put back" if undo else "no photo to work on")
    _print_failures(outcomes)
    if interrupted:
        ctx.exit(INTERRUPTED)
    if any(one.outcome == "failed" for one in outcomes):
        ctx.exit(1)


def _undo(paths: Sequence[Path], dry_run: bool) -> tuple[list["Outcome"], bool]:
    from recipe_assets.commands.keywording.undoing import undo_all

    return undo_all(paths, dry_run, progress("looking for what to put back")), False


def _keyword(
    paths: Sequence[Path], *, api: str | None, key: str, workers: int, patience: float, **wishes: Unpack[Wishes]
) -> tuple[list["Outcome"], bool]:
    from recipe_assets.commands.keywording.photos import find_photos
    from recipe_assets.commands.keywording.running import keyword_all
    from recipe_assets.commands.keywording.service import Service

    photos = find_photos(paths)
    if not photos:
        return [], False
    service = Service([url for url in _addresses(api).split(",") if url.strip()], key, patience)
    try:
        wanted = _rules(service.model().names, wishes)
        outcomes = keyword_all(photos, service, wanted, workers, progress("keywording"))
    finally:
        service.close()
    return outcomes, service.interrupted


def _addresses(api: str | None) -> str:
    return api or f"http://127.0.0.1:{os.environ.get('RECIPE_API_PORT') or 8000}"


def _rules(served: frozenset[str], wishes: Wishes) -> "Rules":
    from recipe_assets.commands.keywording.tagging import Rules, known_spellings
    from recipe_assets.studio.vocabulary import DEFAULT_VOCABULARY, load_vocabulary

    vocabulary = load_vocabulary(Path(os.environ.get("RECIPE_VOCABULARY") or DEFAULT_VOCABULARY))
    return Rules(known_spellings(served, vocabulary), **wishes)


def _print_json(outcomes: Sequence["Outcome"]) -> None:
    import msgspec

    for one in outcomes:
        click.echo(msgspec.json.encode(one))  # bytes: JSON is UTF-8 on every terminal


def _print_summary(outcomes: Sequence["Outcome"], dry_run: bool) -> None:
    from recipe_assets.commands.keywording.outcomes import SENTENCES

    counts = Counter(one.outcome for one in outcomes)
    for kind, sentence in SENTENCES.items():
        if counts[kind]:
            click.echo(f"{counts[kind]:>6}  {sentence}{' (nothing was written)' if dry_run else ''}")
    done = [one for one in outcomes if one.outcome == "keyworded"]
    for pipeline, count in sorted(
        Counter(one.pipeline for one in done).items(), key=lambda pair: (-pair[1], pair)
    ):
        click.echo(f"{count:>14}  to {pipeline}")
    if dry_run:
        for one in done:
            click.echo(f"{one.file}: {one.keyword}, {one.confidence:.1f} %")
    _print_doubtful([one for one in done if one.needs_review])


def _print_doubtful(doubtful: Sequence["Outcome"]) -> None:
    if not doubtful:
        return
    click.echo(f"{len(doubtful):>6}  a person should look at:")
    for one in doubtful[:SHOWN]:
        click.echo(f"        {one.file}: {one.keyword}, {one.confidence:.1f} %")
    if len(doubtful) > SHOWN:
        click.echo(f"        and {len(doubtful) - SHOWN} more (--json names all)")


def _print_failures(outcomes: Sequence["Outcome"]) -> None:
    for one in outcomes:
        if one.outcome == "failed":
            click.echo(f"failed: {one.file}: {one.detail}", err=True)
