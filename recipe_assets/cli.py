"""The `recipe` command: what the Makefile's targets, people and Photoshop's droplets call.

Here: the entry, and the commands that draw, train and serve. Groups with work of their own stand in `commands`.
"""

import click

from recipe_assets.commands.doctor import doctor
from recipe_assets.commands.keyword import keyword
from recipe_assets.commands.releases import releases
from recipe_assets.commands.terminal import PlainErrors, prepare_home, progress


@click.group(cls=PlainErrors)
def main() -> None:
    """Recipe Classifier: draw the sample, train and release, serve, keyword photos."""


@main.command()
@click.option("--later", is_flag=True, help="Let the sample's waiting shoot arrive.")
def sample(later: bool) -> None:
    """Draw the sample studio, unless it is there."""
    from recipe_assets.studio.sample.writing import deliver_later, write_sample

    root = prepare_home() / "sample"
    if later:
        arrived = deliver_later(root)
        click.echo(f"arrived: {', '.join(arrived)}" if arrived else "no shoot is waiting")
        return
    written = write_sample(root, on_progress=progress("drawing the sample studio"))
    click.echo(f"{written} photos in {root}" if written else f"the sample studio is in {root}")


@main.command()
@click.option("--force", is_flag=True, envvar="FORCE", help="Train even if nothing changed.")
def materialize(force: bool) -> None:
    """Read new shoots, train, release, serve; ends with a short report."""
    prepare_home()
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
    prepare_home()
    from recipe_assets.serving import serve

    serve(first)


main.add_command(releases)
main.add_command(keyword)
main.add_command(doctor)
