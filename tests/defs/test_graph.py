"""The whole graph on real photos: from folders of shoots to a release that the API answers from.

The tests of this module build on each other, as a studio's weeks do.
"""

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pandas as pd
import pytest

from recipe_assets.release.store import open_store
from tests.defs.colors import color_photo, write_shoot
from tests.defs.conftest import Place


def tables(place: Place) -> Path:
    return next((place.root / "home" / "data").iterdir())


def splits(place: Place) -> dict[tuple[str, str], str]:
    table = pd.read_parquet(tables(place) / "splits.parquet")
    return {(row.shoot, row.file): row.split for row in table.itertuples()}


def written_at(place: Place, name: str) -> dict[str, int]:
    return {path.stem: path.stat().st_mtime_ns for path in (tables(place) / name).glob("*.parquet")}


@pytest.fixture(scope="module")
def first_run(place: Place) -> str:
    outcome = place.recipe("materialize")
    assert outcome.returncode == 0, outcome.stdout
    return outcome.stdout


def test_two_shoots_become_a_release_and_a_report(place: Place, first_run: str) -> None:
    release_id = place.released()[-1]
    assert "photos          60 in 2 shoots" in first_run
    assert "keywords        3" in first_run
    assert "train 48, val 6, test 6" in first_run
    assert "macro accuracy  " in first_run
    assert f"release         {release_id}" in first_run
    manifest = open_store(place.releases.as_uri()).current_manifest()
    assert manifest is not None
    assert manifest.release_id == release_id
    assert manifest.metrics.macro_accuracy > 0.9
    assert manifest.dagster_run_id
    assert manifest.mlflow_run_id


def test_the_training_run_is_finished_in_mlflow_with_metrics_of_every_epoch(place: Place, first_run: str) -> None:
    """MLflow runs of assets stay RUNNING for ever unless somebody ends them."""
    del first_run
    script = (
        "import mlflow, json, sys; mlflow.set_tracking_uri(sys.argv[1]);"
        "run = mlflow.search_runs(search_all_experiments=True, output_format='list')[0];"
        "history = mlflow.MlflowClient().get_metric_history(run.info.run_id, 'val_loss');"
        "files = [f.path for f in mlflow.MlflowClient().list_artifacts(run.info.run_id, 'checkpoint')];"
        "print(json.dumps([run.info.status, len(history), run.data.params, files]))"
    )
    uri = f"sqlite:///{place.root}/home/mlflow.db"
    command = [sys.executable, "-W", "ignore", "-c", script, uri]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    status, epochs, parameters, files = json.loads(printed.splitlines()[-1])
    assert status == "FINISHED"
    assert epochs >= 2
    assert parameters["batch_size"] == "64"
    assert any(name.endswith("model.safetensors") for name in files)


def test_the_api_serves_the_release(place: Place, first_run: str) -> None:
    del first_run
    with running_api(place) as url:
        for color in ("red", "green", "blue"):
            files = {"file": ("blob", color_photo(color, (99, 1)), "application/octet-stream")}
            answer = httpx.post(f"{url}/api/v1/predict", files=files, timeout=30)
            assert answer.status_code == 200
            assert answer.json()[0]["keyword"] == color
            assert answer.headers["X-Model-Release"] == place.released()[-1]


def test_nothing_new_trains_nothing(place: Place, first_run: str) -> None:
    del first_run
    before = place.released()
    outcome = place.recipe("materialize")
    assert outcome.returncode == 0, outcome.stdout
    assert "nothing changed" in outcome.stdout
    assert place.released() == before


def test_a_changed_alias_standardizes_again_without_reading_a_photo(place: Place, first_run: str) -> None:
    del first_run
    raw, words = written_at(place, "raw_images"), written_at(place, "standardized_keywords")
    place.vocabulary.write_text(
        place.vocabulary.read_text().replace("prompt: red,", "prompt: red, aliases: [rouge],")
    )
    outcome = place.recipe("materialize")
    assert outcome.returncode == 0, outcome.stdout
    assert written_at(place, "raw_images") == raw
    assert all(written_at(place, "standardized_keywords")[shoot] > words[shoot] for shoot in words)


def test_a_later_shoot_costs_only_itself_and_moves_no_photo(place: Place, first_run: str) -> None:
    del first_run
    raw, dealt = written_at(place, "raw_images"), splits(place)
    write_shoot(place.studio, "shoot-3", 3)
    with running_api(place) as url:
        outcome = place.recipe("materialize", RECIPE_API_URLS=url)
        assert outcome.returncode == 0, outcome.stdout
        assert httpx.get(f"{url}/api/v1/health").headers["X-Model-Release"] == place.released()[-1]
    assert "reading shoot-3 (1 of 1)" in outcome.stdout
    assert {shoot: written_at(place, "raw_images")[shoot] for shoot in raw} == raw
    now = splits(place)
    assert len(now) == len(dealt) + 30
    assert {key: now[key] for key in dealt} == dealt


def test_a_broken_shoot_is_held_back_and_the_others_go_on(place: Place, first_run: str) -> None:
    del first_run
    folder = write_shoot(place.studio, "shoot-4", 4, recipes=2)
    for path in sorted(folder.iterdir())[:3]:
        path.write_bytes(path.read_bytes()[:2000])
    outcome = place.recipe("materialize")
    assert outcome.returncode == 0, outcome.stdout
    assert "held back       shoot-4: raw_images:photos_are_readable blocks: 3 of 6 files" in outcome.stdout


@contextlib.contextmanager
def running_api(place: Place) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = place.environment | {"RECIPE_API_PORT": str(port), "RECIPE_API_POLL_SECONDS": "0.5"}
    process = subprocess.Popen([sys.executable, "-m", "api"], env=environment, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/api/v1/health").status_code == 200:
                return
        time.sleep(0.2)
    raise AssertionError("the API did not get ready")


def test_a_shoot_delivered_again_broken_is_held_back_and_the_others_train(own_place: Place) -> None:
    """Its old keywords went on to training, where its new thumbnails did not fit: nothing could be trained."""
    write_shoot(own_place.studio, "shoot-3", 3)
    assert own_place.recipe("materialize").returncode == 0
    before = splits(own_place)
    for path in sorted((own_place.studio / "shoot-3").iterdir())[:20]:
        path.write_bytes(path.read_bytes()[:900])
    outcome = own_place.recipe("materialize")
    assert outcome.returncode == 0, outcome.stdout
    assert "held back       shoot-3" in outcome.stdout
    now = splits(own_place)
    assert {side for (shoot, _), side in now.items() if shoot == "shoot-3"} == {"gone"}
    assert {key: now[key] for key in before if key[0] != "shoot-3"} == {
        key: side for key, side in before.items() if key[0] != "shoot-3"
    }
    write_shoot(own_place.studio.parent / "again", "shoot-3", 3)
    for path in (own_place.studio.parent / "again" / "shoot-3").iterdir():
        path.replace(own_place.studio / "shoot-3" / path.name)
    assert own_place.recipe("materialize").returncode == 0
    assert splits(own_place) == before
