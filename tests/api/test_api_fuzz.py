"""Schemathesis makes calls up from the OpenAPI description, within it and against it: none may end in a 5xx.

A person can let it run longer: `st run http://127.0.0.1:8000/docs/openapi.json --checks not_a_server_error`.
"""

import json
import subprocess
import sys
from pathlib import Path

from tests.api.explained import explaining

CALL = "from schemathesis.cli import schemathesis; schemathesis()"
EXAMPLES, SEED = 12, 2026


def test_calls_made_up_from_the_description_never_end_in_a_5xx(tmp_path: Path) -> None:
    # One host is allowed, so that made-up URLs are refused, not looked up: a host that is not there is a 502.
    with explaining(tmp_path / "api", fetch_domains="photos.invalid", prediction_log=False) as running:
        command = [
            *(sys.executable, "-W", "ignore", "-c", CALL, "run", f"{running.url}/docs/openapi.json"),
            *("--checks", "not_a_server_error", "--max-examples", str(EXAMPLES), "--seed", str(SEED)),
            *("--generation-database", "none", "--report-json-path", str(tmp_path / "report.json"), "--no-color"),
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert running.health()["status"] == "ready"
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["complete"], report["stop_reason"]
    assert report["operations"]["tested"] >= 11
    assert report["test_cases"]["generated"] > 300
