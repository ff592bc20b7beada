"""Run the Dagster UI and the API side by side until Ctrl-C; the first time, fill them with the sample.

Starts and stops processes; knows neither Dagster nor Litestar.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

from recipe_assets.errors import RecipeError, SettingsError

PROJECT = Path(__file__).parents[1]
UI_HOST = "127.0.0.1"


class ServingError(RecipeError):
    """A server could not be started or ended by itself."""


def serve(first: bool) -> None:
    """Start the API, on the first run also sample and main job, then the UI; returns after Ctrl-C.

    Raises:
        SettingsError: if a port is no number or taken.
        ServingError: if a server or the main job ends with an error.
    """
    api_host, api_port = os.environ.get("RECIPE_API_HOST") or "127.0.0.1", port("RECIPE_API_PORT", 8000)
    ui_port = port("RECIPE_UI_PORT", 3000)
    require_free("RECIPE_API_PORT", api_host, api_port)
    require_free("RECIPE_UI_PORT", UI_HOST, ui_port)
    api_url = f"http://{'127.0.0.1' if api_host == '0.0.0.0' else api_host}:{api_port}"  # noqa: S104
    environment = {**os.environ, "RECIPE_API_URLS": os.environ.get("RECIPE_API_URLS") or api_url}
    # However this process is asked to end, its servers end too. Shells start background jobs with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as servers:
        api = servers.enter_context(_running("the API", [sys.executable, "-m", "api"], environment))
        if first:
            _fill(environment)
        dagster = Path(sys.executable).with_name("dagster")
        command = [str(dagster), "dev", "-w", "workspace.yaml", "-h", UI_HOST, "-p", str(ui_port)]
        command += ["--log-level", "warning"]
        quiet = {**environment, "PYTHONWARNINGS": "ignore"}  # Dagster's own notes to developers
        ui = servers.enter_context(_running("the Dagster UI", command, quiet))
        _wait_for_port(ui, "the Dagster UI", UI_HOST, ui_port)
        click.echo(_welcome(f"http://{UI_HOST}:{ui_port}", api_url, environment))
        _wait({"the API": api, "the Dagster UI": ui})


def port(variable: str, default: int) -> int:
    """A port from the environment.

    Raises:
        SettingsError: if it is not a number of 1-65535.
    """
    value = os.environ.get(variable) or str(default)
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise SettingsError(f"{variable}={value} is not a port: use a number between 1 and 65535")
    return int(value)


def require_free(variable: str, host: str, number: int) -> None:
    """Make sure that nobody listens on a port.

    Raises:
        SettingsError: if somebody does.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            raise SettingsError(
                f"port {number} on {host} is taken ({error.strerror}): stop what uses it or set {variable}"
            ) from None


def _fill(environment: dict[str, str]) -> None:
    recipe = [sys.executable, "-m", "recipe_assets"]
    steps = [[*recipe, "materialize"]]
    if not environment.get("RECIPE_STUDIO"):
        steps.insert(0, [*recipe, "sample"])
    for step in steps:
        if subprocess.run(step, env=environment, cwd=PROJECT, check=False).returncode:  # noqa: S603
            raise ServingError(f"'recipe {step[-1]}' failed, see above; nothing is served")


@contextlib.contextmanager
def _running(name: str, command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, cwd=PROJECT, start_new_session=True)  # noqa: S603
    try:
        yield process
    finally:
        # The whole group: `dagster dev` starts web server, daemon and code server as its children.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            click.echo(f"{name} did not stop, ending it", err=True)
            os.killpg(process.pid, signal.SIGKILL)


def _wait_for_port(
    process: subprocess.Popen[bytes], name: str, host: str, number: int, seconds: float = 90
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServingError(f"{name} ended with code {process.returncode}, see above")
        with contextlib.suppress(OSError), socket.create_connection((host, number), timeout=1):
            return
        time.sleep(0.3)
    raise ServingError(f"{name} did not open port {number} within {seconds:.0f} s, see above")


def _wait(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    while True:
        for name, process in processes.items():
            if process.poll() is not None:
                raise ServingError(f"{name} ended with code {process.returncode}, see above")
        time.sleep(0.5)


def _welcome(ui_url: str, api_url: str, environment: dict[str, str]) -> str:
    studio = Path(environment.get("RECIPE_STUDIO") or Path(environment["DAGSTER_HOME"]) / "sample" / "shoots")
    photo = next(iter(sorted(studio.glob("*/*.jpg"))), Path("photo.jpg"))
    return (
        f"\n  Dagster UI  {ui_url}\n  API         {api_url}  (documentation at {api_url}/docs)\n\n"
        f"  curl -F file=@'{photo}' {api_url}/api/v1/predict\n\nCtrl-C stops both."
    )
