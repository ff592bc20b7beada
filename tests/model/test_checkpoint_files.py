"""What a checkpoint's files say by themselves: its licence, and which one it is."""

import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from recipe_assets.model.checkpoint_files import licence_of
from recipe_assets.model.identity import checkpoint_identity
from tests.model.breaking import WEIGHTS


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: apache-2.0\n---\n# X\n", "apache-2.0"),
        ("---\ntags:\n- vision\nlicense: mit  \n---\n", "mit"),
        ("---\nlicense:\n- mit\n- cc-by-4.0\n---\n", "mit and cc-by-4.0"),
        ("---\nlicense: other\nlicense_name: apple-amlr\nlicense_link: LICENSE\n---\n", "apple-amlr"),
        ("---\nlicense: other\n---\n", "other"),
        ("---\ntags: [vision]\n---\nlicense: none of this is front matter\n", None),
        ("# A card without front matter\nlicense: x\n", None),
        ("---\nlicense: [unclosed\n---\n", None),
        ("---\n- a list\n---\n", None),
        ("", None),
    ],
)
def test_the_licence_is_what_the_cards_front_matter_states(tmp_path: Path, card: str, licence: str | None) -> None:
    (tmp_path / "README.md").write_text(card, encoding="utf-8")
    assert licence_of(tmp_path) == licence


def test_a_card_that_is_not_text_and_a_missing_card_state_no_licence(tmp_path: Path) -> None:
    assert licence_of(tmp_path) is None
    (tmp_path / "README.md").write_bytes(b"---\nlicense: \xff\xfe\n---\n")
    assert licence_of(tmp_path) is None


def test_the_identity_of_a_folder_changes_with_its_weights_and_hides_its_path(
    untrained_checkpoint: Path, tmp_path: Path
) -> None:
    clip = Path(shutil.copytree(untrained_checkpoint, tmp_path / "my-clip"))
    before = checkpoint_identity(str(clip))
    assert before.startswith("my-clip ")
    assert str(clip.parent) not in before
    weights = load_file(clip / WEIGHTS)
    save_file({name: value + 0.5 for name, value in weights.items()}, clip / WEIGHTS, metadata={"format": "pt"})
    assert checkpoint_identity(str(clip)) != before
