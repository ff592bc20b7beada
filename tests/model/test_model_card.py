"""The model card says what manifest, record and splits say, in a form that people and Hugging Face read."""

from datetime import UTC, datetime

import msgspec
import pandas as pd
import pytest
from huggingface_hub import ModelCard

from recipe_assets.model.data_summary import DataSummary, summarize_splits
from recipe_assets.model.model_card import write_model_card
from recipe_assets.model.records import TrainingRecord
from recipe_assets.release.manifest import (
    BaseCheckpoint,
    Graph,
    KeywordMetrics,
    Manifest,
    Metrics,
    ReleasedKeyword,
    ReleaseFile,
    ReviewRule,
)
from recipe_assets.studio.photos import Preprocessing

BASE = BaseCheckpoint("openai/clip-vit-base-patch32", "MIT", "3d74acf9")
RECORD = TrainingRecord(
    BASE, "3f" * 32, "ab" * 32, 1.234, 7, "run-1", None, "lora", {"lora_rank": 8, "learning_rate": None}, 0.6
)
NAMES = ("pan", "oven-tray", "wok")
MANIFEST = Manifest(
    release_id="20261122T210501Z-3f3f3f3f",
    created_at=datetime(2026, 11, 22, 21, 5, 1, tzinfo=UTC),
    keywords=tuple(ReleasedKeyword(name, name, "stove") for name in NAMES),
    preprocessing=Preprocessing(),
    temperature=1.234,
    metrics=Metrics(
        macro_accuracy=0.851,
        macro_accuracy_interval=(0.79, 0.9),
        photos=42,
        zero_shot_macro_accuracy=0.333,
        per_keyword={
            "pan": KeywordMetrics(34, 0.912, 0.95, (0.8, 0.97)),
            "oven-tray": KeywordMetrics(8, 0.75, 0.6, (0.4, 0.93)),
        },
        macro_f1=0.8,
        top3_accuracy=0.99,
        linear_probe_macro_accuracy=0.7,
        calibration_error=0.021,
        calibration_error_before=0.09,
    ),
    data_fingerprint="3f" * 32,
    vocabulary_sha256="ab" * 32,
    base_checkpoint=BASE,
    git_sha="c0ffee",
    dagster_run_id="run-1",
    mlflow_run_id=None,
    files={"image_encoder.onnx": ReleaseFile(1, "00")},
    strategy="lora",
    review=ReviewRule(0.95, {"pan": 0.61, "oven-tray": 0.88}, coverage=0.7, accuracy=0.96),
    graph=Graph("fp32", "fp32, since int8 changes too much", 1.0, 0.0, 40),
)


def rows(side: str, keyword: str, count: int, shoot: str = "week-1") -> list[dict[str, str]]:
    """Photos, two of each recipe."""
    names = [f"{side}-{keyword}-{place // 2}" for place in range(count)]
    return [{"shoot": shoot, "group": name, "keyword": keyword, "split": side} for name in names]


SPLITS = pd.DataFrame(
    rows("train", "pan", 300)
    + rows("train", "pan", 40, "week-2")
    + rows("train", "oven-tray", 60)
    + rows("train", "wok", 4)
    + rows("val", "pan", 30)
    + rows("test", "pan", 34)
    + rows("test", "oven-tray", 8)
    + rows("rare", "colander", 2)
)
DATA = summarize_splits(SPLITS)


@pytest.fixture(scope="module")
def card() -> str:
    return write_model_card(MANIFEST, RECORD, DATA)


def section(card: str, title: str) -> str:
    return card.split(f"## {title}\n")[1].split("\n## ")[0]


def test_splits_are_counted_by_side_keyword_and_reason() -> None:
    assert {side: msgspec.structs.astuple(found) for side, found in DATA.sides.items()} == {
        "train": (404, 182, 2),  # the first 40 of both shoots' photos of pans share their recipes
        "val": (30, 15, 1),
        "test": (42, 21, 1),
    }
    assert DATA.keywords["oven-tray"] == {"train": 60, "val": 0, "test": 8}
    assert DATA.kept_out == {"its keyword has fewer photos than the vocabulary's min_photos": 2}


def test_hugging_face_reads_licence_base_and_results(card: str) -> None:
    data = ModelCard(card).data
    assert (data.license, data.base_model) == ("mit", "openai/clip-vit-base-patch32")
    assert data.pipeline_tag == "image-classification"
    assert data.eval_results is not None
    found = {(result.metric_type, result.metric_name): result.metric_value for result in data.eval_results}
    assert found == {
        ("accuracy", "macro accuracy (mean recall)"): 0.851,
        ("f1", "macro F1"): 0.8,
        ("accuracy", "top-3 accuracy"): 0.99,
    }


def test_results_stand_beside_their_baselines_and_intervals(card: str) -> None:
    found = section(card, "Results")
    for line in (
        "| **macro accuracy** (mean recall) | **85.1 %** (79.0 to 90.0 %) |",
        "| the same of the untuned base (zero-shot) | 33.3 % |",
        "| the same of a linear probe on it | 70.0 % |",
        "| calibration error (ECE) | 2.1 % |",
        "| pan | 340 | 34 | 91.2 % | 80.0 to 97.0 % | 95.0 % | 61.0 % |",
        "| oven-tray | 60 | 8 | 75.0 % | 40.0 to 93.0 % | 60.0 % | 88.0 % |",
        "| wok | 4 | 0 | - | - | - | - |",
    ):
        assert line in found.splitlines()
    assert found.index("| oven-tray") < found.index("| pan") < found.index("| wok"), "worst first, unmeasured last"


def test_keywords_that_are_hardly_known_are_named(card: str) -> None:
    found = section(card, "Limits")
    assert "Learned from fewer than 20 photos: wok (4)." in found
    assert "Measured on fewer than 10 photos, so their results say little: oven-tray (8)." in found
    assert "Never measured, since no test photo shows them: wok." in found
    assert "In the photos, but not learned: colander." in found


def test_training_licence_graph_and_origin_are_told(card: str) -> None:
    training = section(card, "Training")
    assert "openai/clip-vit-base-patch32 at revision 3d74acf9" in training
    assert "Low-rank updates" in training
    assert "Epoch 7 was kept" in training
    assert "60.0 % tuned" in training
    assert "| `lora_rank` | 8 |" in training
    assert "learning_rate" not in training, "what was left open is no setting"
    assert "MIT" in section(card, "Licence")
    assert "on 40 validation photos. Why: fp32, since int8 changes too much." in section(
        card, "The graph that is served"
    )
    assert section(card, "Origin").count("\n- ") == 4, "there was no MLflow run"
    assert "On the test photos 70.0 % passed without a look; of these 96.0 % were right." in card


def test_what_is_not_known_is_not_claimed() -> None:
    metrics = Metrics(0.5, (0.4, 0.6), 6, None, {})
    base = BaseCheckpoint("my-clip", None, None)
    manifest = msgspec.structs.replace(MANIFEST, metrics=metrics, review=None, graph=None, base_checkpoint=base)
    record = msgspec.structs.replace(
        RECORD, base_checkpoint=base, strategy="zero_shot", best_epoch=0, wise_ft_mix=None
    )
    found = write_model_card(manifest, record, DataSummary({}, {}, {}))
    data = ModelCard(found).data
    assert (data.license, data.base_model) == (None, None)
    assert "Of the base checkpoint my-clip: not recorded." in found
    assert "No rule was measured: a person looks at every photo." in found
    assert "Nothing was trained" in found
    assert "WiSE-FT" not in found
    assert "was kept, by" not in found
    assert "None" not in found


def test_every_line_of_a_table_has_as_many_cells(card: str) -> None:
    tables = [block.splitlines() for block in card.split("\n\n") if block.startswith("|")]
    assert len(tables) == 4
    for lines in tables:
        assert len({line.count("|") for line in lines}) == 1
