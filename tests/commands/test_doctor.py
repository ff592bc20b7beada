"""`recipe doctor` on a machine where all is well, and on one where each thing in turn is not."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from recipe_assets.cli import main
from recipe_assets.commands.checkup import installed
from recipe_assets.commands.checkup.settings import known_names
from recipe_assets.release.store import open_store
from tests.api.conftest import Running
from tests.release import factory
from tests.studio.pictures import write_shoot

ROOT = Path(__file__).parents[2]
Found = dict[str, list[tuple[str, str]]]


@pytest.fixture
def healthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: Running) -> Callable[..., Found]:
    """The doctor's findings by what it looked at, after changes of the environment."""
    for name in [name for name in known_names() if name.startswith("RECIPE_")]:
        monkeypatch.delenv(name, raising=False)
    store = open_store(str(tmp_path / "releases"))
    store.publish(tmp_path / "built", factory.build(tmp_path / "built", 1), None)
    write_shoot(tmp_path / "shoots", "week-1", {"one.jpg": factory.photo()})
    settings = {
        "DAGSTER_HOME": str(tmp_path / "home"), "RECIPE_RELEASES": str(tmp_path / "releases"),
        "RECIPE_STUDIO": str(tmp_path / "shoots"), "RECIPE_API_URLS": api.url,
    }  # fmt: skip

    def found(**changes: str) -> Found:
        for name, value in {**settings, **changes}.items():
            monkeypatch.setenv(name, value)
        outcome = CliRunner().invoke(main, ["doctor", "--json"])
        report = json.loads(outcome.stdout)
        assert (outcome.exit_code == 1) == (report["errors"] > 0)
        by_name: Found = {}
        for finding in report["findings"]:
            by_name.setdefault(finding["what"], []).append((finding["status"], finding["message"]))
        return by_name

    return found


def test_where_all_is_well_it_says_so(healthy: Callable[..., Found], tmp_path: Path) -> None:
    found = healthy()
    assert {status for name in found if name != "disk" for status, _ in found[name]} == {"ok"}
    looks = "versions settings home disk studio vocabulary base releases outbox MLflow API"
    assert list(found) == looks.split()
    assert not (tmp_path / "home").exists(), "a look changes nothing"


def test_people_get_a_line_for_each_finding_and_a_status(healthy: Callable[..., Found]) -> None:
    healthy(RECIPE_APPROVAL="maybe")
    outcome = CliRunner().invoke(main, ["doctor"])
    lines = outcome.stdout.splitlines()
    assert outcome.exit_code == 1
    assert "error   settings   RECIPE_APPROVAL is 'maybe': set it to required or none, or leave it out" in lines
    assert lines[-1] == "1 errors, 0 warnings"


@pytest.mark.parametrize(
    ("what", "changes", "status", "says"),
    [
        ("settings", {"RECIPE_STUDIOS": "/photos"}, "warning", "RECIPE_STUDIOS is read by nothing: did you mean"),
        ("settings", {"RECIPE_API_PORT": "many"}, "error", "RECIPE_API_PORT='many' cannot be used"),
        ("settings", {"RECIPE_API_KEYS": "nobody"}, "error", "RECIPE_API_KEYS cannot be used"),
        ("settings", {"RECIPE_UI_PORT": "0"}, "error", "RECIPE_UI_PORT=0 is not a port"),
        ("settings", {"RECIPE_API_URLS": "localhost:8000"}, "error", "'localhost:8000' is no address"),
        ("settings", {"RECIPE_RETRAIN_AFTER": "soon"}, "error", "RECIPE_RETRAIN_AFTER is 'soon'"),
        ("settings", {"RECIPE_OUTBOX_ON_RELEASE": "wirte"}, "error", "RECIPE_OUTBOX_ON_RELEASE is 'wirte'"),
        ("settings", {"RECIPE_SLACK_TOKEN": "xoxb"}, "warning", "need each other"),
        ("studio", {"RECIPE_STUDIO": "/nowhere"}, "error", "/nowhere does not exist: set RECIPE_STUDIO"),
        ("vocabulary", {"RECIPE_VOCABULARY": "/nowhere.yaml"}, "error", "/nowhere.yaml cannot be read"),
        ("base", {"RECIPE_BASE_CHECKPOINT": "builtin:huge"}, "error", "is neither a folder nor a hub id"),
        ("base", {"RECIPE_BASE_CHECKPOINT": "/tmp"}, "error", "/tmp has no configuration"),
        ("base", {"RECIPE_BASE_CHECKPOINT": "nobody/nothing"}, "warning", "is not in the hub's cache"),
        ("releases", {"RECIPE_RELEASES": "ftp://x"}, "error", "'ftp://x' is not a release store"),
        ("releases", {"RECIPE_RELEASES": "/etc/hostname"}, "error", "is no folder"),
        ("outbox", {"RECIPE_OUTBOX": "/etc/hostname/outbox"}, "error", "/etc/hostname is no folder"),
        ("MLflow", {"RECIPE_MLFLOW_URI": "mlruns"}, "error", "is a folder, which MLflow refuses"),
        ("MLflow", {"RECIPE_MLFLOW_URI": "http://127.0.0.1:9"}, "error", "does not answer (ConnectError)"),
        ("API", {"RECIPE_API_URLS": "http://127.0.0.1:9"}, "error", "take it out of RECIPE_API_URLS"),
        ("API", {"RECIPE_API_URLS": "", "RECIPE_API_PORT": "9"}, "warning", "start it with `make up`"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    healthy: Callable[..., Found], what: str, changes: dict[str, str], status: str, says: str
) -> None:
    found = healthy(**changes)
    assert [one for one in found[what] if one[0] == status and says in one[1]], found[what]


@pytest.mark.parametrize("outbox", ["shoots/out", "shoots", ".", "shoots/../shoots/week-1", "link/out"])
@pytest.mark.parametrize("as_url", [False, True])
def test_an_outbox_that_the_run_would_refuse_is_said(
    healthy: Callable[..., Found], tmp_path: Path, outbox: str, as_url: bool
) -> None:
    (tmp_path / "link").symlink_to("shoots")
    place, studio = tmp_path / outbox, tmp_path / "shoots"
    changes = {"RECIPE_OUTBOX": f"file://{place}", "RECIPE_STUDIO": studio.as_uri()} if as_url else {}
    [(status, said)] = healthy(**{"RECIPE_OUTBOX": str(place), **changes})["outbox"]
    assert (status, "lie in each other" in said) == ("error", True)


def test_an_outbox_in_the_bucket_of_the_studio_is_said(
    healthy: Callable[..., Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    found = healthy(RECIPE_STUDIO="s3://photos/shoots", RECIPE_OUTBOX="s3://photos/shoots/out")["outbox"]
    assert [(status, "lie in each other" in said) for status, said in found] == [("error", True)]


@pytest.mark.parametrize("name", ["/proc/out", "/proc/out/deeper", "gopher://photos/out"])
def test_an_outbox_that_can_never_be_is_said(healthy: Callable[..., Found], name: str) -> None:
    [(status, said)] = healthy(RECIPE_OUTBOX=name)["outbox"]
    assert (status, "RECIPE_OUTBOX" in said) == ("error", True)


def test_an_outbox_behind_a_dead_link_is_said_and_a_good_one_leaves_no_trace(
    healthy: Callable[..., Found], tmp_path: Path
) -> None:
    (tmp_path / "dead").symlink_to("nowhere")
    [(status, said)] = healthy(RECIPE_OUTBOX=str(tmp_path / "dead" / "out"))["outbox"]
    assert (status, "dead is no folder" in said) == ("error", True)
    (tmp_path / "good").mkdir()
    assert healthy(RECIPE_OUTBOX=str(tmp_path / "good"))["outbox"][0][0] == "ok"
    assert list((tmp_path / "good").iterdir()) == []


def test_each_setting_that_is_wrong_is_said(healthy: Callable[..., Found]) -> None:
    wrong = {
        "RECIPE_API_PORT": "many", "RECIPE_UI_PORT": "0", "RECIPE_APPROVAL": "maybe",
        "RECIPE_RETRAIN_AFTER": "0", "RECIPE_OUTBOX_ON_RELEASE": "delete",
    }  # fmt: skip
    found = healthy(**wrong)["settings"]
    assert [(status, re.findall("RECIPE_[A-Z_]+", said)[0]) for status, said in found] == [
        ("error", name) for name in wrong
    ]


def test_a_damaged_release_and_one_that_the_api_does_not_serve_are_said(
    healthy: Callable[..., Found], tmp_path: Path
) -> None:
    store = open_store(str(tmp_path / "releases"))
    newer = store.publish(tmp_path / "two", factory.build(tmp_path / "two", 2), store.read_pointer().token)
    [(status, said)] = healthy()["API"]
    assert (status, newer.release_id in said) == ("warning", True)
    (tmp_path / "releases" / "releases" / newer.release_id / "image_encoder.onnx").write_bytes(b"broken")
    [(status, said)] = healthy()["releases"]
    assert (status, "is not what its manifest says" in said) == ("error", True)


def test_a_bucket_out_of_reach_is_one_line(healthy: Callable[..., Found], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    [(status, said)] = healthy(RECIPE_RELEASES="s3://bucket/releases")["releases"]
    assert (status, "\n" in said) == ("error", False)
    assert "s3://bucket/releases" in said


def test_a_package_of_another_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    right = installed.version
    monkeypatch.setattr(installed, "version", lambda name: "2.12.0" if name == "torch" else right(name))
    [found] = [one for one in installed.look_at_versions() if one.status == "error"]
    assert found.message == "torch 2.12.0 is installed, the project needs ==2.13.0: run `make setup`"


def test_every_variable_that_the_code_reads_is_known() -> None:
    """Else the doctor would tell people to take out a setting that works."""
    pattern = re.compile(r"environ(?:\.get\(|\[)\s*\"(RECIPE_[A-Z_]+)\"|_setting\(\"(RECIPE_[A-Z_]+)\"")
    read = {
        name
        for folder in ("recipe_assets", "api")
        for path in (ROOT / folder).rglob("*.py")
        for found in pattern.findall(path.read_text(encoding="utf-8"))
        for name in found
        if name
    }
    assert len(read) > 8
    assert sorted(read - known_names()) == []
