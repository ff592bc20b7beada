"""`recipe up` as a user starts and stops it, and its errors about ports."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from recipe_assets.errors import SettingsError
from recipe_assets.serving import port, require_free


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def recipe_up(home: Path, ui: int, api: int) -> subprocess.Popen[str]:
    environment = os.environ | {
        "DAGSTER_HOME": str(home),
        "RECIPE_UI_PORT": str(ui),
        "RECIPE_API_PORT": str(api),
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "recipe_assets", "up"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_up_serves_both_and_stops_both(tmp_path: Path, ending: signal.Signals) -> None:
    ui, api = free_port(), free_port()
    process = recipe_up(tmp_path, ui, api)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C stops both" in line:
                break
        assert httpx.get(f"http://127.0.0.1:{ui}/server_info", timeout=30).status_code == 200
        assert httpx.get(f"http://127.0.0.1:{api}/api/v1/health", timeout=30).status_code == 503
    finally:
        process.send_signal(ending)
        process.communicate(timeout=60)
    assert process.returncode == 0
    for number in (ui, api):
        require_free("RECIPE_TEST_PORT", "127.0.0.1", number)


@pytest.mark.parametrize("variable", ["RECIPE_UI_PORT", "RECIPE_API_PORT"])
def test_a_taken_port_is_named_with_its_variable(tmp_path: Path, variable: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        ports = {"RECIPE_UI_PORT": free_port(), "RECIPE_API_PORT": free_port(), variable: number}
        process = recipe_up(tmp_path, ports["RECIPE_UI_PORT"], ports["RECIPE_API_PORT"])
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"error: port {number} on 127.0.0.1 is taken" in printed
    assert variable in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1", "8000.5"])
def test_a_port_that_is_none_is_an_error(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECIPE_UI_PORT", value)
    with pytest.raises(SettingsError, match=f"RECIPE_UI_PORT={value} is not a port"):
        port("RECIPE_UI_PORT", 3000)
