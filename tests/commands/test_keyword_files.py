"""`recipe keyword` on files of every kind and name: pipes, dead links, names that are not UTF-8, protection."""

import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from recipe_assets.commands.keywording.files import undo_folder
from recipe_assets.commands.keywording.service import Service
from recipe_assets.commands.keywording.tagging import Rules, keyword_photo
from recipe_assets.commands.keywording.undoing import undo_all
from recipe_assets.studio.metadata import read_provenance
from tests.commands.conftest import Desk
from tests.commands.keyword_run import Run, ended, recipe
from tests.powers import without_powers
from tests.release import factory
from tests.studio.metadata_files import psd

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""A machine on which Python takes names for ASCII, so that each byte beyond stands for itself."""
FAILS = "failed", "is not a plain file"


def run(*arguments: str, **environ: str) -> Run:
    """The command in a process of its own."""
    return ended(recipe(*arguments, "--json", **environ), time.monotonic())


def printed(*arguments: str, encoding: str) -> tuple[int, bytes, bytes]:
    """Status and bytes of the command where the terminal has an encoding of its own."""
    process = recipe(*arguments, PYTHONIOENCODING=encoding)
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        output, errors = process.stdout.buffer.read(), process.stderr.buffer.read()
    return process.returncode, output, errors


@pytest.fixture
def odd(desk: Desk) -> Desk:
    """A folder with a photo, and with a pipe, a socket, and a device behind a link, that are called photos."""
    desk.put("good.jpg")
    os.mkfifo(desk.folder / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(desk.folder / "socket.jpg"))
    (desk.folder / "zeros.jpg").symlink_to("/dev/zero")
    return desk


def test_what_is_no_plain_file_is_named_and_the_others_done(odd: Desk) -> None:
    done = run(str(odd.folder), "--api", odd.url)
    kinds = {Path(one.file).name: (one.outcome, one.detail) for one in done.outcomes}
    assert kinds == {"good.jpg": ("keyworded", None), "pipe.jpg": FAILS, "socket.jpg": FAILS, "zeros.jpg": FAILS}
    assert done.status == 1
    back = run(str(odd.folder), "--undo")
    kinds = {Path(one.file).name: (one.outcome, one.detail) for one in back.outcomes}
    assert kinds == {"good.jpg": ("restored", None), "pipe.jpg": FAILS, "socket.jpg": FAILS, "zeros.jpg": FAILS}
    assert not undo_folder(odd.folder).exists()


def test_a_pipe_that_is_named_itself_is_told(odd: Desk) -> None:
    pipe = odd.folder / "pipe.jpg"
    [told] = run(str(pipe), "--api", odd.url).outcomes
    assert (told.file, told.outcome, told.detail) == (str(pipe), *FAILS)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_where_something_else_has_the_name_of_the_xmp_file_it_is_told(
    desk: Desk, make: Callable[[Path], None]
) -> None:
    desk.put("one.psd", psd(b""))
    desk.put("two.jpg")
    make(desk.folder / "one.xmp")
    make(desk.folder / "two.xmp")
    told = desk.keyword()
    assert told["one.psd"].detail == "one.xmp beside it is not a plain file"
    assert told["two.jpg"].outcome == "keyworded"


def test_each_photo_is_called_as_its_caller_finds_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [desk.put(f"{folder}/x.jpg", b"no photo") for folder in ("f1", "f2")]
    elsewhere = desk.folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    folders = [str(path.parent) for path in paths]
    for named in (folders, [str(path) for path in paths]):
        said = desk.recipe(*named).stderr
        assert all(f"failed: {path}: " in said for path in paths)
    assert "failed: ../f1/x.jpg: " in desk.recipe("../f1").stderr
    monkeypatch.chdir(desk.folder)
    assert "failed: f1/x.jpg: " in desk.recipe(folders[0]).stderr


def test_an_undo_calls_photos_as_keywording_does(desk: Desk) -> None:
    names = [str(desk.put(f"{folder}/x.jpg")) for folder in ("f1", "f2")]
    folders = [str(Path(name).parent) for name in names]
    assert [one.file for one in run(*folders, "--api", desk.url).outcomes] == names
    assert [one.file for one in run(*folders, "--undo").outcomes] == names


def test_a_link_that_leads_nowhere_is_called_by_its_name(desk: Desk) -> None:
    good = desk.put("good.jpg")
    broken, loop = desk.folder / "broken.jpg", desk.folder / "loop.jpg"
    broken.symlink_to("/nonexist")
    loop.symlink_to(loop.name)
    for named in ([desk.folder], [broken, good, loop]):
        said = desk.recipe(*map(str, named))
        assert f"failed: {broken}: is a link to /nonexist, which leads nowhere" in said.stderr
        assert f"failed: {loop}: is a link to loop.jpg, which leads nowhere" in said.stderr
        assert said.exit_code == 1
    assert read_provenance(good.read_bytes()) is not None
    assert broken.is_symlink()


@pytest.fixture
def old(desk: Desk) -> Desk:
    """Photos with names in Latin-1, of another old camera, and in a folder of such a name."""
    for number, name in enumerate((b"bad\xff.jpg", b"caf\xe9.jpg", b"k\xf6ln/one.jpg", "日本.jpg".encode())):
        path = desk.put(os.fsdecode(name), factory.photo("red", (64, 40 + number)))
        os.utime(path, ns=(10**18, 10**18 + number))
    desk.put(os.fsdecode(b"plan\xe9.psd"), psd(b""))
    return desk


CALLED = {r"bad\xff.jpg", r"caf\xe9.jpg", "one.jpg", "日本.jpg", r"plan\xe9.psd"}


def test_names_that_are_not_utf_8_are_keyworded_and_put_back(old: Desk) -> None:
    before = old.state()
    shown = run(str(old.folder), "--api", old.url, "--dry-run")
    done = run(str(old.folder), "--api", old.url, **ASCII)
    for told in (shown, done):
        assert {Path(one.file).name: one.outcome for one in told.outcomes} == dict.fromkeys(CALLED, "keyworded")
        assert told.status == 0
    assert all(read_provenance(photo.read_bytes()) is not None for photo in old.folder.rglob("*.jpg"))
    assert {one.outcome for one in run(str(old.folder), "--api", old.url).outcomes} == {"same"}
    back = run(str(old.folder), "--undo")
    assert (back.status, {one.outcome for one in back.outcomes}) == (0, {"restored"})
    assert old.state() == before


def test_a_photo_with_an_odd_name_that_was_renamed_is_put_back(old: Desk) -> None:
    before = old.state()[os.fsdecode(b"caf\xe9.jpg")][0]
    old.keyword()
    (old.folder / os.fsdecode(b"caf\xe9.jpg")).rename(old.folder / "café.jpg")
    old.keyword("--undo")
    assert (old.folder / "café.jpg").read_bytes() == before


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_every_name_is_printed_on_every_terminal(old: Desk, encoding: str) -> None:
    desk = old
    desk.put(os.fsdecode(b"cut\xff\xe5\x86\x99.jpg"), b"no photo")
    status, output, errors = printed(str(desk.folder), "--api", desk.url, "--dry-run", encoding=encoding)
    assert (status, b"Traceback" in errors) == (1, False)
    assert rb"bad\xff.jpg: red-pan" in output
    assert rb"cut\xff" in errors
    status, output, _ = printed(str(desk.folder), "--api", desk.url, "--json", encoding=encoding)
    lines = [msgspec.json.decode(line) for line in output.splitlines()]
    assert {Path(line["file"]).name for line in lines} == {*CALLED, r"cut\xff写.jpg"}


def test_entries_keep_plain_names_as_text_and_others_as_bytes_too(desk: Desk) -> None:
    desk.put("Malmö.jpg")
    desk.put(os.fsdecode(b"caf\xe9.jpg"), factory.photo("lime"))
    desk.keyword()
    entries = [msgspec.msgpack.decode(path.read_bytes()) for path in undo_folder(desk.folder).glob("*.undo")]
    assert {(entry["name"], entry["name_bytes"]) for entry in entries} == {
        ("Malmö.jpg", None),
        (r"caf\xe9.jpg", b"caf\xe9.jpg"),
    }


def test_entries_of_an_earlier_version_are_read(desk: Desk) -> None:
    path = desk.put("Malmö.jpg")
    before = path.read_bytes()
    desk.keyword()
    [file] = undo_folder(desk.folder).glob("*.undo")
    entry = msgspec.msgpack.decode(file.read_bytes())
    del entry["name_bytes"]
    file.write_bytes(msgspec.msgpack.encode(entry))
    assert desk.kinds("--undo") == {"Malmö.jpg": "restored"}
    assert path.read_bytes() == before


@pytest.fixture
def shared(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A folder in which everybody may make files, wherever the test's own folders are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        made = Desk(Path(name) / "photos", desk.url)
        made.folder.chmod(0o777)
        yield made


@pytest.mark.parametrize("rules", [Rules(), Rules(dry_run=True)])
def test_a_write_protected_photo_is_refused_and_stays(shared: Desk, rules: Rules) -> None:
    path, free = shared.put("one.jpg"), shared.put("free.jpg")
    path.chmod(0o444)
    free.chmod(0o666)
    before = shared.state()
    with closing(Service([shared.url])) as service, without_powers():
        told, other = (keyword_photo(photo, photo.name, service, rules) for photo in (path, free))
    assert (told.outcome, told.detail) == (
        "failed",
        "one.jpg is write-protected: allow writing to it, then run this again",
    )
    assert other.outcome == "keyworded"
    assert shared.state()["one.jpg"] == before["one.jpg"]


def test_a_protected_photo_that_is_not_rewritten_gets_its_xmp_file(shared: Desk) -> None:
    path = shared.put("one.psd", psd(b""))
    path.chmod(0o444)
    with closing(Service([shared.url])) as service, without_powers():
        told = keyword_photo(path, path.name, service, Rules())
        path.with_suffix(".xmp").chmod(0o444)
        again = undo_all([path], False, lambda done, total: None)
    assert told.outcome == "keyworded"
    assert [(one.outcome, one.detail) for one in again] == [
        ("failed", "one.xmp is write-protected: allow writing to it, then run this again")
    ]


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_undo_refuses_a_photo_that_was_protected_since(shared: Desk, dry_run: bool) -> None:
    path = shared.put("one.jpg")
    shared.keyword()
    path.chmod(0o444)
    written = path.read_bytes()
    with without_powers():
        [told] = undo_all([shared.folder], dry_run, lambda done, total: None)
    assert (told.outcome, "is write-protected" in str(told.detail)) == ("failed", True)
    assert path.read_bytes() == written
    path.chmod(0o644)
    assert shared.kinds("--undo") == {"one.jpg": "restored"}


def test_an_undo_of_nothing_says_so(desk: Desk) -> None:
    assert desk.recipe(str(desk.folder), "--undo").stdout == "nothing to put back\n"
    path = desk.put("one.jpg")
    for named in (desk.folder, path):
        nothing = desk.recipe(str(named), "--undo")
        assert (nothing.exit_code, nothing.stdout) == (0, "nothing to put back\n")
