"""The asset that brings a shoot into the outbox, as Dagster runs it: metadata, checks, config, settings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
from dagster_aws.s3 import S3Resource

from recipe_assets.defs import resources
from recipe_assets.defs.io_managers import TableIOManager
from recipe_assets.defs.partitions import shoots
from recipe_assets.defs.post_production import keyworded_shoot, outbox_is_up_to_date, photos_reached_the_outbox
from recipe_assets.defs.resources import (
    OutboxResource,
    ReleaseStoreResource,
    StorageResource,
    StudioResource,
    VocabularyResource,
)
from recipe_assets.defs.wiring import wire_resources
from recipe_assets.outbox.places import open_outbox
from tests.outbox.shop import BY_A_PERSON, NEWER_BIAS, RED, SHOOT, Shop, usual_photos
from tests.s3 import CREDENTIALS, s3_client


class Graph:
    """The asset with its checks over one shop."""

    def __init__(self, shop: Shop, endpoint: str | None = None) -> None:
        self.shop = shop
        s3 = S3Resource(endpoint_url=endpoint, **CREDENTIALS) if endpoint else S3Resource()
        tables = str(shop.root / "tables")
        assert shop.words
        self.resources = {
            "studio": StudioResource(location=str(shop.root / "studio"), s3=s3),
            "storage": StorageResource(root=tables),
            "vocabulary": VocabularyResource(path=str(shop.root / "vocabulary.yaml")),
            "releases": ReleaseStoreResource(url=str(shop.root / "releases"), s3=s3),
            "outbox": OutboxResource(location=shop.outbox_at, s3=s3),
            "io_manager": TableIOManager(root=tables),
        }

    def materialize(self, update: str | None = None) -> dg.ExecuteInProcessResult:
        above = [dg.AssetSpec(name, partitions_def=shoots) for name in ("raw_images", "standardized_keywords")]
        config = {"ops": {"keyworded_shoot": {"config": {"update": update}}}} if update else None
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions("shoots", [SHOOT])
            return dg.materialize(
                [*above, keyworded_shoot, photos_reached_the_outbox, outbox_is_up_to_date],
                selection=[keyworded_shoot],
                partition_key=SHOOT,
                instance=instance,
                resources=self.resources,
                run_config=config,
                raise_on_error=False,
            )


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = Shop(tmp_path_factory.mktemp("pattern"), "")
    shop.put(usual_photos())
    return shop


@pytest.fixture
def shop(pattern: Shop, tmp_path: Path) -> Shop:
    """A shoot that was read; no release yet."""
    return pattern.copy_to(tmp_path / "shop", str(tmp_path / "shop" / "outbox"))


@pytest.fixture
def bucket_graph(shop: Shop, s3_endpoint: str) -> Iterator[Graph]:
    shop.client, bucket = s3_client(s3_endpoint), f"outbox-{uuid4().hex}"
    shop.client.create_bucket(Bucket=bucket)
    shop.outbox_at = f"s3://{bucket}/box"
    yield Graph(shop, s3_endpoint)
    shop.client.close()


def said(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    assert result.success
    [event] = result.asset_materializations_for_node("keyworded_shoot")
    return {name: value.value for name, value in event.metadata.items()}


def rows_of(value: dg.TableMetadataValue | list[dg.TableRecord]) -> list[dict[str, Any]]:
    return [dict(one.data) for one in getattr(value, "records", value)]


def verdicts(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {one.check_name: one for one in result.get_asset_check_evaluations()}


def test_a_shoot_is_materialized_with_all_that_people_want_to_see(shop: Shop) -> None:
    release_id = shop.publish()
    facts = said(result := Graph(shop).materialize())
    assert (facts["dagster/row_count"], facts["by_the_model"], facts["by_people"]) == (8, 5, 1)
    assert facts["release_id"] == release_id
    assert {row["pipeline"]: row["photos"] for row in rows_of(facts["pipelines"])} == {
        "stove": 4,
        "bowl": 1,
        "oven": 1,
    }
    assert facts["needs_review"] == 2
    assert [row["file"] for row in rows_of(facts["to_look_at"])] == ["doubtful.jpg", "two.jpg"]
    assert facts["contact_sheets"].count("](data:image/jpeg;base64,") == 3
    assert "**`oven`**: 1 photo\n" in facts["contact_sheets"]
    assert facts["csv"].endswith(f"_tables/{SHOOT}/decisions.csv")
    assert facts["changes"] == "nothing changes in the outbox"
    assert len(shop.photos()) == 6
    assert result.success


def test_photos_that_are_not_in_the_outbox_are_warned_of_with_reasons(shop: Shop) -> None:
    shop.publish()
    found = verdicts(Graph(shop).materialize())["photos_reached_the_outbox"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    [row] = rows_of(found.metadata["files"].value)  # type: ignore[arg-type]
    assert row["file"] == "broken.jpg"
    assert "unreadable" in row["reason"]


def test_a_newer_release_shows_old_and_new_and_writes_when_told(shop: Shop) -> None:
    shop.publish()
    graph = Graph(shop)
    assert verdicts(graph.materialize())["outbox_is_up_to_date"].passed
    shop.publish(2, NEWER_BIAS)
    before = shop.everything()
    facts = said(shown := graph.materialize())
    assert facts["changes"] == "5 would change (materialize with update: write)"
    red = next(row for row in rows_of(facts["outbox_changes"]) if row["file"] == RED)
    assert (red["old"], red["new"], red["new_pipeline"]) == ("red-pan", "gray-tray", "oven")
    assert facts["outbox_changes_shown"].startswith("![](data:image/")
    assert not verdicts(shown)["outbox_is_up_to_date"].passed
    assert shop.everything() == before
    facts = said(written := graph.materialize("write"))
    assert facts["changes"] == "5 were changed"
    assert verdicts(written)["outbox_is_up_to_date"].passed
    assert all(path.startswith("oven/") for path in shop.photos())


def test_the_data_version_follows_the_outbox(shop: Shop) -> None:
    shop.publish()
    graph = Graph(shop)

    def version() -> object:
        [event] = graph.materialize("write").asset_materializations_for_node("keyworded_shoot")
        return (event.tags or {})["dagster/data_version"]

    first = version()
    assert version() == first
    shop.publish(2, NEWER_BIAS)
    assert version() != first


def test_an_outbox_in_a_bucket_is_reached_through_the_s3_resource(bucket_graph: Graph) -> None:
    bucket_graph.shop.publish()
    facts = said(bucket_graph.materialize())
    assert facts["csv"].startswith("s3://")
    assert bucket_graph.shop.photos()[f"oven/{SHOOT}/{BY_A_PERSON}"] == usual_photos()[BY_A_PERSON]


def test_another_outbox_is_filled_and_checked_like_the_first(shop: Shop) -> None:
    shop.publish()
    Graph(shop).materialize()
    shop.outbox_at = str(shop.root / "nas")
    facts = said(result := Graph(shop).materialize("write"))
    assert facts["changes"] == "nothing changes in the outbox"
    assert verdicts(result)["outbox_is_up_to_date"].passed
    assert len(shop.photos()) == 6


@pytest.mark.parametrize("trouble", ["no release", "no keywords", "damaged release"])
def test_what_holds_a_shoot_up_is_said_in_one_line_and_nothing_is_written(shop: Shop, trouble: str) -> None:
    expected = {
        "no release": "has no release yet",
        "no keywords": "standardized_keywords",
        "damaged release": "onnx",
    }
    if trouble != "no release":
        release_id = shop.publish()
    if trouble == "no keywords":
        shop.tables.path("standardized_keywords", SHOOT).unlink()
    if trouble == "damaged release":
        (shop.root / "releases" / "releases" / release_id / "image_encoder.onnx").write_bytes(b"broken")
    result = Graph(shop).materialize()
    assert not result.success
    [failure] = [event for event in result.all_events if event.is_step_failure]
    told = failure.step_failure_data.user_failure_data
    assert told is not None
    assert expected[trouble] in str(told.description)
    assert "\n" not in str(told.description)
    assert shop.everything() == {}


def test_without_a_setting_the_outbox_is_beside_the_other_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECIPE_OUTBOX", raising=False)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    assert wire_resources()["outbox"].location == str(tmp_path / "outbox")
    monkeypatch.setenv("RECIPE_OUTBOX", "s3://bucket/box")
    assert wire_resources()["outbox"].location == "s3://bucket/box"
    assert resources.open_outbox is open_outbox
