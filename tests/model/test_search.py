"""A search over real trainings of a small studio: what is tried, given up, counted as failed, and chosen."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from recipe_assets.errors import ModelError
from recipe_assets.model import search_trials
from recipe_assets.model.embeddings import embed_shoot
from recipe_assets.model.identity import checkpoint_identity
from recipe_assets.model.pipeline import TrainingInputs
from recipe_assets.model.search import Searched, SearchPlan, best_config, best_trial, search
from recipe_assets.model.training import fit
from recipe_assets.storage import StorageError, TableStore
from tests.model.small_studio import small_studio

FIXED: dict[str, list[Any]] = {"weight_decay": [0.0], "label_smoothing": [0.0]}
PROBE = {"linear_probe": FIXED | {"epochs": [3]}}
BROKEN = 1e30
"""A learning rate that no image tower survives."""


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory, untrained_checkpoint: Path) -> TrainingInputs:
    return small_studio(tmp_path_factory.mktemp("studio"), untrained_checkpoint)


def run(
    inputs: TrainingInputs,
    folder: Path,
    *strategies: str,
    wanted: dict[str, dict[str, list[Any]]] = PROBE,
    say: Callable[[str], None] = lambda _: None,
    **plan: Any,  # noqa: ANN401 (whatever a plan has)
) -> Searched:
    settings = SearchPlan(**({"trials": 3, "prune": "none"} | plan))
    return search(inputs, "base", strategies or ("linear_probe",), settings, folder, wanted, say=say)


def rates(*values: float, strategy: str = "linear_probe", epochs: int = 3) -> dict[str, dict[str, list[Any]]]:
    """A space of one strategy with learning rates alone."""
    return {strategy: FIXED | {"epochs": [epochs], "learning_rate": list(values)}}


def measured(found: Searched) -> pd.DataFrame:
    """What must be the same in two equal searches."""
    return found.trials.drop(columns=["seconds", "mlflow_run_id"])


def test_a_grid_is_tried_whole_and_the_best_of_it_is_chosen(inputs: TrainingInputs, tmp_path: Path) -> None:
    wanted = rates(1e-5, 3e-2)
    wanted["linear_probe"]["batch_size"] = [4, 24]
    trials = run(inputs, tmp_path, wanted=wanted, sampler="grid", trials=4).trials
    tried = [
        (settings["learning_rate"], settings["batch_size"]) for settings in map(json.loads, trials["settings"])
    ]
    assert tried == [(1e-5, 4), (1e-5, 24), (3e-2, 4), (3e-2, 24)]
    assert (trials["state"] == "complete").all()
    assert trials["number"].tolist() == [1, 2, 3, 4]
    config = best_config(trials)
    assert (config.strategy, config.learning_rate, config.epochs) == ("linear_probe", 3e-2, 3)
    assert best_trial(trials)["val_macro_loss"] == trials["val_macro_loss"].min()
    assert best_trial(trials)["val_macro_accuracy"] > 0.9 > trials["val_macro_accuracy"].min()


def test_a_search_repeats_with_its_seed_and_begins_with_the_default(
    inputs: TrainingInputs, tmp_path: Path
) -> None:
    one, same, other = (
        run(inputs, tmp_path / name, sampler="random", seed=seed, trials=2)
        for name, seed in (("one", 5), ("same", 5), ("other", 6))
    )
    pd.testing.assert_frame_equal(measured(one), measured(same))
    settings = one.trials["settings"].tolist()
    assert json.loads(settings[0]) == {"learning_rate": 3e-3}
    assert other.trials["settings"][0] == settings[0]
    assert len({*settings, *other.trials["settings"]}) == 3


def test_cheap_strategies_come_first_and_need_no_thumbnail(inputs: TrainingInputs, tmp_path: Path) -> None:
    """Without thumbnails the probe is searched all the same, and the dear strategy says what is missing."""
    bare = replace(inputs, tables=TableStore(tmp_path / "tables"))
    made = embed_shoot(inputs.tables, inputs.splits, inputs.base)
    made.attrs["base"] = checkpoint_identity(inputs.base)
    bare.tables.write(made, "photo_embeddings", "week", {"base": checkpoint_identity(inputs.base)})
    said: list[str] = []
    with pytest.raises(StorageError, match="raw_images"):
        run(bare, tmp_path / "search", "full", "linear_probe", trials=2, say=said.append)
    assert [line.partition(":")[0] for line in said] == ["linear_probe 1 of 2", "linear_probe 2 of 2"]


def test_test_photos_are_never_touched(inputs: TrainingInputs, tmp_path: Path) -> None:
    """Neither their pixels, which are gone, nor their keywords, which are wrong, make a difference."""
    wanted = PROBE | {"full": FIXED | {"epochs": [2]}}
    whole = run(inputs, tmp_path / "whole", "full", "linear_probe", wanted=wanted, trials=1)
    raw = inputs.tables.read("raw_images", "week")
    blind = TableStore(tmp_path / "tables")
    blind.write(raw[~raw["file"].str.startswith("test")], "raw_images", "week")
    splits = inputs.splits.copy()
    hidden = splits["split"] == "test"
    splits.loc[hidden, "keyword"] = "red"
    assert hidden.sum() == 6
    without = run(
        replace(inputs, tables=blind, splits=splits),
        tmp_path / "without",
        "full",
        "linear_probe",
        wanted=wanted,
        trials=1,
    )
    pd.testing.assert_frame_equal(measured(whole), measured(without))


@pytest.mark.parametrize(
    ("prune", "good", "state"), [("median", 4, "pruned"), ("halving", 1, "pruned"), ("none", 1, "complete")]
)
def test_a_trial_that_lags_behind_is_given_up_early(
    inputs: TrainingInputs, tmp_path: Path, prune: str, good: int, state: str
) -> None:
    """The median of four complete trials is asked first; halving compares from the second trial on."""
    wanted = rates(*(1e-3 + 1e-4 * place for place in range(good)), 1e-7, strategy="full")
    trials = run(inputs, tmp_path, "full", wanted=wanted, sampler="grid", trials=good + 1, prune=prune).trials
    assert trials["state"].iloc[0] == "complete"
    last = trials.iloc[-1]
    assert last["state"] == state
    assert (last["epochs"] < 3) == (state == "pruned")
    assert pd.isna(last["val_macro_loss"]) == (state == "pruned")
    assert last["val_loss"] > trials["val_loss"].iloc[0]


def test_a_trial_that_fails_does_not_end_the_search(inputs: TrainingInputs, tmp_path: Path) -> None:
    said: list[str] = []
    trials = run(
        inputs, tmp_path, "full", wanted=rates(BROKEN, 1e-3, strategy="full"), sampler="grid", say=said.append
    ).trials
    assert trials["state"].tolist() == ["failed", "complete"]
    assert "lower the learning rate" in trials["error"][0]
    assert pd.isna(trials["error"][1])
    assert best_config(trials).learning_rate == 1e-3
    assert said[0].startswith("full 1 of 2: failed after")


def test_a_search_of_failures_alone_says_why_and_tries_again_when_run_again(
    inputs: TrainingInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nMore lines.")

    with monkeypatch.context() as patch:
        patch.setattr(search_trials, "fit", no_memory)
        with pytest.raises(ModelError, match="all 2 trials failed; the first one: CUDA out of memory") as raised:
            run(inputs, tmp_path, trials=2)
    assert "\n" not in str(raised.value)
    again = run(inputs, tmp_path, trials=2)
    assert again.trials["state"].tolist() == ["complete", "complete"]
    assert json.loads(again.trials["settings"][0]) == {"learning_rate": 3e-3}


def test_a_bug_ends_the_search_and_costs_no_trial(
    inputs: TrainingInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What every trial would fail of must not be swallowed once per trial."""
    calls: list[object] = []

    def breaks_at_second(*arguments: Any) -> object:  # noqa: ANN401 (as fit takes them)
        calls.append(arguments)
        if len(calls) == 2:
            raise TypeError("a bug")
        return fit(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(search_trials, "fit", breaks_at_second)
        with pytest.raises(TypeError, match="a bug"):
            run(inputs, tmp_path, trials=2)
    assert len(calls) == 2
    mended, whole = (measured(run(inputs, folder, trials=2)) for folder in (tmp_path, tmp_path / "whole"))
    pd.testing.assert_frame_equal(mended, whole)


def test_more_trials_add_the_difference(inputs: TrainingInputs, tmp_path: Path) -> None:
    said: list[str] = []
    first = run(inputs, tmp_path, trials=1)
    more = run(inputs, tmp_path, trials=2, say=said.append)
    assert said[0] == "linear_probe: 1 of 2 trials are done already"
    assert [line.partition(":")[0] for line in said[1:]] == ["linear_probe 2 of 2"]
    pd.testing.assert_frame_equal(more.trials.head(1), first.trials)


def test_no_trial_begins_when_time_is_over(inputs: TrainingInputs, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no trial was finished within 0 seconds"):
        run(inputs, tmp_path, seconds=0.0)
    run(inputs, tmp_path, trials=1)
    late = run(inputs, tmp_path, "full", "linear_probe", seconds=0.0)
    assert late.unfinished == {"linear_probe": 2, "full": 3}
    assert len(late.trials) == 1


@pytest.mark.parametrize(
    ("strategies", "wanted", "said"),
    [
        (["probe"], {}, "no strategy 'probe': choose from zero_shot"),
        (["full"], {"lorra": {}}, "no strategy 'lorra'"),
        (["full"], {"lora": {"epochs": [2]}}, "a space for lora, which is not among its strategies"),
        ([], {}, "at least one strategy"),
    ],
)
def test_strategies_that_make_no_sense_are_refused(
    inputs: TrainingInputs, tmp_path: Path, strategies: list[str], wanted: dict[str, Any], said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        search(inputs, "base", strategies, SearchPlan(), tmp_path, wanted)
