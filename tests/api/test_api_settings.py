"""Settings, the command line, and the wall around the API."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from api.settings import Settings, variable
from recipe_assets.errors import SettingsError
from tests.api.conftest import PATIENCE, ROOT, Studio

HEAVY = ("torch", "transformers", "dagster", "pandas", "mlflow")


def test_every_setting_has_a_default(tmp_path: Path) -> None:
    settings = Settings.from_env({"DAGSTER_HOME": str(tmp_path)})
    assert settings == Settings(releases=(tmp_path / "releases").as_uri(), cache=tmp_path / "api_cache")
    assert (settings.host, settings.port, settings.poll_seconds) == ("127.0.0.1", 8000, 2)
    assert settings.max_bytes == 64 * 1024 * 1024
    assert settings.fetch_private is False
    assert settings.admin_key == ""


def test_without_dagster_home_the_store_is_beside_the_code() -> None:
    assert Settings.from_env({}).releases == (Path.cwd() / "dagster_home" / "releases").as_uri()


GIVEN: dict[str, tuple[str, object]] = {
    "releases": ("s3://bucket/prefix", "s3://bucket/prefix"), "cache": ("/somewhere", Path("/somewhere")),
    "host": ("0.0.0.0", "0.0.0.0"), "port": (" 8123 ", 8123), "poll_seconds": ("0.5", 0.5),
    "admin_key": ("1234", "1234"), "max_bytes": ("1000", 1000), "threads": ("2", 2), "queue": ("3", 3),
    "batch_size": ("4", 4), "batch_wait_ms": ("2.5", 2.5), "decoders": ("3", 3), "forwards": ("2", 2),
    "deadline_seconds": ("4", 4.0), "drain_seconds": ("5", 5.0), "max_pixels": ("1000000", 1_000_000),
    "decode_seconds": ("1.5", 1.5), "batch_photos": ("12", 12), "shadow_share": ("0.25", 0.25),
    "keys": ("photoshop=secret", "photoshop=secret"), "open": ("yes", True),
    "cors_origins": ("https://studio.example", "https://studio.example"), "rate_per_minute": ("60", 60),
    "fetch_domains": ("photos.example", "photos.example"), "results": ("s3://other", "s3://other"),
    "prediction_log": ("off", False), "prediction_log_bytes": ("2000", 2000), "ship_seconds": ("30", 30.0),
    "fetch_bytes": ("500", 500), "fetch_seconds": ("7.5", 7.5), "fetch_redirects": ("0", 0),
    "fetch_private": ("On", True),
}  # fmt: skip


def test_every_setting_is_one_environment_variable() -> None:
    assert set(GIVEN) == set(Settings.__struct_fields__)
    environ = {variable(field): text for field, (text, _) in GIVEN.items()}
    read = Settings.from_env(environ)
    assert [(field, getattr(read, field)) for field in GIVEN] == [(field, GIVEN[field][1]) for field in GIVEN]
    unset = Settings.from_env({})
    assert [field for field, (_, value) in GIVEN.items() if getattr(unset, field) == value] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECIPE_API_PORT", "eighty"),
        ("RECIPE_API_PORT", "0"),
        ("RECIPE_API_PORT", "70000"),
        ("RECIPE_API_POLL_SECONDS", "0"),
        ("RECIPE_API_POLL_SECONDS", "nan"),
        ("RECIPE_API_MAX_BYTES", "64MB"),
        ("RECIPE_API_FETCH_PRIVATE", "maybe"),
    ],
)
def test_a_value_that_cannot_be_used_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}='{value}' cannot be used: "):
        Settings.from_env({name: value})


def test_every_setting_is_explained() -> None:
    source = (ROOT / "api" / "settings.py").read_text()
    for field in Settings.__struct_fields__:
        declaration = source.partition(f"\n    {field}: ")[2].splitlines()
        assert declaration[1].strip().startswith('"""')


def serve_in_a_process(**environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "api"],
        cwd=ROOT,
        env=os.environ | environ,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_taken_port_is_one_line_that_names_port_and_variable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = serve_in_a_process(RECIPE_API_PORT=port, DAGSTER_HOME=str(tmp_path))
        complaint = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 1
    assert complaint.count("\n") == 1
    assert f"port {port} on 127.0.0.1 cannot be used" in complaint
    assert "RECIPE_API_PORT" in complaint


@pytest.mark.parametrize(
    ("name", "value"),
    [("RECIPE_RELEASES", "http://wrong"), ("RECIPE_API_PORT", "x"), ("RECIPE_API_HOST", "no.invalid")],
)
def test_a_setting_that_cannot_be_used_ends_the_start_with_one_line(tmp_path: Path, name: str, value: str) -> None:
    environ = {"DAGSTER_HOME": str(tmp_path), name: value}
    process = serve_in_a_process(**environ)
    complaint = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 1
    assert complaint.count("\n") == 1
    assert name in complaint


def test_the_api_runs_as_a_process_and_stops_at_a_signal(studio: Studio) -> None:
    release_id = studio.publish(1).release_id
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = serve_in_a_process(
        RECIPE_API_PORT=str(port), RECIPE_RELEASES=studio.url, DAGSTER_HOME=str(studio.folder)
    )
    try:
        assert health(port) == release_id
        httpx.get(f"http://127.0.0.1:{port}/api/v1/classify?ftp://host/a?signature=secret", trust_env=False)
    finally:
        process.terminate()
        log = process.communicate(timeout=PATIENCE)[1]
    assert f"serving release {release_id}" in log
    lines = [json.loads(line) for line in log.splitlines()]
    assert ("/api/v1/classify", 400) in [(line.get("path"), line.get("status")) for line in lines]
    assert "secret" not in log
    assert "Traceback" not in log


def health(port: int) -> str | None:
    """The release that an API serves, once it serves one."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/health", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if answer.status_code == 200:
            return answer.json()["release_id"]
        time.sleep(0.05)
    return None


def test_neither_the_api_nor_releases_import_what_training_needs() -> None:
    folder = ROOT / "recipe_assets" / "release"
    modules = [
        "api.app",
        "api.__main__",
        *(f"recipe_assets.release.{path.stem}" for path in folder.glob("[!_]*.py")),
    ]
    program = (
        f"import sys, importlib; [importlib.import_module(name) for name in {modules!r}]; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
