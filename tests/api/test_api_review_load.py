"""Many people answer at once, through two APIs of which one is killed: none lost, none doubled, order kept.

The whole size of it is `python -m tests.api.review_load`.
"""

from pathlib import Path

from recipe_assets.release.places import open_objects
from recipe_assets.review.journal import Journal
from tests.api.review_load import complaints, run


def test_no_answer_is_lost_doubled_or_out_of_order(tmp_path: Path) -> None:
    crowd, store = run(tmp_path, people=10, answers=150, photos=12)
    assert complaints(crowd, store) == []
    assert len(list(Journal(open_objects(store)).all())) == 150
    # The measure itself is tested, too: an answer that is gone is noticed.
    kept = sorted((tmp_path / "store" / "review" / "answers").rglob("*.json"))
    kept[-1].unlink()
    assert any(one.startswith("lost") for one in complaints(crowd, store))
