"""What is installed: the Python that runs us, and every package in the version that the project asks for."""

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from recipe_assets.commands.checkup.findings import Finding, error, ok

PROJECT = "recipe-classifier"
_SIGNS = {"api": "litestar", "platform": "dagster"}
"""A package that tells whether an extra was asked for."""


def look_at_versions() -> Iterator[Finding]:
    """Compare what is installed with what the project's own metadata asks for."""
    try:
        ours = distribution(PROJECT)
    except PackageNotFoundError:
        yield error("versions", f"{PROJECT} is not installed in {sys.prefix}: run `make setup`")
        return
    python = ".".join(map(str, sys.version_info[:3]))
    wanted = SpecifierSet(ours.metadata["Requires-Python"] or "")
    if python not in wanted:
        yield error(
            "versions", f"Python {python} runs this, the project needs {wanted}: make .venv with such a one"
        )
    extras = ["", *(extra for extra, sign in _SIGNS.items() if _installed(sign))]
    needed = [Requirement(text) for text in ours.requires or ()]
    asked = [one for one in needed if one.marker is None or any(one.marker.evaluate({"extra": e}) for e in extras)]
    wrong = [problem for one in asked if (problem := _problem(one))]
    yield from (error("versions", problem) for problem in wrong)
    if not wrong:
        parts = " and ".join(filter(None, extras)) or "the command line alone"
        yield ok("versions", f"Python {python}, {len(asked)} packages as the project asks ({parts})")


def _problem(needed: Requirement) -> str | None:
    found = _installed(needed.name)
    if found is None:
        return f"{needed.name} is not installed, the project needs {needed.specifier or 'it'}: run `make setup`"
    # "2.13.0+cpu" is a build of 2.13.0.
    if needed.specifier.contains(found.partition("+")[0], prereleases=True):
        return None
    return f"{needed.name} {found} is installed, the project needs {needed.specifier}: run `make setup`"


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
