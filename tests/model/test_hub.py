"""Checkpoints by hub id: downloaded once, known by their commit, and clear about what stands in the way."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run

import pytest

from recipe_assets.errors import ModelError
from recipe_assets.model.checkpoint_files import licence_of
from recipe_assets.model.checkpoints import load_base
from recipe_assets.model.hub import HubId, fetch
from recipe_assets.model.identity import checkpoint_identity
from tests.model.hub_server import NEW, OLD, Hub, serving, use

NAME = "studio/untrained-clip"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def hub(untrained_checkpoint: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with the untrained CLIP, beside files that nobody here needs."""
    files = Path(shutil.copytree(untrained_checkpoint, tmp_path / "files"))
    (files / "flax_model.msgpack").write_bytes(b"x" * 1000)
    with serving(Hub({NAME: files}, frozenset({"studio/gated"}))) as server:
        use(server, cache, monkeypatch)
        yield server


def wanted(name: str) -> HubId:
    found = HubId.parse(name)
    assert found
    return found


def error_of(name: str) -> str:
    with pytest.raises(ModelError) as raised:
        load_base(name)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "repository", "revision"),
    [
        ("openai/clip-vit-base-patch32", "openai/clip-vit-base-patch32", "main"),
        ("google/siglip-base-patch16-224@v1.0", "google/siglip-base-patch16-224", "v1.0"),
        ("a/b@refs/pr/3", "a/b", "refs/pr/3"),
    ],
)
def test_a_hub_id_has_an_owner_a_name_and_maybe_a_revision(name: str, repository: str, revision: str) -> None:
    assert HubId.parse(name) == HubId(repository, revision)


@pytest.mark.parametrize(
    "name", ["", "clip", "./clip", "/models/clip", "a/b/c", "a/b@", "a/../b", "a/b@../x", "a b/c"]
)
def test_anything_else_is_no_hub_id(name: str) -> None:
    assert HubId.parse(name) is None


def test_a_folder_comes_before_a_hub_id_of_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "owner" / "model").mkdir(parents=True)
    assert HubId.parse("owner/model") is None


def test_a_hub_id_loads_with_its_commit_and_licence(hub: Hub) -> None:
    base = load_base(NAME)
    assert (base.source.name, base.source.revision, base.source.licence) == (NAME, NEW, "mit")
    assert base.text_embeddings(["pan"]).shape == (1, 32)
    assert not any("msgpack" in path for path in hub.asked)


def test_a_revision_is_resolved_to_its_commit(hub: Hub) -> None:
    base = load_base(f"{NAME}@v1")
    assert (base.source.name, base.source.revision) == (f"{NAME}@v1", OLD)


def test_what_is_cached_is_loaded_without_a_network(hub: Hub) -> None:
    first = fetch(wanted(NAME))
    hub.asked.clear()
    hub.repositories.clear()
    assert fetch(wanted(NAME)) == first
    assert fetch(wanted(f"{NAME}@{NEW}")) == first
    assert hub.asked == []


def test_the_identity_is_the_name_until_the_cache_knows_the_commit(hub: Hub) -> None:
    assert checkpoint_identity(NAME) == NAME
    fetch(wanted(NAME))
    assert checkpoint_identity(NAME) == f"{NAME} {NEW[:12]}"
    assert checkpoint_identity(f"{NAME}@v1") == f"{NAME}@v1"
    assert checkpoint_identity(f"{NAME}@{OLD}") == f"{NAME}@{OLD} {OLD[:12]}"


def test_an_identity_needs_no_torch(cache: Path) -> None:
    """Sensors ask for it every half minute."""
    code = (
        "import sys; from recipe_assets.model.identity import checkpoint_identity as identity; "
        "identity('openai/clip'); sys.exit(any(name in sys.modules for name in ('torch', 'transformers')))"
    )
    assert run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_an_interrupted_download_is_completed_and_not_loaded_as_it_is(hub: Hub) -> None:
    folder = fetch(wanted(NAME))
    for name in ("model.safetensors", "tokenizer_config.json"):
        (folder / name).unlink()
        assert (fetch(wanted(NAME)) / name).is_file()


def test_a_repository_with_pickled_weights_alone_gives_these(hub: Hub) -> None:
    files = hub.repositories[NAME]
    (files / "model.safetensors").rename(files / "pytorch_model.bin")
    assert (fetch(wanted(NAME)) / "pytorch_model.bin").is_file()


def test_pickled_weights_stay_where_they_are_if_there_are_others(hub: Hub) -> None:
    (hub.repositories[NAME] / "pytorch_model.bin").write_bytes(b"never read")
    assert not (fetch(wanted(NAME)) / "pytorch_model.bin").exists()


def test_a_card_that_a_cache_lacks_is_fetched_for_its_licence(hub: Hub) -> None:
    folder = fetch(wanted(NAME))
    (folder / "README.md").unlink()
    shutil.rmtree(folder.parents[1] / "trees")  # as older clients leave a cache: nothing says what is missing
    assert licence_of(fetch(wanted(NAME))) == "mit"


def test_a_repository_without_a_card_is_asked_for_it_once(hub: Hub) -> None:
    (hub.repositories[NAME] / "README.md").unlink()
    assert licence_of(fetch(wanted(NAME))) is None
    hub.asked.clear()
    assert licence_of(fetch(wanted(NAME))) is None
    assert hub.asked == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("studio/unknown", "shows no such model; correct RECIPE_BASE_CHECKPOINT, or log in with 'hf auth login'"),
        ("studio/gated", "accept its terms at https://huggingface.co/studio/gated"),
        (f"{NAME}@v9", "it has no revision 'v9'"),
    ],
)
def test_what_the_hub_refuses_is_said_with_its_cure(hub: Hub, name: str, says: str) -> None:
    message = error_of(name)
    assert message.startswith(f"base checkpoint '{name.partition('@')[0]}' cannot be fetched: ")
    assert says in message


def test_without_cache_and_network_the_error_says_what_to_run_where(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Hub({})) as gone:
        pass
    use(gone, cache, monkeypatch)
    message = error_of(NAME)
    assert "the Hugging Face hub is out of reach (ConnectError)" in message
    assert f"run 'hf download {NAME}' where there is a network" in message


def test_offline_mode_is_respected_and_said(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "(OfflineModeIsEnabled)" in error_of(NAME)
    assert hub.asked == []
