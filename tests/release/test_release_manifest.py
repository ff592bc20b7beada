"""The manifest: written for people, read with suspicion, compared with the files."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from recipe_assets.errors import ReleaseError
from recipe_assets.release.files import check_files, describe_files
from recipe_assets.release.manifest import Manifest, decode_manifest, encode_manifest, new_release_id
from tests.release import factory

GOLDEN = Path(__file__).parents[1] / "golden"
REVIEW = {"target_accuracy": 0.95, "thresholds": {"red-pan": 0.8}, "coverage": 0.7, "accuracy": 0.97}
GRAPH = {"precision": "int8", "reason": "", "same_keyword": 1.0, "macro_accuracy_change": 0.0, "photos": 9}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    factory.write_files(tmp_path / "release")
    return tmp_path / "release"


@pytest.fixture
def manifest(folder: Path) -> Manifest:
    return factory.manifest_of(folder)


def changed(manifest: Manifest, **fields: object) -> bytes:
    """The manifest's JSON with some fields replaced."""
    content = msgspec.to_builtins(manifest)
    return msgspec.json.encode(content | fields)


def test_a_manifest_is_read_back_as_it_was_written(manifest: Manifest) -> None:
    assert decode_manifest(encode_manifest(manifest)) == manifest


def test_a_manifest_of_version_1_is_read_and_what_it_does_not_know_is_none() -> None:
    found = decode_manifest((GOLDEN / "manifest-v1.json").read_bytes())
    assert (found.schema_version, found.release_id) == (1, "20261122T210601Z-00000001")
    assert (found.strategy, found.review, found.graph) == (None, None, None)
    assert (found.metrics.macro_accuracy, found.metrics.macro_f1, found.metrics.top3_accuracy) == (0.9, None, None)
    assert found.metrics.per_keyword["red-pan"].interval is None


def test_a_manifest_of_version_2_is_read_and_written_back_to_the_byte() -> None:
    content = (GOLDEN / "manifest-v2.json").read_bytes()
    found = decode_manifest(content)
    assert found.schema_version == 2
    assert found.review is not None
    assert found.review.thresholds["red-pan"] == 0.8
    assert found.graph is not None
    assert found.graph.precision == "int8"
    assert found.metrics.per_keyword["red-pan"].interval == (0.8, 0.97)
    assert encode_manifest(found) == content


def test_equal_manifests_are_written_as_equal_indented_lines(manifest: Manifest) -> None:
    turned = msgspec.structs.replace(manifest, files=dict(reversed(manifest.files.items())))
    content = encode_manifest(manifest)
    assert content == encode_manifest(turned)
    assert b'\n  "created_at": "2026-11-22T21:06:01Z",\n' in content


def test_files_are_described_by_posix_paths_without_the_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("{}")
    described = describe_files(folder)
    assert list(described) == [
        "checkpoint/config.json",
        "checkpoint/model.safetensors",
        "confusion_matrix.png",
        "image_encoder.onnx",
    ]
    assert described["checkpoint/model.safetensors"].bytes == 256 * 64


def test_all_mismatches_stand_in_one_error(folder: Path, manifest: Manifest) -> None:
    (folder / "confusion_matrix.png").unlink()
    (folder / "checkpoint" / "config.json").write_text("short")
    weights = folder / "checkpoint" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[::-1])
    with pytest.raises(ReleaseError) as raised:
        check_files(folder, manifest)
    for part in ("matrix.png is missing", "config.json has 5 bytes", "model.safetensors has other content"):
        assert part in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "checkpoint/../../outside", "a//b", "./a", "..", "", "a\\..\\b", "C:/x"]
)
def test_a_file_name_that_could_leave_the_folder_is_refused(manifest: Manifest, name: str) -> None:
    files = msgspec.to_builtins(manifest.files) | {name: {"bytes": 1, "sha256": "00"}}
    with pytest.raises(ReleaseError, match="not a plain relative path"):
        decode_manifest(changed(manifest, files=files))


@pytest.mark.parametrize("release_id", ["../x", "", "a/b", "/a", "..", ".hidden", "a b", "a\n"])
def test_a_release_id_that_is_no_plain_name_is_refused(manifest: Manifest, release_id: str) -> None:
    with pytest.raises(ReleaseError, match="not a release id"):
        decode_manifest(changed(manifest, release_id=release_id))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"temperature": 0.0}, "temperature is 0.0"),
        ({"keywords": []}, "keywords are missing"),
        ({"files": {}}, "image_encoder.onnx is not among"),
        ({"schema_version": 3}, "has schema version 3, this program reads 1 and 2: update the program"),
        ({"surprise": 1}, "surprise"),
        (
            {"review": REVIEW | {"thresholds": {"red-pan": 1.5}}},
            "review threshold of 'red-pan' is 1.5, not 0 to 1",
        ),
        ({"review": REVIEW | {"thresholds": {"wok": 0.5}}}, "review rule names 'wok'"),
        ({"review": REVIEW | {"surprise": 1}}, "surprise"),
        ({"graph": GRAPH | {"precision": "int4"}}, "int4"),
        ({"graph": GRAPH | {"surprise": 1}}, "surprise"),
        ({"created_at": "2026-11-22T21:05:01"}, "timezone"),
    ],
)
def test_a_manifest_that_cannot_be_trusted_is_refused(
    manifest: Manifest, fields: dict[str, object], reason: str
) -> None:
    with pytest.raises(ReleaseError, match=reason):
        decode_manifest(changed(manifest, **fields))


def test_a_manifest_that_could_not_be_read_back_is_not_written(manifest: Manifest) -> None:
    metrics = msgspec.structs.replace(manifest.metrics, macro_accuracy=float("nan"))
    with pytest.raises(ReleaseError, match="macro_accuracy"):
        encode_manifest(msgspec.structs.replace(manifest, metrics=metrics))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"release_id": "a"}'])
def test_something_else_than_a_manifest_is_one_line_that_names_the_source(content: bytes) -> None:
    with pytest.raises(ReleaseError, match=r"^s3://b/manifest\.json is damaged .*publish the release again$"):
        decode_manifest(content, "s3://b/manifest.json")


def test_release_ids_sort_by_time() -> None:
    early = new_release_id(datetime(2026, 11, 22, 21, 5, 1, tzinfo=UTC), "3f9a1c2b" * 8)
    late = new_release_id(datetime(2026, 11, 22, 21, 5, 2, tzinfo=UTC), "00000000" * 8)
    assert early == "20261122T210501Z-3f9a1c2b"
    assert early < late


def test_a_release_id_needs_a_hash() -> None:
    with pytest.raises(ReleaseError, match="not a data fingerprint"):
        new_release_id(datetime.now(UTC), "../../x")
