"""Predictions read back from a real store: the asset, its check and its sensor, as Dagster runs them."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import dagster as dg
import msgspec
import numpy as np
import pandas as pd
import pytest
from dagster_aws.s3 import S3Resource

from recipe_assets.defs import production
from recipe_assets.defs.io_managers import TableIOManager
from recipe_assets.defs.production import (
    NAME,
    new_predictions,
    predictions_drifted,
    predictions_of,
    production_predictions,
    read_predictions,
)
from recipe_assets.defs.resources import ReleaseStoreResource, StorageResource
from recipe_assets.production.parquet import to_parquet
from recipe_assets.release.prediction_record import PredictionRecord
from recipe_assets.release.results import ReviewRule
from recipe_assets.release.store import open_store
from tests.release import factory
from tests.s3 import CREDENTIALS, s3_client

KEYWORDS = factory.KEYWORDS
NOW = datetime.datetime.now(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
PICTURES = ("keyword_mix", "confidence", "needs_review", "drift_by_day")


def records(
    count: int,
    day: int = 0,
    first: int = 0,
    shares: tuple[float, ...] = (0.25, 0.25, 0.25, 0.25),
    **changes: object,
) -> list[PredictionRecord]:
    """Photos of so many days ago, in bursts of ten, an hour apart."""
    keywords = np.random.default_rng(first + 1).choice(KEYWORDS, count, p=shares)
    usual = {
        "kind": "prediction",
        "release_id": "r1",
        "client": "batch",
        "needs_review": False,
        "confidence": 91.5,
    }
    return [
        msgspec.convert(
            {
                **usual,
                "row_id": f"api-{first + number}",
                "time": NOW
                - datetime.timedelta(days=day)
                + datetime.timedelta(hours=number // 10, seconds=number),
                "photo_sha256": f"{first + number:064x}",
                "keyword": str(keyword),
                **changes,
            },
            PredictionRecord,
        )
        for number, keyword in enumerate(keywords)
    ]


class Graph:
    """The part of the graph that looks at production, over one release store."""

    def __init__(self, root: Path, url: str, endpoint: str | None = None) -> None:
        s3 = S3Resource(endpoint_url=endpoint, **CREDENTIALS) if endpoint else S3Resource()
        self.releases = ReleaseStoreResource(url=url, s3=s3)
        self.storage = StorageResource(root=str(root / "data"))
        self.store = predictions_of(self.releases)
        photos = [(keyword, f"group-{number // 2}") for number, keyword in enumerate(KEYWORDS * 25)]
        splits = pd.DataFrame(photos, columns=["keyword", "group"]).assign(split="train", shoot="s", file="f")
        self.storage.tables().write(splits, "splits")
        self.instance: dg.DagsterInstance

    def ship(self, rows: list[PredictionRecord], number: int = 1) -> str:
        content = to_parquet(b"\n".join(msgspec.json.encode(row) for row in rows)).content
        assert content is not None
        return self.store.put(rows[0].time.date(), f"api-{number:06d}", content)

    def materialize(self) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [dg.AssetSpec("splits"), dg.AssetSpec("served_model"), production_predictions, predictions_drifted],
            selection=[production_predictions],
            instance=self.instance,
            resources={
                "releases": self.releases,
                "storage": self.storage,
                "io_manager": TableIOManager(root=self.storage.root),
            },
        )

    @property
    def table(self) -> pd.DataFrame:
        return self.storage.tables().read(NAME)

    def tick(self) -> str | dg.RunRequest:
        """The reason why the sensor skips, or its request."""
        resources = {"releases": self.releases, "storage": self.storage}
        with dg.build_sensor_context(instance=self.instance, resources=resources) as context:
            outcome = new_predictions(context)
        if isinstance(outcome, dg.SkipReason):
            return str(outcome.skip_message)
        assert isinstance(outcome, dg.RunRequest)
        return outcome


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[Graph]:
    made = Graph(tmp_path, (tmp_path / "releases").as_uri())
    with dg.DagsterInstance.ephemeral() as made.instance:
        yield made


def said(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    """The metadata of the materialization."""
    assert result.success
    [event] = result.asset_materializations_for_node(NAME)
    return {name: value.value for name, value in event.metadata.items()}


def verdict(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    [evaluation] = result.get_asset_check_evaluations()
    return evaluation


def rows_of(value: object) -> list[dict[str, object]]:
    return (
        [dict(record.data) for record in value.records]
        if isinstance(value, dg.TableMetadataValue)
        else list(value)
    )  # type: ignore[call-overload]


def test_before_the_first_prediction_it_succeeds_with_a_note(graph: Graph) -> None:
    result = graph.materialize()
    assert "no API has logged a prediction yet" in str(said(result)["note"])
    assert said(result)["predictions"] == 0
    assert graph.table.empty
    assert verdict(result).passed
    assert "0 photos in 0 bursts are too few" in str(verdict(result).description)


def test_predictions_are_read_typed_counted_and_drawn(graph: Graph, tmp_path: Path) -> None:
    rule = ReviewRule(target_accuracy=0.95, thresholds={}, coverage=0.8, accuracy=0.96)
    manifest = msgspec.structs.replace(factory.build(tmp_path / "built"), review=rule)
    open_store(graph.releases.url).publish(tmp_path / "built", manifest, None)
    graph.ship(records(150))
    graph.ship(records(20, day=1, first=150, release_id="r0", client=None, needs_review=True), 2)
    result = graph.materialize()
    facts = said(result)
    assert (facts["predictions"], facts["photos"], facts["new_files"]) == (170, 170, 2)
    assert all(str(facts[name]).startswith("![](data:image/png;base64,") for name in PICTURES)
    table = graph.table
    assert len(table) == facts["dagster/row_count"] == 170
    assert table["time"].is_monotonic_increasing
    assert str(table["time"].dtype) == "datetime64[us, UTC]"
    assert table["confidence"].unique().tolist() == [91.5]
    assert table["needs_review"].sum() == 20
    assert table["client"].isna().sum() == 20
    assert verdict(result).passed
    assert "150 photos" not in str(verdict(result).description), "all days of the window are judged together"
    assert "the limit is 0.2" in str(verdict(result).description)


def test_only_new_files_are_read_and_every_row_once(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    graph.ship(records(10))
    graph.materialize()
    graph.ship(records(15), 2)  # the first ten rows again, as a kill between upload and note could do
    opened: list[str] = []
    read = production.PredictionStore.read
    monkeypatch.setattr(
        production.PredictionStore, "read", lambda self, file: opened.append(file.key) or read(self, file)
    )
    assert said(graph.materialize())["new_files"] == 1
    assert [key.rpartition("/")[2] for key in opened] == ["api-000002.parquet"]
    assert graph.table["row_id"].tolist() == [f"api-{number}" for number in range(15)]


def test_a_damaged_file_is_left_out_and_named_and_the_others_are_read(graph: Graph) -> None:
    graph.ship(records(10))
    graph.store.put(NOW.date(), "broken", b"PAR1 and nothing else")
    [damaged] = rows_of(said(graph.materialize())["damaged_files"])
    assert str(damaged["file"]).endswith("/broken.parquet")
    assert damaged["problem"]
    assert len(graph.table) == 10


def test_a_damaged_table_is_made_anew_from_the_store(graph: Graph) -> None:
    graph.ship(records(5))
    graph.materialize()
    path = graph.storage.tables().path(NAME)
    path.write_bytes(path.read_bytes()[:100])
    graph.materialize()
    assert len(graph.table) == 5


def test_a_shift_of_keywords_warns_and_says_which(graph: Graph) -> None:
    graph.ship(records(240, shares=(0.91, 0.03, 0.03, 0.03)))
    result = graph.materialize()
    found = verdict(result)
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert f"{KEYWORDS[0]} 25.0 %" in str(found.description)
    assert "label such photos and train again" in str(found.description)
    assert result.success, "a warning holds up nothing"


def test_disagreements_of_a_candidate_stand_in_a_table(graph: Graph) -> None:
    beside = {"kind": "shadow", "candidate_release_id": "r2", "candidate_confidence": 55.0}
    graph.ship(
        [
            *records(4),
            *records(3, first=10, **beside, candidate_keyword="red-pan", keyword="red-pan"),
            *records(1, first=20, **beside, candidate_keyword="blue-pot", keyword="red-pan"),
        ]
    )
    facts = said(graph.materialize())
    assert facts["predictions"] == 4
    assert facts["shadow"] == "1 of 4 photos (25.0 %) would be named otherwise"
    [row] = rows_of(facts["shadow_disagreements"])
    assert (row["keyword"], row["candidate_keyword"], row["candidate_release_id"]) == ("red-pan", "blue-pot", "r2")


def test_a_bucket_is_read_through_the_s3_resource(tmp_path: Path, s3_endpoint: str) -> None:
    bucket = f"test-{uuid4().hex}"
    client = s3_client(s3_endpoint)
    client.create_bucket(Bucket=bucket)
    client.close()
    graph = Graph(tmp_path, f"s3://{bucket}/prefix", s3_endpoint)
    graph.ship(records(5))
    with dg.DagsterInstance.ephemeral() as graph.instance:
        assert isinstance(graph.tick(), dg.RunRequest)
        graph.materialize()
        assert "nothing is new" in str(graph.tick())
    assert len(graph.table) == 5


def test_the_sensor_asks_for_new_files_and_for_nothing_else(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nothing is new in 0 files" in str(graph.tick())
    graph.materialize()
    assert "nothing is new in 0 files" in str(graph.tick())
    graph.ship(records(5))
    first = graph.tick()
    assert isinstance(first, dg.RunRequest), "the first files are read at once"
    graph.materialize()
    assert "nothing is new in 1 files" in str(graph.tick())
    graph.ship(records(5, first=5), 2)
    assert "within the hour" in str(graph.tick())
    monkeypatch.setattr(production, "PAUSE", datetime.timedelta(0))
    second = graph.tick()
    assert isinstance(second, dg.RunRequest)
    assert second.run_key != first.run_key
    graph.instance.add_run(dg.DagsterRun(job_name=read_predictions.name, status=dg.DagsterRunStatus.STARTED))
    assert "being read" in str(graph.tick())


def test_the_sensor_says_why_it_cannot_look(graph: Graph, tmp_path: Path) -> None:
    away = Graph(tmp_path / "away", "s3://bucket/prefix", "http://127.0.0.1:9")
    away.instance = graph.instance
    assert "cannot be reached" in str(away.tick())
    graph.storage.tables().path("splits").unlink()
    assert "run the main job once" in str(graph.tick())
