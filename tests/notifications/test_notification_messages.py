"""Messages as people read them, and as Slack takes them."""

from pathlib import Path

import pytest

from recipe_assets.notifications.message import LONGEST, Message, escaped, shortened
from recipe_assets.notifications.news import (
    Pages,
    drifted,
    listed,
    release_blocked,
    release_out,
    release_waits,
    run_failed,
)
from recipe_assets.release.pointer import point_at
from tests.release import factory

PAGES = Pages("http://ui:3000/")


def every_message(folder: Path) -> dict[str, Message]:
    manifest = factory.build(folder)
    pointer = point_at(manifest.release_id, "0" * 64, None)
    return {
        "failed": run_failed("new_shoot", "week-1", ["raw_images: no room"], PAGES.run("r1"), again="by hand"),
        "blocked": release_blocked(["confusion_matrix:beats_zero_shot blocks: worse"], PAGES.run("r1")),
        "out": release_out(manifest, pointer, "file:///releases", PAGES),
        "waits": release_waits(manifest, "file:///releases", PAGES),
        "drifted": drifted("distance 0.31", PAGES),
    }


def test_every_message_says_what_where_what_to_do_and_links_to_a_page(tmp_path: Path) -> None:
    for name, message in every_message(tmp_path / "release").items():
        assert all([message.what, message.where, message.to_do]), name
        assert message.link.startswith("http://ui:3000/"), name
        assert "//runs" not in message.link, name
        for text in (message.line, message.slack_text):
            assert message.what in text, name
            assert message.link in text, name
        assert "\n" not in message.line, name


def test_a_failed_run_names_job_shoot_and_reason(tmp_path: Path) -> None:
    line = every_message(tmp_path / "release")["failed"].line
    assert line.startswith(
        "new_shoot failed for week-1 (job new_shoot, shoot week-1; raw_images: no room). To do: "
    )
    assert line.endswith("http://ui:3000/runs/r1")


def test_a_run_that_left_no_word_is_told_as_such() -> None:
    assert "killed, or ran out of memory" in run_failed("retrain", None, [], PAGES.run("r"), again="by hand").line


def test_a_rollback_is_told_as_one_and_a_first_release_is_not(tmp_path: Path) -> None:
    manifest = factory.build(tmp_path / "release")
    newer = point_at(manifest.release_id, "0" * 64, "29991231T000000Z-ffffffff")
    back = release_out(manifest, newer, "s3://store", PAGES)
    assert "rolled back" in back.what
    assert back.warns
    first = release_out(manifest, point_at(manifest.release_id, "0" * 64, None), "s3://store", PAGES)
    assert "rolled back" not in first.what
    assert not first.warns
    assert "the release before: none" in first.details


def test_a_file_name_cannot_call_a_channel() -> None:
    text = run_failed(
        "new_shoot", "<!channel> & co", ["<@U1> is unreadable"], PAGES.run("r"), again="soon"
    ).slack_text
    assert "<!channel>" not in text
    assert "&lt;!channel&gt; &amp; co" in text
    assert "<@U1>" not in text


def test_many_reasons_are_counted_instead_of_listed() -> None:
    assert listed([f"reason {number}" for number in range(8)]).splitlines()[-1] == "and 3 more"
    assert listed(["two\n  lines"]) == "two lines"


def test_a_novel_is_cut_and_keeps_what_to_do_and_link() -> None:
    novel = run_failed("new_shoot", None, ["<" * 9000], PAGES.run("r"), again="by hand")
    assert len(novel.slack_text) <= LONGEST
    assert novel.slack_text.endswith("<http://ui:3000/runs/r|Open in Dagster>")
    assert "*To do:*" in novel.slack_text


@pytest.mark.parametrize("longest", range(12, 40))
def test_a_cut_never_leaves_half_an_escaped_character(longest: int) -> None:
    text = shortened(escaped("<&>" * 20), longest)
    assert len(text) <= longest
    plain = text.replace("&lt;", "").replace("&gt;", "").replace("&amp;", "")
    assert "&" not in plain
