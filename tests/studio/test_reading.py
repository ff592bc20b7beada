"""One dirty little shoot: every file is a row, with its facts or the reason why it is no photo."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from recipe_assets.errors import StudioError
from recipe_assets.storage import TableStore
from recipe_assets.studio import reading
from recipe_assets.studio.folder import FolderStudio
from recipe_assets.studio.labels import standardize_shoot
from recipe_assets.studio.metadata import add_iptc_keywords, add_xmp_subject, sidecar_packet
from recipe_assets.studio.photos import open_photo, thumbnail
from recipe_assets.studio.quality import perceptual_hash
from recipe_assets.studio.reading import BATCH, COLUMNS, SCHEMA, read_batches, read_shoot, require_readable
from recipe_assets.studio.vocabulary import load_vocabulary
from tests.studio.pictures import encode, picture, write_shoot
from tests.studio.places import BucketPlace, FolderPlace, Place

GOOD = "HF_Y24_R15_BW43_SE_K19256-1_01__original.jpg"
ROOT = Path(__file__).parents[2]
MASK = GOOD.replace("original", "mask")


@pytest.fixture
def studio(tmp_path: Path) -> FolderStudio:
    good = add_iptc_keywords(encode(picture(1, (480, 320))), ["Oven Tray", "köttbullar"])
    files = {
        GOOD: good,
        MASK: encode(picture(1, (480, 320), "1")),
        "truncated.jpg": good[: len(good) // 2],
        "empty.jpg": b"",
        "notes.txt": b"Call the stylist.\n",
        "really a png.jpg": encode(picture(2), "PNG"),
        "clip.gif": encode(picture(2), "GIF"),
        "nested/day 2/köttbullar ✓.jpg": add_xmp_subject(encode(picture(3)), ["pan"]),
        ".DS_Store": b"litter",
    }
    write_shoot(tmp_path, "W43", files)
    return FolderStudio(tmp_path)


@pytest.fixture
def table(studio: FolderStudio) -> pd.DataFrame:
    return read_shoot(studio, "W43").set_index("file")


def test_every_file_is_one_row_in_name_order_with_all_columns(studio: FolderStudio) -> None:
    found = read_shoot(studio, "W43")
    assert list(found.columns) == list(COLUMNS)
    assert {name: str(kind) for name, kind in found.dtypes.items()} == COLUMNS
    assert found["file"].tolist() == [file.name for file in studio.shoot("W43").files]
    assert len(found) == 8


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("truncated.jpg", "damaged: the JPEG is truncated"),
        ("empty.jpg", "empty file"),
        ("notes.txt", "not a JPEG, .* image"),
        ("clip.gif", "not a JPEG, .* image"),
    ],
)
def test_a_file_that_is_no_photo_has_the_reason_and_no_thumbnail(
    table: pd.DataFrame, file: str, problem: str
) -> None:
    assert pd.Series([table.loc[file, "problem"]]).str.match(problem).all()
    assert pd.isna(table.loc[file, "thumbnail"])
    assert pd.isna(table.loc[file, "phash"])
    assert len(table.loc[file, "sha256"]) == 64


def test_a_good_photo_has_its_facts(table: pd.DataFrame) -> None:
    row = table.loc[GOOD]
    assert pd.isna(row["problem"])
    assert (row["format"], row["width"], row["height"]) == ("JPEG", 480, 320)
    assert (row["brand"], row["year"], row["recipe"], row["step"]) == ("HF", 2024, "K19256-1", "01")
    assert list(row["iptc_keywords"]) == ["Oven Tray", "köttbullar"]
    assert list(row["xmp_keywords"]) == []


def test_a_wrong_extension_a_bad_name_and_a_nested_folder_are_still_photos(table: pd.DataFrame) -> None:
    assert table.loc["really a png.jpg", "format"] == "PNG"
    nested = table.loc["nested/day 2/köttbullar ✓.jpg"]
    assert list(nested["xmp_keywords"]) == ["pan"]
    for name in ("really a png.jpg", "nested/day 2/köttbullar ✓.jpg"):
        assert pd.isna(table.loc[name, "problem"])
        assert pd.isna(table.loc[name, "brand"])
        assert pd.isna(table.loc[name, "year"])
    assert table.loc[MASK, "tag"] == "mask"


def test_the_thumbnail_is_the_very_picture_that_serving_would_see(
    studio: FolderStudio, table: pd.DataFrame
) -> None:
    stored = Image.open(io.BytesIO(table.loc[GOOD, "thumbnail"]))
    served = thumbnail(open_photo((studio.root / "W43" / GOOD).read_bytes()))
    assert stored.size == (384, 256)
    assert stored.tobytes() == served.tobytes()


def test_hashes_are_exact_although_other_files_have_none(studio: FolderStudio, table: pd.DataFrame) -> None:
    """A table of rows became one of floats where a file had no hash: the last 11 bits of all hashes were lost."""
    for name in (GOOD, MASK, "really a png.jpg", "nested/day 2/köttbullar ✓.jpg"):
        assert table.loc[name, "phash"] == perceptual_hash(
            thumbnail(open_photo((studio.root / "W43" / name).read_bytes()))
        )


def test_the_table_survives_storage_and_labelling(tmp_path: Path, studio: FolderStudio) -> None:
    raw = read_shoot(studio, "W43")
    tables = TableStore(tmp_path / "tables")
    tables.write(raw, "raw_images", "W43")
    stored = tables.read("raw_images", "W43")
    assert stored["phash"].tolist() == raw["phash"].tolist()
    first, second = (standardize_shoot(table, load_vocabulary()) for table in (raw, stored))
    assert first["keyword"].fillna("-").tolist() == second["keyword"].fillna("-").tolist()
    assert first.set_index("file")["keyword"].dropna().to_dict() == {
        GOOD: "oven-tray",
        "nested/day 2/köttbullar ✓.jpg": "pan",
    }


def test_a_shoot_of_rejects_only_is_a_table_that_can_be_stored(tmp_path: Path) -> None:
    write_shoot(tmp_path, "W44", {"a.txt": b"a", "b.jpg": b""})
    raw = read_shoot(FolderStudio(tmp_path), "W44")
    assert raw["problem"].notna().all()
    tables = TableStore(tmp_path / "tables")
    tables.write(raw, "raw_images", "W44")
    assert len(tables.read("raw_images", "W44")) == 2
    assert standardize_shoot(raw, load_vocabulary()).empty


def test_files_that_cannot_be_read_do_not_stop_the_shoot(studio: FolderStudio) -> None:
    (studio.root / "W43" / "gone.jpg").symlink_to("/nowhere/photo.jpg")
    (studio.root / "W43" / "stuck.jpg").symlink_to("/proc/self/mem")  # opens, and fails to be read
    found = read_shoot(studio, "W43").set_index("file")
    assert len(found) == 10
    assert found.loc["gone.jpg", "problem"] == "cannot be read: No such file or directory"
    assert found.loc["stuck.jpg", "problem"] == "cannot be read: Input/output error"
    assert pd.isna(found.loc[GOOD, "problem"])


def test_a_name_that_is_not_utf8_is_shown_escaped_and_its_photo_is_used(tmp_path: Path) -> None:
    """Old zip tools leave names in Latin-1: such a name broke the table of its whole shoot."""
    folder = write_shoot(tmp_path, "W43", {"a.jpg": encode(picture())})
    with open(os.fsencode(folder) + b"/k\xf6tt.jpg", "wb") as stream:  # noqa: PTH123 (bytes)
        stream.write(encode(picture(1)))
    found = read_shoot(FolderStudio(tmp_path), "W43")
    assert found["file"].tolist() == ["a.jpg", r"k\xf6tt.jpg"]
    assert found["problem"].isna().all()
    TableStore(tmp_path / "tables").write(found, "raw_images", "W43")


@pytest.mark.parametrize("shoot", ["empty", "missing"])
def test_a_shoot_without_files_is_an_error_that_names_it(tmp_path: Path, shoot: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudioError, match=f"shoot '{shoot}'"):
        read_shoot(FolderStudio(tmp_path), shoot)


def test_progress_counts_every_file(studio: FolderStudio) -> None:
    seen = []
    read_shoot(studio, "W43", lambda done, total: seen.append((done, total)))
    assert seen == [(n, 8) for n in range(1, 9)]


def test_ingest_from_a_bucket_and_from_a_folder_gives_the_same_tables(
    folder: FolderPlace, bucket: BucketPlace
) -> None:
    jpeg = add_iptc_keywords(encode(picture(1, (480, 320))), ["pan"])
    files = {
        "W43/" + GOOD: jpeg,
        "W43/b.xmp": sidecar_packet(None, ["pan"]),
        "W43/b.tif": encode(picture(2), "TIFF"),
        "W43/day 2/kött+bullar %41.png": encode(picture(3), "PNG"),
        "W43/broken.jpg": jpeg[:900],
        "W43/empty.jpg": b"",
        "W43/notes.txt": b"hello",
    }
    tables = []
    for place in (folder, bucket):
        place.put(files)
        tables.append(read_shoot(place.open(), "W43"))
    assert len(tables[0]) == 6
    pd.testing.assert_frame_equal(*tables)


def test_a_sidecar_belongs_to_its_photo_and_one_without_photo_is_reported(folder: FolderPlace) -> None:
    folder.put(
        {
            "W43/a.jpg": encode(picture(1)),
            "W43/a.XMP": sidecar_packet(None, ["pan", "retouch"]),
            "W43/b.png": encode(picture(2), "PNG"),
            "W43/b.png.xmp": sidecar_packet(None, ["oven-tray"]),
            "W43/lost.xmp": sidecar_packet(None, ["pan"]),
            "W43/c.jpg": encode(picture(3)),
            "W43/c.xmp": b"\x00 no packet at all",
        }
    )
    found = read_shoot(folder.open(), "W43").set_index("file")
    assert {file: list(words) for file, words in found["sidecar_keywords"].dropna().items()} == {
        "a.jpg": ["pan", "retouch"], "b.png": ["oven-tray"], "c.jpg": [],
    }  # fmt: skip
    assert found["problem"].dropna().to_dict() == {"lost.xmp": "a sidecar without its photo"}


def test_a_long_shoot_comes_in_batches_in_name_order(folder: FolderPlace) -> None:
    jpeg = encode(picture(1, (32, 24)))
    folder.put({f"W43/{number:04d}.jpg": jpeg for number in range(2 * BATCH + 5)})
    studio = folder.open()
    batches = list(read_batches(studio, studio.shoot("W43")))
    assert [len(batch) for batch in batches] == [BATCH, BATCH, 5]
    assert pd.concat(batches)["file"].is_monotonic_increasing


def test_a_shoot_that_changes_while_it_is_read_is_an_error_and_stores_nothing(
    place: Place, tmp_path: Path
) -> None:
    place.put({"W43/a.jpg": encode(picture(1)), "W43/b.jpg": encode(picture(2))})
    studio = place.open()
    shoot = studio.shoot("W43")
    place.put({"W43/b.jpg": encode(picture(3, (64, 48)))})
    tables = TableStore(tmp_path / "stored")
    with pytest.raises(StudioError, match=r"W43/b\.jpg changed while its shoot was read"):
        tables.write_batches(read_batches(studio, shoot), "raw_images", "W43", {}, SCHEMA)
    assert tables.partitions("raw_images") == []


def test_a_file_over_the_cap_is_not_even_read(folder: FolderPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 1000)
    folder.put({"W43/a.jpg": encode(picture(1, (300, 200)))})
    (row,) = read_shoot(folder.open(), "W43").to_dict("records")
    assert "bytes are over the cap of 1000" in row["problem"]
    assert row["sha256"] == ""


@pytest.mark.parametrize(("bad", "refused"), [(0, False), (1, False), (2, True)])
def test_a_shoot_of_which_too_much_is_unreadable_is_refused(bad: int, refused: bool) -> None:
    raw = pd.DataFrame({"problem": ["damaged"] * bad + [None] * (10 - bad)})
    if not refused:
        require_readable(raw, "W43")
        return
    with pytest.raises(StudioError, match=r"shoot 'W43' is held back: 2 of 10 files .* more than 10 %: copy them"):
        require_readable(raw, "W43")


def test_memory_stays_flat_however_long_the_shoot_is(tmp_path: Path) -> None:
    """Peak memory of reading and storing 400 and 1,200 photos, each in a process of its own."""
    peaks = []
    for count in (400, 1200):
        write_shoot(tmp_path / f"of {count}", "W43", dict(noisy_photos(count)))
        command = [sys.executable, "-W", "ignore", "-c", PEAK, f"of {count}", f"tables {count}"]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        printed = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=tmp_path, env=environment
        )
        peaks.append(int(printed.stdout))
    stored = (tmp_path / "tables 1200" / "raw_images" / "W43.parquet").stat().st_size
    assert stored > 250e6  # so much would be in memory if the table were
    assert peaks[1] - peaks[0] < 40e6


def noisy_photos(count: int) -> Iterator[tuple[str, bytes]]:
    """Photos whose thumbnails do not compress; all different, since Parquet stores equal ones once."""
    noise = np.random.default_rng(1).integers(0, 256, (256, 384, 3), dtype=np.uint8)
    for number in range(count):
        yield f"{number:04d}.jpg", encode(Image.fromarray(np.roll(noise, number, axis=1)))


PEAK = """
import sys
from pathlib import Path
from recipe_assets.storage import TableStore
from recipe_assets.studio import reading
from recipe_assets.studio.folder import FolderStudio
from recipe_assets.studio.reading import SCHEMA, read_batches
from tests.studio.memory import peak_bytes
studio = FolderStudio(Path(sys.argv[1]))
batches = read_batches(studio, studio.shoot("W43"))
TableStore(Path(sys.argv[2])).write_batches(batches, "raw_images", "W43", {}, SCHEMA)
print(peak_bytes())
"""
