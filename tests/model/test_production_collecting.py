"""The table of predictions kept up to date from files that come, go, are damaged or of another version."""

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recipe_assets.production.collecting import (
    SOURCE,
    WINDOW_DAYS,
    Collected,
    collect,
    fingerprint,
    no_predictions,
    window,
)
from recipe_assets.production.parquet import LARGEST_FILE, SCHEMA, PredictionFileError, read_parquet, to_parquet
from recipe_assets.release.prediction_record import COLUMNS, PredictionRecord
from recipe_assets.release.prediction_store import PredictionFile, PredictionStore, open_predictions

TODAY = date(2026, 11, 23)


def lines(numbers: Sequence[int], day: date = TODAY) -> bytes:
    """Records with these numbers, as the API logs them."""
    records = [
        PredictionRecord(
            row_id=f"api-{number}",
            kind="prediction",
            time=datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(seconds=number),
            release_id="r1",
            photo_sha256=f"{number:064x}",
            client=None,
            needs_review=False,
            keyword="pan",
            confidence=12.34,
        )
        for number in numbers
    ]
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)


def parquet(numbers: Sequence[int], day: date = TODAY) -> bytes:
    content = to_parquet(lines(numbers, day)).content
    assert content is not None
    return content


@pytest.fixture
def store(tmp_path: Path) -> PredictionStore:
    return open_predictions(str(tmp_path / "store"))


def read(store: PredictionStore, before: pd.DataFrame | None = None, today: date = TODAY) -> Collected:
    return collect(store, store.files(*window(today)), before)


def numbers(table: pd.DataFrame) -> list[int]:
    return [int(row.rpartition("-")[2]) for row in table["row_id"]]


def test_equal_lines_give_equal_bytes_and_every_value_comes_back() -> None:
    assert parquet(range(50)) == parquet(range(50))
    [row] = read_parquet(parquet([7])).to_pylist()
    assert row["time"] == datetime(2026, 11, 23, 12, 0, 7, tzinfo=UTC)
    assert (row["confidence"], row["client"], row["needs_review"], row["keyword_2"]) == (12.34, None, False, None)
    assert SCHEMA.names == list(COLUMNS) == list(row)


def test_other_time_zones_become_utc_and_a_line_twice_counts_once() -> None:
    line = lines([1]).replace(b"12:00:01Z", b"14:00:01+02:00")
    encoded = to_parquet(line + lines([1, 2]))
    assert (encoded.rows, encoded.unreadable) == (2, 0)
    assert encoded.content is not None
    assert read_parquet(encoded.content).to_pylist()[0]["time"] == datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)


def test_the_table_without_rows_has_the_types_that_it_has_with_rows(store: PredictionStore) -> None:
    store.put(TODAY, "a", parquet([1]))
    assert read(store).table.dtypes.to_dict() == no_predictions().dtypes.to_dict()
    assert list(no_predictions()) == [*COLUMNS, SOURCE]


def test_only_new_files_are_read(store: PredictionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put(TODAY, "a", parquet([1, 2]))
    first = read(store)
    store.put(TODAY, "b", parquet([3]))
    opened: list[str] = []
    whole = PredictionStore.read
    monkeypatch.setattr(PredictionStore, "read", lambda self, file: opened.append(file.key) or whole(self, file))
    second = read(store, first.table)
    assert [Path(key).stem for key in opened] == ["b"]
    assert second.new_files == 1
    assert numbers(second.table) == [1, 2, 3]
    monkeypatch.undo()
    pd.testing.assert_frame_equal(second.table, read(store).table)


def test_a_row_in_two_files_counts_once_whenever_the_second_arrives(store: PredictionStore) -> None:
    store.put(TODAY, "a", parquet([1, 2]))
    first = read(store)
    store.put(TODAY, "b", parquet([2, 3]))
    assert numbers(read(store, first.table).table) == [1, 2, 3]
    assert numbers(read(store).table) == [1, 2, 3]


def test_rows_leave_with_their_file_and_with_age(store: PredictionStore, tmp_path: Path) -> None:
    key = store.put(TODAY, "a", parquet([1]))
    days = [TODAY - timedelta(days=age) for age in (1, WINDOW_DAYS - 1, WINDOW_DAYS)]
    for number, day in enumerate(days, 2):
        store.put(day, "a", parquet([number], day))
    table = read(store).table
    assert numbers(table) == [3, 2, 1]
    (tmp_path / "store" / key).unlink()
    table = read(store, table).table
    assert numbers(table) == [3, 2]
    assert numbers(read(store, table, TODAY + timedelta(days=1)).table) == [2]


def test_the_fingerprint_follows_files(store: PredictionStore, tmp_path: Path) -> None:
    seen = {fingerprint([])}
    key = store.put(TODAY, "a", parquet([1]))
    seen.add(fingerprint(store.files(*window(TODAY))))
    store.put(TODAY, "b", parquet([2]))
    seen.add(fingerprint(store.files(*window(TODAY))))
    (tmp_path / "store" / key).write_bytes(b"cut")
    seen.add(fingerprint(store.files(*window(TODAY))))
    assert len(seen) == 4


def written(frame: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    frame.to_parquet(stream)
    return stream.getvalue()


def damages() -> dict[str, bytes]:
    whole = parquet(range(200))
    frame = pq.read_table(io.BytesIO(whole)).to_pandas()
    return {
        "empty": b"",
        "text": b"not a table",
        "cut": whole[:-20],
        "zeros": bytes(len(whole)),
        "flipped": whole[:500] + bytes([whole[500] ^ 0x55]) + whole[501:],
        "other columns": written(pd.DataFrame({"a": [1]})),
        "other types": written(frame.assign(time="yesterday")),
        "no row ids": written(frame.assign(row_id=None)),
        "another day": parquet([900], TODAY - timedelta(days=1)),
        "a far day": written(frame.assign(time=pd.Timestamp("9999-12-31", tz="UTC").as_unit("us"))),
    }


def test_damaged_files_are_left_out_and_named_and_the_others_are_read(store: PredictionStore) -> None:
    store.put(TODAY, "good", parquet([1]))
    broken = damages()
    for name, content in broken.items():
        store.put(TODAY, name.replace(" ", "-"), content)
    found = read(store)
    assert numbers(found.table) == [1]
    assert sorted(Path(key).stem for key in found.damaged["file"]) == sorted(n.replace(" ", "-") for n in broken)
    assert found.damaged["problem"].str.len().min() > 5
    assert not found.damaged["problem"].str.contains("\n").any()


def test_a_flipped_byte_is_noticed_or_changes_nothing() -> None:
    whole = parquet(range(20))
    expected = read_parquet(whole)
    for place in range(0, len(whole), 7):
        damaged = whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :]
        try:
            found = read_parquet(damaged)
        except PredictionFileError:
            continue
        assert found.num_rows == expected.num_rows
        assert found.column("keyword").equals(expected.column("keyword"))


def test_a_file_too_large_to_be_ours_is_not_even_read(store: PredictionStore, tmp_path: Path) -> None:
    store.put(TODAY, "good", parquet([1]))
    file = PredictionFile("predictions/date=2026-11-23/huge.parquet", TODAY, LARGEST_FILE + 1)
    found = collect(store, [*store.files(*window(TODAY)), file], None)
    assert numbers(found.table) == [1]
    assert found.damaged["file"].tolist() == [file.key]


def test_files_of_an_older_and_of_a_newer_version_are_read_as_far_as_they_go(store: PredictionStore) -> None:
    table = pq.read_table(io.BytesIO(parquet([1])))
    older = table.drop_columns([name for name in table.column_names if name.startswith("candidate_")])
    newer = table.append_column("mood", pa.array(["good"]))
    for name, version in (("older", older), ("newer", newer)):
        stream = io.BytesIO()
        pq.write_table(version.set_column(0, "row_id", pa.array([f"{name}-1"])), stream)
        store.put(TODAY, name, stream.getvalue())
    found = read(store)
    assert found.damaged.empty
    assert sorted(found.table["row_id"]) == ["newer-1", "older-1"]
    assert "mood" not in found.table
