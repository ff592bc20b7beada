"""Listing and fetching: what is half, damaged or tampered with is never handed out, over a folder and over S3."""

from pathlib import Path

import pytest

from recipe_assets.errors import ReleaseError
from tests.release.conftest import Studio


@pytest.mark.parametrize("name", ["manifest.json", "image_encoder.onnx", "checkpoint/config.json"])
def test_a_half_uploaded_release_is_neither_listed_nor_fetched(studio: Studio, tmp_path: Path, name: str) -> None:
    whole, half = studio.publish(1), studio.publish(2)
    studio.place.delete(f"releases/{half.release_id}/{name}")
    assert [manifest.release_id for manifest in studio.store.list_releases()] == [whole.release_id]
    with pytest.raises(ReleaseError) as raised:
        studio.store.fetch(half.release_id, tmp_path / "copy", half.manifest_sha256)
    assert name in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "copy").exists()


def test_a_half_uploaded_release_is_completed_by_publishing_it_again(studio: Studio, tmp_path: Path) -> None:
    pointer = studio.publish(1)
    studio.place.delete(f"releases/{pointer.release_id}/checkpoint/config.json")
    studio.place.delete(f"releases/{pointer.release_id}/manifest.json")
    assert studio.publish(1) == pointer
    studio.store.fetch(pointer.release_id, tmp_path / "copy", pointer.manifest_sha256)


def test_a_tampered_file_is_not_fetched(studio: Studio, tmp_path: Path) -> None:
    pointer = studio.publish(1)
    key = f"releases/{pointer.release_id}/checkpoint/model.safetensors"
    studio.place.write(key, studio.place.read(key)[::-1])
    with pytest.raises(ReleaseError, match=r"model\.safetensors has other content"):
        studio.store.fetch(pointer.release_id, tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == []


def test_a_tampered_manifest_is_not_fetched(studio: Studio, tmp_path: Path) -> None:
    pointer = studio.publish(1)
    key = f"releases/{pointer.release_id}/manifest.json"
    studio.place.write(key, studio.place.read(key).replace(b"1.5", b"2.5"))
    with pytest.raises(ReleaseError, match="not the one that was published"):
        studio.store.fetch(pointer.release_id, tmp_path / "copy", pointer.manifest_sha256)


def test_a_verified_copy_is_reused_and_a_damaged_one_replaced(studio: Studio, tmp_path: Path) -> None:
    pointer = studio.publish(1)
    copy = tmp_path / "copy"
    studio.store.fetch(pointer.release_id, copy, pointer.manifest_sha256)
    stamp = (copy / "image_encoder.onnx").stat()
    studio.store.fetch(pointer.release_id, copy, pointer.manifest_sha256)
    assert (copy / "image_encoder.onnx").stat().st_ino == stamp.st_ino
    (copy / "image_encoder.onnx").write_bytes(b"damaged")
    studio.store.fetch(pointer.release_id, copy, pointer.manifest_sha256)
    assert (copy / "image_encoder.onnx").stat().st_size == stamp.st_size


def test_who_serves_gets_a_release_without_its_checkpoint(studio: Studio, tmp_path: Path) -> None:
    pointer, copy = studio.publish(1), tmp_path / "copy"
    manifest = studio.store.fetch(pointer.release_id, copy, pointer.manifest_sha256, checkpoint=False)
    here = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
    assert here == {name for name in manifest.files if not name.startswith("checkpoint/")} | {"manifest.json"}
    stamp = (copy / "image_encoder.onnx").stat().st_ino
    studio.store.fetch(pointer.release_id, copy, pointer.manifest_sha256, checkpoint=False)
    assert (copy / "image_encoder.onnx").stat().st_ino == stamp
    studio.store.fetch(pointer.release_id, copy, pointer.manifest_sha256)
    assert (copy / "checkpoint" / "model.safetensors").is_file()


@pytest.mark.parametrize("content", [None, b"cut short"])
def test_a_release_with_half_a_checkpoint_is_not_served_either(
    studio: Studio, tmp_path: Path, content: bytes | None
) -> None:
    pointer = studio.publish(1)
    key = f"releases/{pointer.release_id}/checkpoint/model.safetensors"
    studio.place.delete(key)
    if content is not None:
        studio.place.write(key, content)
    with pytest.raises(ReleaseError, match=r"model\.safetensors is missing or has another size"):
        studio.store.fetch(pointer.release_id, tmp_path / "copy", pointer.manifest_sha256, checkpoint=False)
    assert not (tmp_path / "copy").exists()


def test_fetching_never_replaces_a_folder_that_is_no_release(studio: Studio, tmp_path: Path) -> None:
    pointer = studio.publish(1)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "dear.jpg").write_bytes(b"dear")
    with pytest.raises(ReleaseError, match="choose another folder"):
        studio.store.fetch(pointer.release_id, tmp_path / "photos")
    assert (tmp_path / "photos" / "dear.jpg").exists()
