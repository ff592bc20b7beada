"""The golden set: known answers that are found again, and whatever is no golden set is refused by name."""

import io
import pickle
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import pytest

from recipe_assets.errors import ReleaseError
from recipe_assets.release.golden import MOST, TOLERANCE, Golden, spread
from recipe_assets.release.manifest import Graph, Manifest, ReleaseFile, encode_manifest
from recipe_assets.release.predictor import Predictor
from recipe_assets.studio.photos import preprocess
from tests.release import factory

SQUARES = np.random.default_rng(1).integers(0, 256, (5, factory.SIZE, factory.SIZE, 3), dtype=np.uint8)
LOGITS = np.random.default_rng(2).normal(size=(5, 4)).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "release").mkdir()
    return tmp_path / "release"


def built(folder: Path, **changes: object) -> Manifest:
    """A whole release with a golden set."""
    folder.rmdir()
    manifest = msgspec.structs.replace(factory.build(folder), **changes)
    (folder / "manifest.json").write_bytes(encode_manifest(manifest))
    return manifest


def manifest_with(content: bytes, folder: Path) -> Manifest:
    """A manifest whose golden set is some bytes."""
    (folder / "golden.npz").write_bytes(content)
    (folder / "image_encoder.onnx").write_bytes(b"")
    return factory.manifest_of(folder)


def archive(**members: object) -> bytes:
    """A zip of arrays, or of raw bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as written:
        for name, value in members.items():
            raw = io.BytesIO()
            if isinstance(value, bytes):
                raw.write(value)
            else:
                np.save(raw, np.asarray(value), allow_pickle=True)
            written.writestr(f"{name}.npy", raw.getvalue())
    return stream.getvalue()


def header(shape: tuple[int, ...], dtype: str = "|u1") -> bytes:
    """An array that claims a shape and holds nothing."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue()


def test_a_release_answers_its_golden_set_as_it_was_packaged(folder: Path) -> None:
    manifest = built(folder)
    golden, predictor = Golden.load(folder, manifest), Predictor.load(folder, threads=1)
    assert golden is not None
    for batch in (1, 2, 8):
        assert golden.replay(predictor.logits, manifest, batch=batch, runs=2) is None


def test_the_golden_set_is_made_of_the_pixels_that_serving_sees(folder: Path) -> None:
    seen: list[np.ndarray] = []

    def run(batch: np.ndarray) -> np.ndarray:
        seen.extend(batch)
        return np.zeros((len(batch), 4), np.float32)

    photo = factory.photo("orange", (factory.SIZE, factory.SIZE), "PNG")
    square = np.full((1, factory.SIZE, factory.SIZE, 3), (255, 165, 0), np.uint8)
    Golden.record(run, square, factory.PREPROCESSING)
    np.testing.assert_array_equal(seen, [preprocess(photo, factory.PREPROCESSING)])


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_a_replay_runs_a_single_photo_and_full_batches(batch: int, folder: Path) -> None:
    sizes: list[int] = []

    def run(pixels: np.ndarray) -> np.ndarray:
        sizes.append(len(pixels))
        return LOGITS[:1].repeat(len(pixels), axis=0)

    squares, logits = SQUARES[:1].repeat(9, axis=0), LOGITS[:1].repeat(9, axis=0)
    assert Golden(squares, logits).replay(run, built(folder), batch=batch) is None
    assert sizes[0] == 1
    assert sum(sizes) == 9
    assert max(sizes) == batch


def test_a_graph_with_other_answers_is_told_with_an_example(folder: Path) -> None:
    manifest = built(folder)
    golden = Golden.load(folder, manifest)
    assert golden is not None
    found = golden.replay(lambda batch: golden.logits[::-1][: len(batch)], manifest, batch=8)
    assert found is not None
    assert "golden photos get another keyword (such as " in found
    assert " is allowed" in found


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_other_last_digits_pass_and_more_than_the_tolerance_does_not(precision: str, folder: Path) -> None:
    manifest = built(folder, graph=Graph(precision, "", 1.0, 0.0, 9))
    spread_of_logits = float(LOGITS.std(axis=1).mean())

    def replayed(share: float) -> str | None:
        off = LOGITS.copy()
        off[2, 1] += share * spread_of_logits
        parts = iter(np.split(off, 5))
        return Golden(SQUARES, LOGITS).replay(lambda _: next(parts), manifest)

    assert replayed(0.98 * TOLERANCE[precision]) is None
    found = replayed(1.02 * TOLERANCE[precision])
    assert found is not None
    assert "0 of 5 golden photos get another keyword, logits are off" in found


def test_a_tie_may_change_the_keyword_and_a_clear_lead_may_not(folder: Path) -> None:
    """Both within the tolerance for each logit; only what two of them do together tells them apart."""
    manifest = built(folder, graph=Graph("int8", "", 1.0, 0.0, 9))
    for lead, passes in ((0.10, True), (0.25, False)):
        logits = np.array([[1 + lead, 1, -1, -1]], np.float32)
        swapped = np.array([[1 + lead - 0.13, 1 + 0.13, -1, -1]], np.float32)
        found = Golden(SQUARES[:1], logits).replay(lambda _, answer=swapped: answer, manifest)
        assert (found is None) == passes
        assert passes or "1 of 1 golden photos get another keyword (such as green-bowl for red-pan)" in str(found)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_graph_that_answers_no_number_is_told(bad: float, folder: Path) -> None:
    manifest = built(folder)
    found = Golden(SQUARES, LOGITS).replay(lambda batch: np.full((len(batch), 4), bad, np.float32), manifest)
    assert found is not None


def test_answers_of_another_shape_are_told(folder: Path) -> None:
    manifest = built(folder)
    found = Golden(SQUARES, LOGITS).replay(lambda batch: np.zeros((len(batch), 3), np.float32), manifest)
    assert found == "logits of shape (5, 3) instead of (5, 4)"


def test_what_is_written_is_read_back_and_equal_sets_give_equal_bytes(folder: Path) -> None:
    for name in ("golden.npz", "again.npz"):
        Golden(SQUARES, LOGITS).write(folder / name)
    content = (folder / "golden.npz").read_bytes()
    assert content == (folder / "again.npz").read_bytes()
    golden = Golden.load(folder, manifest_with(content, folder))
    assert golden is not None
    np.testing.assert_array_equal(golden.squares, SQUARES)
    np.testing.assert_array_equal(golden.logits, LOGITS)


def test_a_release_without_a_golden_set_has_none(folder: Path) -> None:
    folder.rmdir()
    assert Golden.load(folder, factory.build(folder, golden="none")) is None


def test_photos_are_spread_over_the_keywords() -> None:
    labels = [0] * 50 + [1] * 3 + [2]
    assert spread(labels, 6) == [0, 50, 53, 1, 51, 2]
    assert len(spread(labels)) == MOST
    assert sorted(labels[place] for place in spread(labels, 7)) == [0, 0, 0, 1, 1, 1, 2]
    assert spread([5, 5], 6) == [0, 1]
    assert spread([]) == []


def big(rows: int) -> np.ndarray:
    return np.zeros((rows, factory.SIZE, factory.SIZE, 3), np.uint8)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a zip"),
        (b"PK\x03\x04 but no more", "not a zip"),
        (archive(squares=SQUARES), "no item named 'logits.npy'"),
        (archive(squares=SQUARES, logits=LOGITS)[:-200], ""),
        (archive(squares=SQUARES, logits=b""), ""),
        (archive(squares=SQUARES, logits=b"\x93NUMPY\x01\x00"), ""),
        (archive(squares=SQUARES, logits=LOGITS[:4]), "5 photos, 4 rows"),
        (archive(squares=SQUARES, logits=LOGITS[:, :3]), r"logits are float32 \(5, 3\)"),
        (archive(squares=SQUARES, logits=LOGITS.astype(np.float64)), "logits are float64"),
        (archive(squares=SQUARES, logits=LOGITS * np.nan), "not all of them finite"),
        (archive(squares=SQUARES[:, :-1], logits=LOGITS), r"squares are uint8 \(5, 15, 16, 3\)"),
        (archive(squares=SQUARES[:0], logits=LOGITS[:0]), r"squares are uint8 \(0, 16, 16, 3\)"),
        (archive(squares=np.uint8(7), logits=LOGITS), "squares"),
        (archive(squares=big(MOST + 1), logits=np.zeros((MOST + 1, 4), np.float32)), r"squares are uint8 \(33"),
        (archive(squares=big(1000), logits=LOGITS), "squares has 768128 bytes, 28672 are allowed"),
        (archive(squares=header((10**12, 16, 16, 3)), logits=LOGITS), ""),
        (archive(squares=header((10**30,)), logits=LOGITS), ""),
        (archive(squares=header((-1, 16, 16, 3)), logits=LOGITS), ""),
        (archive(squares=SQUARES, logits=header((5, 4), "|O") + pickle.dumps([print] * 20)), "pickle"),
        (archive(squares=SQUARES, logits=np.array([[print]], object)), "pickle"),
    ],
)
def test_what_is_no_golden_set_is_refused_in_one_line(content: bytes, reason: str, folder: Path) -> None:
    manifest = manifest_with(content, folder)
    with pytest.raises(
        ReleaseError, match=rf"golden\.npz cannot be read \(.*{reason}.*publish the release again"
    ) as found:
        Golden.load(folder, manifest)
    assert "\n" not in str(found.value)


def test_a_golden_set_that_is_listed_but_missing_is_refused(folder: Path) -> None:
    manifest = built(folder)
    assert isinstance(manifest.files["golden.npz"], ReleaseFile)
    (folder / "golden.npz").unlink()
    with pytest.raises(ReleaseError, match="cannot be read"):
        Golden.load(folder, manifest)


@pytest.mark.parametrize("seed", range(8))
def test_damage_anywhere_is_refused_or_harmless_and_never_another_error(seed: int, folder: Path) -> None:
    generator = np.random.default_rng(seed)
    content = np.frombuffer(archive(squares=SQUARES, logits=LOGITS), np.uint8)
    for _ in range(40):
        damaged = content.copy()
        places = generator.integers(0, len(content), generator.integers(1, 6))
        damaged[places] = generator.integers(0, 256, len(places))
        manifest = manifest_with(damaged.tobytes(), folder)
        try:
            golden = Golden.load(folder, manifest)
        except ReleaseError:
            continue
        assert golden is not None
        assert golden.squares.shape == SQUARES.shape
