"""Both kinds of outbox keep the same promises: whole files, nothing overwritten unasked, plain errors."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recipe_assets.outbox.errors import OutboxChangedError, OutboxError, OutboxPathError
from recipe_assets.outbox.layout import checked_pipeline
from recipe_assets.outbox.places import Outbox, open_outbox, require_apart
from tests.outbox.shop import Shop
from tests.s3 import lose_answers, s3_client


@pytest.fixture
def outbox(shop: Shop) -> Outbox:
    return shop.outbox


def test_what_is_written_is_read_described_and_listed(outbox: Outbox) -> None:
    state = outbox.write("oven/week 1/é#?.jpg", b"photo")
    outbox.write("oven-two/week 1/b.jpg", b"other")
    assert outbox.read("oven/week 1/é#?.jpg") == b"photo"
    assert outbox.describe("oven/week 1/é#?.jpg") == state
    assert state.bytes == 5
    assert outbox.listing("oven") == {"oven/week 1/é#?.jpg": state}
    assert list(outbox.listing()) == ["oven-two/week 1/b.jpg", "oven/week 1/é#?.jpg"]
    assert outbox.url("oven/a.jpg").startswith(("file:///", "s3://"))


def test_what_is_not_there_is_said_so(outbox: Outbox) -> None:
    assert outbox.describe("oven/none.jpg") is None
    assert outbox.fetch("oven/none.jpg") is None
    assert outbox.listing("nowhere") == {}
    outbox.remove("oven/none.jpg")
    with pytest.raises(OutboxError, match=r"none\.jpg is not in the outbox"):
        outbox.read("oven/none.jpg")


def test_a_new_file_never_overwrites(outbox: Outbox) -> None:
    outbox.write("oven/a.jpg", b"first")
    with pytest.raises(OutboxChangedError):
        outbox.write("oven/a.jpg", b"second", over=None)
    assert outbox.read("oven/a.jpg") == b"first"
    assert list(outbox.listing()) == ["oven/a.jpg"]


def test_of_many_writers_of_a_new_file_one_wins(outbox: Outbox) -> None:
    def write(number: int) -> bool:
        try:
            outbox.write("oven/a.jpg", b"%d" % number, over=None)
        except OutboxChangedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = [number for number, good in enumerate(pool.map(write, range(16))) if good]
    assert [outbox.read("oven/a.jpg")] == [b"%d" % number for number in won]


def test_only_the_expected_version_is_replaced_or_removed(outbox: Outbox) -> None:
    first = outbox.write("oven/a.jpg", b"first")
    second = outbox.write("oven/a.jpg", b"the second", over=first.version)
    with pytest.raises(OutboxChangedError):
        outbox.write("oven/a.jpg", b"third", over=first.version)
    with pytest.raises(OutboxChangedError):
        outbox.remove("oven/a.jpg", over=first.version)
    assert outbox.read("oven/a.jpg") == b"the second"
    outbox.remove("oven/a.jpg", over=second.version)
    with pytest.raises(OutboxChangedError):
        outbox.write("oven/a.jpg", b"fourth", over=second.version)
    assert outbox.listing() == {}


def test_a_bucket_whose_answer_was_lost_is_asked_what_stands_there(bucket_shop: Shop) -> None:
    outbox, client = bucket_shop.outbox, bucket_shop.client
    assert client is not None
    first = outbox.write("oven/a.jpg", b"first")
    lost = lose_answers(client, "a.jpg")
    second = outbox.write("oven/a.jpg", b"second", over=first.version)
    assert len(lost) == 1
    assert outbox.fetch("oven/a.jpg") == (b"second", second)
    with pytest.raises(OutboxChangedError):
        outbox.write("oven/a.jpg", b"third", over=first.version)
    assert outbox.read("oven/a.jpg") == b"second"


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../up", "oven/../../up", "a//b", "a/./b", "a/", "a\0b", "x" * 2000]
)
def test_a_path_that_could_leave_the_outbox_is_refused(outbox: Outbox, path: str) -> None:
    with pytest.raises(OutboxError, match="cannot be a path"):
        outbox.write(path, b"")
    with pytest.raises(OutboxError, match="cannot be a path"):
        outbox.fetch(path)


def test_a_bucket_that_is_not_there_is_named_with_a_cure(s3_endpoint: str) -> None:
    client = s3_client(s3_endpoint)
    outbox = open_outbox("s3://no-such-bucket/box", client)
    for use in (lambda: outbox.write("a.jpg", b""), lambda: outbox.fetch("a.jpg"), outbox.listing):
        with pytest.raises(OutboxError, match="check that the bucket exists"):
            use()
    client.close()


def test_a_server_that_is_away_is_named_with_a_cure() -> None:
    client = s3_client("http://127.0.0.1:9")
    with pytest.raises(OutboxError, match=r"cannot be reached .* AWS_ENDPOINT_URL"):
        open_outbox("s3://bucket", client).write("a.jpg", b"")
    client.close()


@pytest.mark.parametrize("location", ["", "ftp://host/box", "s3://", "file://host/box"])
def test_another_kind_of_place_is_refused(location: str) -> None:
    with pytest.raises(OutboxError, match="RECIPE_OUTBOX"):
        open_outbox(location)


def test_a_folder_is_opened_by_path_or_url(tmp_path: Path) -> None:
    open_outbox((tmp_path / "out box").as_uri()).write("a.jpg", b"x")
    assert open_outbox(str(tmp_path / "out box")).read("a.jpg") == b"x"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(b"a file where the folder should be")
    with pytest.raises(OutboxError, match=r"oven/a\.jpg in the outbox .* failed"):
        open_outbox(str(tmp_path / "box")).write("oven/a.jpg", b"")


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    outbox = open_outbox(str(tmp_path))
    outbox.write("oven/a.jpg/inner.jpg", b"")
    assert outbox.describe("oven/a.jpg") is None
    with pytest.raises(OutboxPathError, match=r"oven/a\.jpg cannot be a path"):
        outbox.write("oven/a.jpg", b"")


def test_half_written_files_are_hidden_and_old_ones_swept(tmp_path: Path) -> None:
    outbox = open_outbox(str(tmp_path))
    outbox.write("oven/a.jpg", b"")
    old, young = (tmp_path / "oven" / f".{name}.recipe-part" for name in ("old", "young"))
    for part in (old, young):
        part.write_bytes(b"half")
    os.utime(old, (time.time() - 3 * 86400,) * 2)
    again = open_outbox(str(tmp_path))
    assert list(again.listing()) == ["oven/a.jpg"]
    again.write("oven/b.jpg", b"")
    assert (old.exists(), young.exists()) == (False, True)


def test_folders_left_empty_go_and_the_pipelines_own_stays(tmp_path: Path) -> None:
    outbox = open_outbox(str(tmp_path))
    outbox.write("oven/week-1/inner/a.jpg", b"")
    outbox.remove("oven/week-1/inner/a.jpg")
    assert [path.name for path in tmp_path.rglob("*")] == ["oven"]


def test_a_link_that_stands_in_the_way_is_never_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"keep")
    (tmp_path / "box" / "oven").mkdir(parents=True)
    (tmp_path / "box" / "oven" / "a.jpg").symlink_to(precious)
    outbox = open_outbox(str(tmp_path / "box"))
    with pytest.raises(OutboxChangedError):
        outbox.write("oven/a.jpg", b"new", over=None)
    outbox.write("oven/a.jpg", b"new")
    assert precious.read_bytes() == b"keep"


def test_photos_moving_out_of_a_folder_do_not_stop_those_moving_in(tmp_path: Path) -> None:
    outbox = open_outbox(str(tmp_path))

    def pass_through(number: int) -> None:
        outbox.write(f"oven/week-1/{number}.jpg", b"", over=None)
        outbox.remove(f"oven/week-1/{number}.jpg")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(pass_through, range(200)))
    assert outbox.listing() == {}


@pytest.mark.parametrize(
    ("outbox", "studio"),
    [("/data/in/out", "/data/in"), ("/data", "/data/in"), ("/data", "/data/"), ("s3://b/in/out", "s3://b/in")],
)
def test_an_outbox_and_a_studio_in_each_other_are_refused(outbox: str, studio: str) -> None:
    with pytest.raises(OutboxError, match="place of its own"):
        require_apart(outbox, studio)


@pytest.mark.parametrize(
    ("outbox", "studio"), [("/data/out", "/data/in"), ("/data/in-2", "/data/in"), ("s3://b/in-2", "s3://b/in")]
)
def test_an_outbox_beside_the_studio_is_fine(outbox: str, studio: str) -> None:
    require_apart(outbox, studio)


@pytest.mark.parametrize("name", ["oven", "Ofen 2", "close-up", "煮る"])
def test_pipelines_can_be_named_as_people_name_folders(name: str) -> None:
    assert checked_pipeline(name) == name


@pytest.mark.parametrize(
    "name", ["", "a/b", "..", ".hidden", "_tables", "_Tables", "a:b", "dot.", "a\nb", "x" * 101]
)
def test_a_pipeline_that_no_folder_can_be_named_after_is_refused(name: str) -> None:
    with pytest.raises(OutboxError, match="rename it in the vocabulary"):
        checked_pipeline(name)
