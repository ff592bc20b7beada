"""How commands speak to people and to programs that call them: one line for an error, a counter for what lasts.

What a command does is its own module's subject.
"""

import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import click

from recipe_assets.errors import RecipeError

PROJECT = Path(__file__).parents[2]


class PlainErrors(click.Group):
    """Prints errors that are meant for people as their one line; anything else keeps its stack trace."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; status 1 after an error."""
        if isinstance(sys.stdout, io.TextIOWrapper):
            # As stderr does: a name that the terminal has no letters for is no reason to end.
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except RecipeError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(1)


def progress(what: str) -> Callable[[int, int], None]:
    """A counter on one line of a terminal; elsewhere a line every tenth."""

    def report(done: int, total: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{what}: {done} of {total}", nl=done == total, err=True)
        elif done == total or done % max(1, total // 10) == 0:
            click.echo(f"{what}: {done} of {total}", err=True)

    return report


def home() -> Path:
    """`DAGSTER_HOME`, or `dagster_home/` in the project; nothing is made."""
    return Path(os.environ.get("DAGSTER_HOME") or PROJECT / "dagster_home").absolute()


def prepare_home() -> Path:
    """Point DAGSTER_HOME at the project unless it is set, and give a new home the project's instance settings."""
    made = home()
    os.environ["DAGSTER_HOME"] = str(made)
    made.mkdir(parents=True, exist_ok=True)
    settings = PROJECT / "dagster_home" / "dagster.yaml"
    if settings.is_file() and not (made / "dagster.yaml").exists():
        shutil.copyfile(settings, made / "dagster.yaml")
    return made


def releases_url() -> str:
    """Where the release store is: `RECIPE_RELEASES`, or `releases` in the home."""
    return os.environ.get("RECIPE_RELEASES") or (home() / "releases").as_uri()
