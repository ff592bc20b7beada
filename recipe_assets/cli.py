"""The `recipe` command: what the Makefile's targets call. Thin; each command's work lives in its own room.

Errors that are meant for people are printed as their one line; anything else keeps its stack trace.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recipe_assets.errors import RecipeError

if TYPE_CHECKING:
    from recipe_assets.release.store import ReleaseStore

PROJECT = Path(__file__).parents[1]


class _PlainErrors(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except RecipeError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(1)


@click.group(cls=_PlainErrors)
def main() -> None:
    """Recipe Classifier: draw the sample, train and release, serve."""
    _prepare_home()


def _prepare_home() -> None:
    """Point DAGSTER_HOME at the project unless it is set, and give a new home the project's instance settings."""
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(PROJECT / "dagster_home"))).absolute()
    os.environ["DAGSTER_HOME"] = str(home)
    home.mkdir(parents=True, exist_ok=True)
    settings = PROJECT / "dagster_home" / "dagster.yaml"
    if settings.is_file() and not (home / "dagster.yaml").exists():
        shutil.copyfile(settings, home / "dagster.yaml")


def _progress(what: str) -> Callable[[int, int], None]:
    """A counter on one line of a terminal; elsewhere a line every tenth."""

    def report(done: int, total: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{what}: {done} of {total}", nl=done == total, err=True)
        elif done == total or done % max(1, total // 10) == 0:
            click.echo(f"{what}: {done} of {total}", err=True)

    return report


@main.command()
@click.option("--later", is_flag=True, help="Let the sample's waiting shoot arrive.")
def sample(later: bool) -> None:
    """Draw the sample studio, unless it is there."""
    from recipe_assets.studio.sample.writing import deliver_later, write_sample

    root = Path(os.environ["DAGSTER_HOME"]) / "sample"
    if later:
        arrived = deliver_later(root)
        click.echo(f"arrived: {', '.join(arrived)}" if arrived else "no shoot is waiting")
        return
    written = write_sample(root, on_progress=_progress("drawing the sample studio"))
    click.echo(f"{written} files in {root}" if written else f"the sample studio is in {root}")


@main.command()
@click.option("--force", is_flag=True, envvar="FORCE", help="Train even if nothing changed.")
def materialize(force: bool) -> None:
    """Read new shoots, train, release, serve; ends with a short report."""
    from recipe_assets.defs.main_job import main_job
    from recipe_assets.defs.report import report

    with main_job(say=click.echo) as job:
        held_back = job.run(force)
        click.echo(report(job.storage.tables(), job.releases.open(), held_back))


@main.command()
@click.option(
    "--first", is_flag=True, help="Draw the sample if there is no studio, and materialize, before serving."
)
def up(first: bool) -> None:
    """Serve the Dagster UI and the API until Ctrl-C."""
    from recipe_assets.serving import serve

    serve(first)


@main.group()
def releases() -> None:
    """Look at the release store, approve or reject what waits, and roll back."""


@releases.command("list")
def list_releases() -> None:
    """All releases, oldest first: * is current, ? waits for approval."""
    store = _release_store()
    current, candidate = store.read_pointer(), store.read_candidate()
    marks = {candidate.release_id: "?"} if candidate else {}
    marks |= {current.pointer.release_id: "*"} if current else {}
    decisions = store.decisions.all()
    for manifest in store.list_releases():
        release_id = manifest.release_id
        accuracy = f"macro accuracy {100 * manifest.metrics.macro_accuracy:.1f} %"
        decided = f"  {decisions[release_id]}" if release_id in decisions else ""
        click.echo(f"{marks.get(release_id, ' ')} {release_id}  {accuracy}{decided}")


@releases.command()
@click.argument("release_id", required=False)
def rollback(release_id: str | None) -> None:
    """Make the release before the current one, or RELEASE_ID, current again."""
    store = _release_store()
    click.echo(f"{store.rollback(release_id).release_id} is current")
    _tell_mlflow(store)


def _decided(command: Callable[..., None]) -> Callable[..., None]:
    """The arguments of a decision about a release."""
    command = click.option("--note", default="", help="Why; kept in the record.")(command)
    command = click.option("--by", required=True, help="Your name, for the record.")(command)
    return click.argument("release_id")(command)


@releases.command()
@_decided
def approve(release_id: str, by: str, note: str) -> None:
    """Make RELEASE_ID, which waits for approval, current."""
    from recipe_assets.release.decisions import Verdict

    store = _release_store()
    decision = store.promote(release_id, Verdict(by, note))
    click.echo(f"{release_id} is current: {decision}")
    _tell_mlflow(store)


@releases.command()
@_decided
def reject(release_id: str, by: str, note: str) -> None:
    """Turn RELEASE_ID, which waits for approval, down; its files are kept."""
    from recipe_assets.release.decisions import Verdict

    store = _release_store()
    decision = store.reject(release_id, Verdict(by, note))
    click.echo(f"{release_id} stays out: {decision}")
    _tell_mlflow(store)


def _release_store() -> "ReleaseStore":
    from recipe_assets.release.store import open_store

    return open_store(
        os.environ.get("RECIPE_RELEASES") or (Path(os.environ["DAGSTER_HOME"]) / "releases").as_uri()
    )


def _tell_mlflow(store: "ReleaseStore") -> None:
    """Let MLflow's aliases follow; if they cannot, the next run of `served_model` lets them."""
    from recipe_assets.model.tracking import EXPERIMENT, ModelRegistry

    home = Path(os.environ["DAGSTER_HOME"])
    registry = ModelRegistry(os.environ.get("RECIPE_MLFLOW_URI") or f"sqlite:///{home}/mlflow.db", EXPERIMENT)
    try:
        registry.follow(store)
    except RecipeError as error:
        click.echo(f"MLflow's aliases could not be moved, the next run of served_model does it: {error}", err=True)
