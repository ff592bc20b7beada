"""A main job that is killed at any point, and run again, ends in a correct release."""

import signal
import subprocess
import time

import pytest

from recipe_assets.release.predictor import Predictor
from recipe_assets.release.store import open_store
from tests.defs.conftest import Place

MOMENTS = ["reading shoot-2", "training, evaluating", "epoch 2:", "is current in"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_job_killed_at_this_moment_ends_well_when_run_again(own_place: Place, moment: str) -> None:
    kill_when_it_says(own_place, moment)
    outcome = own_place.recipe("materialize")
    assert outcome.returncode == 0, outcome.stdout
    store = open_store(own_place.releases.as_uri())
    current = store.read_pointer()
    assert current is not None
    folder = own_place.root / "fetched"
    store.fetch(current.pointer.release_id, folder, current.pointer.manifest_sha256)
    assert Predictor.load(folder).manifest.metrics.macro_accuracy > 0.9


def kill_when_it_says(place: Place, moment: str) -> None:
    """Run the job and kill it, without warning, just after it prints the words."""
    command = place.command("materialize")
    environment = place.environment | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if moment in line:
                time.sleep(0.05)
                process.send_signal(signal.SIGKILL)
                return
    raise AssertionError(f"the job never said '{moment}'")
