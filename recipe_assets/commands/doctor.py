"""`recipe doctor`: looks at everything that has to be in order, and says what is not, where, and what to do.

The looks themselves stand in `commands.checkup`.
"""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from recipe_assets.commands.terminal import home, releases_url

if TYPE_CHECKING:
    from recipe_assets.commands.checkup.findings import Finding

_COLORS = {"ok": "green", "warning": "yellow", "error": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="All findings as JSON.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Look at settings, stores, vocabulary, base checkpoint, API, versions and disk; changes nothing.

    Ends with status 1 if something is wrong.
    """
    findings: list[Finding] = []
    for finding in _findings():
        findings.append(finding)
        if not as_json:
            _print(finding)
    errors, warnings = (sum(one.status == status for one in findings) for status in ("error", "warning"))
    if as_json:
        _print_json(findings, errors, warnings)
    else:
        click.echo(f"{errors} errors, {warnings} warnings" if errors or warnings else "all is well")
    if errors:
        ctx.exit(1)


def _findings() -> Iterator["Finding"]:
    from recipe_assets.commands.checkup import installed, places, services, settings
    from recipe_assets.commands.checkup.findings import looked

    where, releases = home(), releases_url()
    yield from looked("versions", installed.look_at_versions)
    yield from looked("settings", lambda: settings.look_at_settings(os.environ))
    yield from looked("home", lambda: places.look_at_home(where))
    yield from looked("studio", lambda: places.look_at_studio(os.environ, where))
    yield from looked("vocabulary", lambda: places.look_at_vocabulary(os.environ))
    yield from looked("base", lambda: places.look_at_base(os.environ))
    yield from looked("releases", lambda: places.look_at_releases(releases))
    yield from looked("outbox", lambda: places.look_at_outbox(os.environ, where))
    yield from looked("MLflow", lambda: places.look_at_mlflow(os.environ, where))
    yield from looked("API", lambda: services.look_at_apis(os.environ, releases))


def _print(finding: "Finding") -> None:
    click.echo(
        f"{click.style(f'{finding.status:<8}', _COLORS[finding.status])}{finding.what:<11}{finding.message}"
    )


def _print_json(findings: Sequence["Finding"], errors: int, warnings: int) -> None:
    import msgspec

    click.echo(msgspec.json.encode({"errors": errors, "warnings": warnings, "findings": findings}))
