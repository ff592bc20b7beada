"""Bad input on the command line: one line that names the thing and the cure, and nothing published."""

import json
import socket

import pytest

from tests.defs.conftest import Place


def error_of(place: Place, **settings: str) -> str:
    """The one error line; the job must fail, show no stack trace and publish nothing."""
    outcome = place.recipe("materialize", **settings)
    assert outcome.returncode == 1, outcome.stdout
    assert "Traceback" not in outcome.stdout
    assert place.released() == []
    errors = [line for line in outcome.stdout.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, outcome.stdout
    return errors[0]


def test_an_empty_studio(own_place: Place) -> None:
    empty = own_place.root / "empty"
    empty.mkdir()
    error = error_of(own_place, RECIPE_STUDIO=str(empty))
    assert f"the studio {empty} has no shoot" in error
    assert "RECIPE_STUDIO" in error


def test_a_missing_studio(own_place: Place) -> None:
    error = error_of(own_place, RECIPE_STUDIO=str(own_place.root / "nowhere"))
    assert "nowhere does not exist" in error


def test_a_vocabulary_that_names_a_keyword_twice(own_place: Place) -> None:
    own_place.vocabulary.write_text(own_place.vocabulary.read_text() + "  red: {prompt: again}\n")
    error = error_of(own_place)
    assert str(own_place.vocabulary) in error
    assert "'red' stands twice (again in line 5)" in error


@pytest.mark.parametrize("kind", ["bert", "siglip2"])
def test_a_base_checkpoint_that_is_not_clip(own_place: Place, kind: str) -> None:
    folder = own_place.root / "other-model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": kind}))
    error = error_of(own_place, RECIPE_BASE_CHECKPOINT=str(folder))
    assert f"is a '{kind}' model, not CLIP" in error
    assert "RECIPE_BASE_CHECKPOINT" in error


def test_a_bucket_that_cannot_be_reached(own_place: Place) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
    error = error_of(
        own_place,
        RECIPE_RELEASES="s3://recipe-releases/models",
        AWS_ENDPOINT_URL=endpoint,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION="us-east-1",
    )
    assert "s3://recipe-releases/models" in error


def test_a_shoot_without_files(own_place: Place) -> None:
    """The empty shoot is held back; the others are released."""
    (own_place.studio / "shoot-0").mkdir()
    outcome = own_place.recipe("materialize")
    assert outcome.returncode == 0, outcome.stdout
    assert "held back       shoot-0: raw_images: shoot 'shoot-0' has no files" in outcome.stdout
