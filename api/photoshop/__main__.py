"""`python -m api.photoshop FOLDER`: build the plugin."""

from pathlib import Path

import click

from api.photoshop.building import SCRIPT, PluginError, build


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--server", help="The API's address: the plugin then may reach that host only.")
def main(folder: Path, server: str | None) -> None:
    """Write the Photoshop plugin into FOLDER, and the script for older versions beside it."""
    try:
        build(folder, server or None)
    except PluginError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{folder}: load it with the UXP Developer Tool, which also packages it as .ccx")
    click.echo(f"{folder.parent / SCRIPT}: for versions before 23.3, and for actions and droplets")


if __name__ == "__main__":
    main()
