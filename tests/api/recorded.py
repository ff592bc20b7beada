"""Answers of real, tiny releases for tests of the prediction log, and what lies on disk and in the store."""

from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
from PIL import Image

from api.predictions.prediction_log import PredictionLog
from api.predictions.segments import Segments
from api.releases.loading import Served
from api.serving.classified import Classified
from recipe_assets.production.parquet import read_parquet
from recipe_assets.release.manifest import MANIFEST, encode_manifest
from recipe_assets.release.pointer import point_at
from recipe_assets.release.prediction_record import PredictionRecord
from recipe_assets.release.prediction_store import PredictionStore
from recipe_assets.release.predictor import Predictor

SHA = "ab" * 32


def served(folder: Path, number: int = 1) -> Served:
    """A loaded release, built where it is not there yet."""
    place = folder / f"release-{number}"
    if not place.exists():
        from tests.release import factory  # slow to import, and processes that tests start find one built

        manifest = factory.build(place, number)
        (place / MANIFEST).write_bytes(encode_manifest(manifest))
    predictor = Predictor.load(place)
    return Served(predictor, point_at(predictor.manifest.release_id, "0" * 64, None), datetime.now(UTC))


def answer(by: Served, *shares: float) -> Classified:
    """An answer with these probabilities of the factory's four keywords."""
    return Classified(by, np.array(shares), None, Image.new("RGB", (1, 1)))


def new_log(base: Path, token: str = "api-1", limit: int = 1 << 20) -> PredictionLog:
    return PredictionLog(Segments(base, "store", token, limit), token)


def records_in(path: Path) -> list[PredictionRecord]:
    """All lines of a segment; fails if one is no record."""
    return [msgspec.json.decode(line, type=PredictionRecord) for line in path.read_bytes().splitlines()]


def on_disk(base: Path, pattern: str = "*/*/*-*_*") -> list[Path]:
    return sorted(base.glob(pattern))


def logged(base: Path) -> list[PredictionRecord]:
    return [record for path in on_disk(base) for record in records_in(path)]


def days() -> tuple[date, date]:
    """Today and the day around it, in case a test runs at midnight."""
    return date.fromordinal(datetime.now(UTC).toordinal() - 1), date.fromordinal(datetime.now(UTC).toordinal() + 1)


def stored_rows(store: PredictionStore) -> list[dict[str, object]]:
    """Every row of every file, doubles included, in the order of their numbers."""
    tables = [read_parquet(store.read(file)) for file in store.files(*days())]
    rows: list[dict[str, object]] = pa.concat_tables(tables).to_pylist() if tables else []
    return sorted(rows, key=lambda row: (str(row["row_id"]).rpartition("-")[0], number_of(row)))


def number_of(row: dict[str, object]) -> int:
    return int(str(row["row_id"]).rpartition("-")[2])
