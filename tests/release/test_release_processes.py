"""Publishers in processes of their own: at the same time, and killed at any moment."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.release import factory
from tests.release.conftest import ROOT, Place

SECONDS = 30


def start(place: Place, folder: Path, number: int, moment: str = "never") -> subprocess.Popen[str]:
    """A publisher that has read the pointer and waits for a line."""
    command = [sys.executable, "-m", "tests.release.publisher", place.url, str(folder), str(number), moment]
    environ = os.environ | place.environ
    publisher = subprocess.Popen(
        command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert publisher.stdout.readline() == "ready\n"
    return publisher


def test_of_two_publishers_at_once_exactly_one_wins_and_nothing_is_lost(place: Place, tmp_path: Path) -> None:
    manifests = [factory.build(tmp_path / str(number), number, bias=float(number)) for number in (1, 2)]
    publishers = [start(place, tmp_path / str(number), number) for number in (1, 2)]
    for publisher in publishers:
        publisher.stdin.write("go\n")
        publisher.stdin.flush()
    answers = [publisher.communicate(timeout=SECONDS)[0] for publisher in publishers]
    assert sorted(answer.split()[0] for answer in answers) == ["conflict", "current"]
    winner = manifests[0 if answers[0].startswith("current") else 1]
    store = place.open()
    assert store.read_pointer().pointer.release_id == winner.release_id
    assert store.list_releases() == manifests
    for manifest in manifests:
        store.fetch(manifest.release_id, tmp_path / "copies" / manifest.release_id)


@pytest.mark.parametrize("moment", ["second-file", "last-file", "before-verifying", "before-swap", "after-swap"])
def test_a_killed_publisher_leaves_the_current_release_and_can_run_again(
    place: Place, tmp_path: Path, moment: str
) -> None:
    store = place.open()
    first = store.publish(tmp_path / "1", factory.build(tmp_path / "1", 1), None)
    manifest = factory.build(tmp_path / "2", 2, bias=2.0)
    killed = start(place, tmp_path / "2", 2, moment)
    killed.communicate("go\n", timeout=SECONDS)
    assert killed.returncode == -signal.SIGKILL
    now = store.read_pointer()
    expected = manifest.release_id if moment == "after-swap" else first.release_id
    assert now.pointer.release_id == expected
    store.fetch(expected, tmp_path / "copies" / "before", now.pointer.manifest_sha256)
    again = store.publish(tmp_path / "2", manifest, now.token)
    assert (again.release_id, again.previous) == (manifest.release_id, first.release_id)
    assert store.fetch(manifest.release_id, tmp_path / "copies" / "after", again.manifest_sha256) == manifest
    assert [found.release_id for found in store.list_releases()] == [first.release_id, manifest.release_id]
