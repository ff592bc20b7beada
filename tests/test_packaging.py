"""The API installs by itself: without torch, transformers, dagster or pandas."""

import subprocess
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "transformers", "dagster", "pandas", "mlflow", "matplotlib")


def test_the_api_extra_installs_and_starts_without_the_platform(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    install = [python, "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt"), f"{ROOT}[api]"]
    subprocess.run(install, check=True, capture_output=True, timeout=600)
    script = (
        "import importlib.util as u, sys; from pathlib import Path; from api.app import create_app;"
        "from api.settings import Settings; create_app(Settings.from_env({'DAGSTER_HOME': sys.argv[1]}));"
        f"print([name for name in {HEAVY!r} if u.find_spec(name)])"
    )
    command = [python, "-c", script, str(tmp_path)]
    outcome = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.strip() == "[]"
