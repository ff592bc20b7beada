"""A folder keyworded while releases change and the API dies: the scenario of `keyword_run`, with fewer photos."""

import time
from pathlib import Path

import pytest

from tests.commands.keyword_run import Api, Photos, ended, keyworded_under_fire, recipe, verified


@pytest.fixture
def photos(tmp_path: Path) -> Photos:
    made = Photos(tmp_path / "photos")
    made.draw(60)
    return made


def test_every_photo_is_keyworded_once_though_releases_change_and_the_api_is_killed(
    photos: Photos, tmp_path: Path
) -> None:
    api = Api(tmp_path)
    run = keyworded_under_fire(photos, api, releases=20, workers=2)
    releases = verified(photos, api, run)
    cut_short = {"step 007.png", "step 057.png"}
    assert {Path(one.file).name for one in run.outcomes if one.outcome == "failed"} == cut_short
    assert run.status == 1
    assert all(f"failed: {one.file}: damaged" in run.errors for one in run.outcomes if one.outcome == "failed")
    assert sum(releases.values()) == 58
    assert len(releases) > 1
    original = dict(photos.before), dict(photos.times)

    photos.remember()
    again = ended(recipe(str(photos.folder), "--json", "--api", api.url), time.monotonic())
    assert {one.outcome for one in again.outcomes} == {"same", "failed"}
    assert photos.is_as_before()
    api.kill()

    photos.before, photos.times = original
    back = ended(recipe(str(photos.folder), "--json", "--undo"), time.monotonic())
    assert (back.status, {one.outcome for one in back.outcomes}) == (0, {"restored"})
    assert photos.is_as_before()
    assert photos.hidden() == []
