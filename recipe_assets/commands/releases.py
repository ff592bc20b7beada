"""`recipe releases`: look at what is released, compare, approve or reject what waits, go back.

The rules are the release room's; how a release reads in a terminal is `release_facts`' subject.
"""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from recipe_assets.commands.terminal import home, prepare_home, releases_url
from recipe_assets.errors import RecipeError

if TYPE_CHECKING:
    from recipe_assets.release.store import ReleaseStore


@click.group()
def releases() -> None:
    """Look at releases, compare them, approve or reject what waits, and roll back.

    Where an ID is asked for, its beginning is enough, and so is current, previous or candidate.
    """
    prepare_home()


@releases.command("list")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each release.")
def list_releases(as_json: bool) -> None:
    """All releases, oldest first: * is current, ? waits for approval."""
    from recipe_assets.commands.release_facts import as_line, marks

    store = _release_store()
    found, decisions = marks(store), store.decisions.all()
    for manifest in store.list_releases():
        mark, decision = found.get(manifest.release_id, ""), decisions.get(manifest.release_id)
        click.echo(as_line(manifest, mark, decision, as_json))


@releases.command()
@click.argument("release_id", default="current")
@click.option("--json", "as_json", is_flag=True, help="The manifest itself.")
@click.option("--verify", is_flag=True, help="Also compare every stored file with the manifest.")
def show(release_id: str, as_json: bool, verify: bool) -> None:
    """What RELEASE_ID is, how good it is by keyword, and where it came from; the current one by default."""
    from recipe_assets.commands.release_facts import described, find, marks
    from recipe_assets.release.manifest import encode_manifest
    from recipe_assets.release.places import open_objects
    from recipe_assets.release.stored import verify_stored

    store = _release_store()
    manifest = find(store, release_id)
    if verify:
        verify_stored(open_objects(releases_url()), manifest)
    if as_json:
        click.echo(encode_manifest(manifest), nl=False)
        return
    click.echo(
        described(manifest, marks(store).get(manifest.release_id, ""), store.decisions.read(manifest.release_id))
    )
    if verify:
        click.echo("all stored files are as the manifest says")


@releases.command()
@click.argument("old", default="previous")
@click.argument("new", default="current")
@click.option("--json", "as_json", is_flag=True, help="What differs, as JSON.")
def diff(old: str, new: str, as_json: bool) -> None:
    """What differs between two releases; by default between the one before and the current one."""
    from recipe_assets.commands.release_facts import differences, find

    store = _release_store()
    click.echo(differences(find(store, old), find(store, new), as_json))


@releases.command()
@click.argument("release_id", required=False)
def rollback(release_id: str | None) -> None:
    """Make the release before the current one, or RELEASE_ID, current again."""
    store = _release_store()
    click.echo(f"{store.rollback(release_id and _full(store, release_id)).release_id} is current")
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
    full = _full(store, release_id)
    decision = store.promote(full, Verdict(by, note))
    click.echo(f"{full} is current: {decision}")
    _tell_mlflow(store)


@releases.command()
@_decided
def reject(release_id: str, by: str, note: str) -> None:
    """Turn RELEASE_ID, which waits for approval, down; its files are kept."""
    from recipe_assets.release.decisions import Verdict

    store = _release_store()
    full = _full(store, release_id)
    decision = store.reject(full, Verdict(by, note))
    click.echo(f"{full} stays out: {decision}")
    _tell_mlflow(store)


def _release_store() -> "ReleaseStore":
    from recipe_assets.release.store import open_store

    return open_store(releases_url())


def _full(store: "ReleaseStore", name: str) -> str:
    """The whole id; a name that means nothing is left to the store, which knows what to say of it."""
    from recipe_assets.commands.release_facts import full_id

    return full_id(store, name) or name


def _tell_mlflow(store: "ReleaseStore") -> None:
    """Let MLflow's aliases follow; if they cannot, the next run of `served_model` lets them."""
    try:
        from recipe_assets.model.tracking import EXPERIMENT, ModelRegistry
    except ModuleNotFoundError:
        click.echo("MLflow is not installed here: the next run of served_model moves its aliases", err=True)
        return
    registry = ModelRegistry(os.environ.get("RECIPE_MLFLOW_URI") or f"sqlite:///{home()}/mlflow.db", EXPERIMENT)
    try:
        registry.follow(store)
    except RecipeError as error:
        click.echo(f"MLflow's aliases could not be moved, the next run of served_model does it: {error}", err=True)
