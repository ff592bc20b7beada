"""`recipe releases list|show|diff|rollback` over a real store."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from recipe_assets.cli import main
from recipe_assets.release.manifest import Manifest, ReleasedKeyword, decode_manifest
from recipe_assets.release.store import ReleaseStore, open_store
from tests.release import factory


class Shelf:
    """Two published releases and one that waits, and the command line on them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store: ReleaseStore = open_store(str(root / "releases"))
        self.manifests = [self._built(number) for number in (1, 2, 3)]
        first, second, third = self.manifests
        self.store.publish(root / "1", first, None)
        self.store.publish(root / "2", second, self.store.read_pointer().token)
        self.store.propose(root / "3", third, second.release_id)
        self.ids = [manifest.release_id for manifest in self.manifests]

    def _built(self, number: int) -> Manifest:
        manifest = factory.build(self.root / str(number), number)
        if number == 1:
            return manifest
        words = [ReleasedKeyword("red-pan", "red frying pan", "stove"), *manifest.keywords[1:3]]
        words.append(ReleasedKeyword("black-tray", "black tray", "oven"))
        metrics = msgspec.structs.replace(
            manifest.metrics,
            macro_accuracy=0.925,
            photos=130,
            per_keyword={"red-pan": manifest.metrics.per_keyword["red-pan"]},
        )
        return msgspec.structs.replace(manifest, keywords=tuple(words), metrics=metrics, temperature=1.25)

    def releases(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["releases", *arguments])


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RECIPE_RELEASES", str(tmp_path / "releases"))
    monkeypatch.setenv("RECIPE_MLFLOW_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    return Shelf(tmp_path)


def test_the_list_is_json_for_programs(shelf: Shelf) -> None:
    lines = [json.loads(line) for line in shelf.releases("list", "--json").stdout.splitlines()]
    assert [line["release_id"] for line in lines] == shelf.ids
    assert [line["mark"] for line in lines] == [None, "current", "waits for approval"]
    assert lines[1]["macro_accuracy"] == 0.925


@pytest.mark.parametrize(
    ("name", "place"), [("current", 1), ("previous", 0), ("candidate", 2), ("20261122T2106", 0), ("", 1)]
)
def test_show_finds_a_release_by_what_it_is_or_how_it_begins(shelf: Shelf, name: str, place: int) -> None:
    shown = shelf.releases("show", *filter(None, [name]))
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[0].split()[1] == shelf.ids[place]


def test_show_says_how_good_it_is_and_gives_its_manifest(shelf: Shelf) -> None:
    said = shelf.releases("show").stdout
    assert "(current)" in said.splitlines()[0]
    assert "macro accuracy        92.5 %" in said
    assert "95 % interval         85.0 to 94.0 %" in said
    assert any(line.split() == ["red-pan", "90.0", "%", "30", "stove"] for line in said.splitlines())
    manifest = decode_manifest(shelf.releases("show", "--json").stdout.encode())
    assert manifest == shelf.manifests[1]


def test_show_reads_every_stored_file_back(shelf: Shelf) -> None:
    assert "all stored files are as the manifest says" in shelf.releases("show", "--verify").stdout
    graph = shelf.root / "releases" / "releases" / shelf.ids[1] / "image_encoder.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"?")
    damaged = shelf.releases("show", "--verify")
    assert (damaged.exit_code, "image_encoder.onnx has other content" in damaged.stderr) == (1, True)


def test_a_beginning_that_fits_several_or_none_is_said(shelf: Shelf) -> None:
    several, none = shelf.releases("show", "2026"), shelf.releases("show", "1999")
    assert (several.exit_code, none.exit_code) == (1, 1)
    assert "is the beginning of 3 releases" in several.stderr
    assert "has no release '1999': see `recipe releases list`" in none.stderr


def test_diff_says_what_differs_and_nothing_else(shelf: Shelf) -> None:
    said = shelf.releases("diff").stdout
    assert said.splitlines()[0] == f"{shelf.ids[0]} -> {shelf.ids[1]}"
    lines = {" ".join(line.split()) for line in said.splitlines()}
    assert "macro accuracy 90.0 % -> 92.5 % (+2.5 points)" in lines
    assert "temperature 1.5 -> 1.25" in lines
    assert "red-pan: prompt red pan -> red frying pan" in lines
    assert "black-tray: pipeline none -> oven" in lines
    assert "gray-tray: pipeline stove -> none" in lines
    assert "accuracies stand for different test photos" in said
    assert not any("green-bowl: pipeline" in line or "licence" in line for line in lines)


def test_diff_is_json_for_programs_and_takes_two_names(shelf: Shelf) -> None:
    found = json.loads(shelf.releases("diff", "candidate", "previous", "--json").stdout)
    assert (found["old"], found["new"]) == (shelf.ids[2], shelf.ids[0])
    by_name = {one["what"]: (one["before"], one["after"]) for one in found["differences"]}
    assert by_name["macro accuracy"] == (0.925, 0.9)
    assert by_name["black-tray: prompt"] == ("black tray", None)


def test_a_release_is_equal_to_itself(shelf: Shelf) -> None:
    assert "the manifests say the same" in shelf.releases("diff", "current", "current").stdout


def test_rollback_takes_the_beginning_of_an_id(shelf: Shelf) -> None:
    back = shelf.releases("rollback", shelf.ids[0][:13])
    assert back.stdout == f"{shelf.ids[0]} is current\n"
    assert shelf.store.read_pointer().pointer.release_id == shelf.ids[0]


def test_before_the_first_release_everything_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("RECIPE_RELEASES", str(tmp_path / "empty"))
    for command in (["show"], ["diff"]):
        outcome = CliRunner().invoke(main, ["releases", *command])
        assert (outcome.exit_code, "has no release" in outcome.stderr) == (1, True)


def test_with_one_release_there_is_nothing_to_compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RECIPE_RELEASES", str(tmp_path / "releases"))
    store = open_store(str(tmp_path / "releases"))
    only = factory.build(tmp_path / "1", 1)
    store.publish(tmp_path / "1", only, None)
    for command in (["diff"], ["diff", "current", "previous"], ["show", "previous"]):
        outcome = CliRunner().invoke(main, ["releases", *command])
        assert outcome.exit_code == 1
        assert (
            f"has only one release, {only.release_id}: there is nothing before it to show or to compare"
            in outcome.stderr
        )
    waiting = factory.build(tmp_path / "2", 2)
    store.propose(tmp_path / "2", waiting, only.release_id)
    said = CliRunner().invoke(main, ["releases", "diff"]).stderr
    assert "has no release before the current one: name one, see `recipe releases list`" in said
