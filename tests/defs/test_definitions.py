"""The code location loads as the server loads it, and holds what people know by name."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from recipe_assets.studio.quality import KINDS

ROOT = Path(__file__).parents[2]

GRAPH = {
    "raw_images": [],
    "mask_pairs": ["raw_images"],
    "standardized_keywords": ["raw_images"],
    "photo_embeddings": ["raw_images"],
    "keyword_distribution": ["raw_images", "standardized_keywords"],
    "splits": ["standardized_keywords"],
    "photo_findings": ["photo_embeddings", "raw_images", "splits", "standardized_keywords"],
    "review_queue": ["photo_findings", "standardized_keywords"],
    "studio_report": ["photo_findings", "raw_images", "splits", "standardized_keywords"],
    "zero_shot_baseline": ["photo_embeddings", "raw_images", "splits"],
    "linear_probe_baseline": ["photo_embeddings", "raw_images", "splits"],
    "hyperparameter_search": ["photo_embeddings", "raw_images", "splits"],
    "fine_tuned_model": ["hyperparameter_search", "photo_embeddings", "raw_images", "splits"],
    "confusion_matrix": ["fine_tuned_model", "raw_images", "splits"],
    "calibration": ["confusion_matrix"],
    "model_comparison": [
        "confusion_matrix", "linear_probe_baseline", "raw_images", "splits", "zero_shot_baseline",
    ],
    "keyword_changes": ["fine_tuned_model", "raw_images", "splits"],
    "model_release": [
        "confusion_matrix", "fine_tuned_model", "keyword_changes", "linear_probe_baseline", "model_comparison",
        "raw_images", "splits", "zero_shot_baseline",
    ],
    "release_approval": ["model_release"],
    "served_model": ["model_release", "release_approval"],
    "production_predictions": ["served_model", "splits"],
    "keyworded_shoot": ["raw_images", "standardized_keywords"],
    "reviewed_keywords": ["keyworded_shoot"],
    "live_accuracy": ["reviewed_keywords"],
    "published_review_queue": ["keyworded_shoot", "review_queue", "reviewed_keywords"],
}  # fmt: skip
BLOCKING = {
    "raw_images:photos_are_readable",
    "standardized_keywords:keywords_are_known",
    "splits:no_leakage",
    "splits:nobody_moved",
    "splits:every_keyword_is_trained",
    "confusion_matrix:beats_zero_shot",
    "confusion_matrix:not_worse_than_released",
    "confusion_matrix:no_keyword_collapses",
    "confusion_matrix:is_calibrated",
}


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    from recipe_assets.definitions import defs

    return defs()


def test_the_graph_is_the_one_in_the_picture(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    found = {
        key.to_user_string(): sorted(parent.to_user_string() for parent in graph.get(key).parent_keys)
        for key in graph.get_all_asset_keys()
    }
    assert found == GRAPH


def test_every_asset_is_described_owned_grouped_and_checked(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    checked = {key.asset_key for key in graph.asset_check_keys}
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.kinds, key
        assert node.group_name in {"studio", "dataset", "model", "release", "post_production"}, key
        assert key in checked, f"{key} has no check"


def test_every_kind_of_finding_has_its_check(definitions: dg.Definitions) -> None:
    keys = definitions.resolve_asset_graph().asset_check_keys
    found = {key.name for key in keys if key.asset_key == dg.AssetKey("photo_findings")}
    assert found == {f"no_{kind}" for kind in KINDS}


def test_the_checks_that_guard_a_release_block(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    blocking = {key.to_user_string() for key in graph.asset_check_keys if graph.get(key).blocking}
    assert blocking == BLOCKING


def test_jobs_sensors_and_schedules_are_there_by_name_and_described(definitions: dg.Definitions) -> None:
    jobs = {
        job.name: job.description for job in definitions.resolve_all_job_defs() if not job.name.startswith("__")
    }
    assert set(jobs) == {
        "new_shoot", "standardize", "embed", "inspect_studio", "retrain", "serve_release", "register_backlog",
        "search", "approve_release", "read_predictions", "keyword_shoot", "read_reviews", "publish_review_queue",
    }  # fmt: skip
    assert all(jobs.values())
    assert {sensor.name for sensor in definitions.sensors or []} == {
        "new_shoots",
        "new_release",
        "new_predictions",
        "new_reviews",
        "review_page_is_behind",
        "shoots_to_keyword",
        "retraining_when_due",
        "failed_runs",
        "release_news",
        "drift_news",
    }
    assert {schedule.name for schedule in definitions.schedules or []} == {"weekly_retraining"}
    assert all(sensor.default_status == dg.DefaultSensorStatus.RUNNING for sensor in definitions.sensors or [])


def test_the_workspace_file_and_dg_validate() -> None:
    """As `dagster dev` and `dg` load it: by the module's name, from the project's folder."""
    for command in (
        ["dagster", "definitions", "validate", "-w", "workspace.yaml"],
        ["dg", "check", "defs"],
    ):
        program = Path(sys.executable).with_name(command[0])
        outcome = subprocess.run(
            [str(program), *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_retraining_neither_searches_nor_decides_for_a_person(definitions: dg.Definitions) -> None:
    selected = definitions.resolve_job_def("retrain").asset_layer.selected_asset_keys
    names = {key.to_user_string() for key in selected}
    assert {"fine_tuned_model", "model_comparison", "keyword_changes", "model_release", "served_model"} <= names
    assert not {"hyperparameter_search", "release_approval", "raw_images", "production_predictions"} & names
