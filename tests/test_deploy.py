"""Dockerfile, compose.yaml and its Dagster instance name files, settings and commands that exist."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.settings import Settings, variable

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_every_file_that_the_images_copy_exists() -> None:
    copied = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY")]
    sources = [source for line in copied for source in line if not source.startswith("--")]
    assert {source for source in sources if not (ROOT / source).exists()} == set()
    assert {"recipe_assets", "api", "workspace.yaml"} <= set(sources)


@pytest.mark.parametrize("name", ["api", "ui", "daemon"])
def test_every_setting_of_a_service_is_in_the_readme(name: str) -> None:
    readme = (ROOT / "README.md").read_text()
    settings = [key for key in COMPOSE["services"][name]["environment"] if key.startswith("RECIPE_")]
    assert settings
    assert [key for key in settings if f"`{key}`" not in readme] == []


def test_settings_of_the_api_are_spelled_as_the_api_reads_them() -> None:
    known = {variable(field) for field in Settings.__struct_fields__}
    named = set(re.findall(r"RECIPE_API_\w+", DOCKERFILE)) | set(COMPOSE["services"]["api"]["environment"])
    assert {name for name in named if name.startswith(("RECIPE_API_", "RECIPE_RELEASES"))} <= known


def test_the_grace_period_is_longer_than_the_drain() -> None:
    grace = COMPOSE["services"]["api"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > Settings(releases="file:///x", cache=Path("x")).drain_seconds


def test_the_targets_are_stages_of_the_dockerfile() -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\w+)", DOCKERFILE, re.MULTILINE))
    assert {COMPOSE["services"][name]["build"]["target"] for name in ("api", "ui", "daemon")} <= stages


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "compose.yaml").read_text()
    assert re.findall(r"\$\{(?:POSTGRES_PASSWORD|RECIPE_API_KEYS)[^?}]*\}", text) == []


def test_the_instance_of_compose_keeps_the_limits_of_the_local_one() -> None:
    local, deployed = (
        yaml.safe_load((ROOT / place / "dagster.yaml").read_text()) for place in ("dagster_home", "deploy")
    )
    assert deployed["concurrency"] == local["concurrency"]
    assert deployed["run_monitoring"] == local["run_monitoring"]
