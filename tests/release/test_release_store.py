"""Publishing, the pointer and roll back: the same rules over a folder and over S3."""

import hashlib
import json
from pathlib import Path

import msgspec
import pytest

from recipe_assets.errors import ReleaseConflictError, ReleaseError
from tests.release.conftest import Studio


def test_an_empty_store_has_no_pointer_and_no_releases(studio: Studio) -> None:
    assert studio.store.read_pointer() is None
    assert studio.store.list_releases() == []


def test_a_published_release_is_current_and_can_be_fetched(studio: Studio, tmp_path: Path) -> None:
    pointer = studio.publish(1)
    folder, manifest = studio.build(1)
    assert studio.store.read_pointer().pointer == pointer
    stored = studio.place.read(f"releases/{pointer.release_id}/manifest.json")
    assert pointer.manifest_sha256 == hashlib.sha256(stored).hexdigest()
    assert studio.store.fetch(pointer.release_id, tmp_path / "copy", pointer.manifest_sha256) == manifest
    for name in manifest.files:
        assert (tmp_path / "copy" / name).read_bytes() == (folder / name).read_bytes()


def test_the_pointer_is_json_that_names_the_release_before(studio: Studio) -> None:
    first, second = studio.publish(1), studio.publish(2)
    content = json.loads(studio.place.read("latest.json"))
    assert content["release_id"] == second.release_id
    assert content["previous"] == first.release_id


def test_the_loser_of_two_publishers_gets_a_conflict_and_its_release_is_kept(studio: Studio) -> None:
    token = studio.token()
    winner = studio.store.publish(*studio.build(1), token)
    with pytest.raises(ReleaseConflictError) as raised:
        studio.store.publish(*studio.build(2), token)
    loser = studio.build(2)[1].release_id
    assert winner.release_id in str(raised.value)
    assert f"release {loser} is stored but not current" in str(raised.value)
    assert studio.store.read_pointer().pointer == winner
    assert [manifest.release_id for manifest in studio.store.list_releases()] == [winner.release_id, loser]
    assert studio.store.rollback(loser).release_id == loser


@pytest.mark.parametrize("already", [0, 1])
def test_a_publisher_that_is_overtaken_at_the_last_moment_does_not_win(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, already: int
) -> None:
    for number in range(already):
        studio.publish(5 + number)
    token = studio.token()
    slow = studio.place.open()
    swap, winners = slow._objects.swap, []

    def overtaken(key: str, data: bytes, expected: str | None) -> bool:
        winners.append(studio.publish(1 + 10 * len(winners)))
        return swap(key, data, expected)

    monkeypatch.setattr(slow._objects, "swap", overtaken)
    with pytest.raises(ReleaseConflictError, match=f"{studio.build(1)[1].release_id} is current"):
        slow.publish(*studio.build(2), token)
    with pytest.raises(ReleaseConflictError, match=f"{studio.build(11)[1].release_id} is current"):
        slow.rollback(studio.build(2)[1].release_id)
    assert studio.store.read_pointer().pointer == winners[1]


def test_publishing_the_same_again_changes_nothing(studio: Studio) -> None:
    first = studio.publish(1)
    before = studio.place.contents()
    assert studio.publish(1) == first
    assert studio.store.publish(*studio.build(1), None) == first
    assert studio.place.contents() == before


def test_a_release_never_changes(studio: Studio) -> None:
    studio.publish(1)
    before = studio.place.contents()
    folder, manifest = studio.build(2)
    imposter = msgspec.structs.replace(manifest, release_id=studio.build(1)[1].release_id)
    with pytest.raises(ReleaseError, match="a release never changes: publish under a new id"):
        studio.store.publish(folder, imposter, studio.token())
    assert studio.place.contents() == before


def test_other_bytes_under_the_same_id_are_never_overwritten(studio: Studio) -> None:
    folder, manifest = studio.build(1)
    key = f"releases/{manifest.release_id}/confusion_matrix.png"
    studio.place.write(key, b"somebody else's")
    with pytest.raises(ReleaseError, match=r"confusion_matrix\.png has 15 bytes instead of"):
        studio.store.publish(folder, manifest, None)
    assert studio.place.read(key) == b"somebody else's"
    assert studio.store.read_pointer() is None


def test_files_that_differ_from_the_manifest_are_not_published(studio: Studio) -> None:
    folder, manifest = studio.build(1)
    (folder / "confusion_matrix.png").write_bytes(b"changed")
    with pytest.raises(ReleaseError, match=r"confusion_matrix\.png has 7 bytes"):
        studio.store.publish(folder, manifest, None)
    assert studio.place.contents() == {}


def test_roll_back_swaps_to_the_release_before_and_back(studio: Studio) -> None:
    first, second = studio.publish(1), studio.publish(2)
    assert studio.store.rollback().release_id == first.release_id
    now = studio.store.read_pointer().pointer
    assert (now.release_id, now.previous) == (first.release_id, second.release_id)
    assert now.manifest_sha256 == first.manifest_sha256
    assert studio.store.rollback().release_id == second.release_id


def test_roll_back_to_a_named_release(studio: Studio) -> None:
    first = studio.publish(1)
    studio.publish(2)
    studio.publish(3)
    assert studio.store.rollback(first.release_id).release_id == first.release_id
    assert len(studio.store.list_releases()) == 3


def test_there_must_be_something_to_roll_back_to(studio: Studio) -> None:
    with pytest.raises(ReleaseError, match="no release before"):
        studio.store.rollback()
    studio.publish(1)
    with pytest.raises(ReleaseError, match="no release before"):
        studio.store.rollback()
    with pytest.raises(ReleaseError, match=r"has no manifest\.json"):
        studio.store.rollback("20200101T000000Z-00000000")


def test_roll_back_refuses_a_damaged_release(studio: Studio) -> None:
    first, second = studio.publish(1), studio.publish(2)
    studio.place.write(f"releases/{first.release_id}/image_encoder.onnx", b"cut short")
    with pytest.raises(ReleaseError, match=r"image_encoder\.onnx has 9 bytes"):
        studio.store.rollback()
    assert studio.store.read_pointer().pointer == second


@pytest.mark.parametrize("content", [b"", b"{", b'{"release_id": "../../etc"}', b"\xff"])
def test_a_damaged_pointer_is_one_line_with_a_cure_that_works(studio: Studio, content: bytes) -> None:
    first = studio.publish(1)
    studio.place.write("latest.json", content)
    with pytest.raises(ReleaseError, match=r"latest\.json is damaged .*roll back to a release by name"):
        studio.store.read_pointer()
    assert studio.store.rollback(first.release_id).release_id == first.release_id
    assert studio.store.read_pointer().pointer.release_id == first.release_id
