"""What comes next and what counts, trial by trial, with losses that are computed and not trained."""

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from recipe_assets.errors import ModelError
from recipe_assets.model.search_plan import DRAWN_FIRST, SearchPlan
from recipe_assets.model.search_space import Space, space_of
from recipe_assets.model.search_studies import ENOUGH, MOST_KILLS, Study, give_up_running, open_storage
from recipe_assets.model.strategies import STRATEGIES

ROOT = Path(__file__).parents[2]
RATES = {"learning_rate": [1e-6, 1e-2], "weight_decay": [0.0], "label_smoothing": [0.0]}


def space() -> Space:
    return space_of("full", 1000, RATES)


def distance(settings: dict[str, float]) -> float:
    """A loss whose best learning rate is 1e-3."""
    return abs(math.log10(settings["learning_rate"]) + 3)


def work(
    folder: Path, plan: SearchPlan, most: int = 99, before: Callable[[optuna.Trial], None] = lambda _: None
) -> list[float]:
    """Run trials until all, or so many, are settled; returns the learning rates of all."""
    with open_storage(folder) as storage:
        study = Study(storage, "data", space(), plan)
        give_up_running(storage)
        for _ in range(most):
            if (trial := study.ask()) is None:
                break
            before(trial)
            study.complete(trial, distance(trial.params))
        return [trial.params["learning_rate"] for trial in study.settled()]


def test_tpe_starts_as_random_does_and_then_draws_near_what_was_good(tmp_path: Path) -> None:
    """A fifth of the range is within 0.4 decades of the best rate."""
    plans = [SearchPlan(sampler=sampler, trials=26) for sampler in ("random", "tpe")]
    random, tpe = (work(tmp_path / plan.sampler, plan) for plan in plans)
    assert random[:DRAWN_FIRST] == tpe[:DRAWN_FIRST]
    near = [
        sum(distance({"learning_rate": rate}) < 0.4 for rate in rates[DRAWN_FIRST:]) for rates in (random, tpe)
    ]
    assert near[1] >= 10 > 6 >= near[0]


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_search_in_pieces_tries_what_a_whole_one_tries(tmp_path: Path, sampler: str) -> None:
    plan = SearchPlan(sampler=sampler, trials=12)
    whole = work(tmp_path / "whole", plan)
    for _ in range(5):
        pieces = work(tmp_path / "pieces", plan, most=3)
    assert pieces == whole
    assert len(set(whole)) == 12


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.model import test_search_studies as tests

tests.work(Path(sys.argv[1]), tests.SearchPlan(trials=4), before=lambda _: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_trial_that_takes_its_process_down_again_and_again_counts_as_failed(tmp_path: Path) -> None:
    """As the kernel kills what takes all memory: without a word, each time."""
    for _ in range(MOST_KILLS):
        command = [sys.executable, "-W", "ignore", "-c", KILLED, str(tmp_path)]
        assert subprocess.run(command, cwd=ROOT, check=False).returncode == -9
    rates = work(tmp_path, SearchPlan(trials=4))
    assert rates == work(tmp_path / "whole", SearchPlan(trials=4))
    with open_storage(tmp_path) as storage:
        first, *others = Study(storage, "data", space(), SearchPlan(trials=4)).settled()
    assert first.state == optuna.trial.TrialState.FAIL
    assert f"killed {MOST_KILLS} times" in first.user_attrs["error"]
    assert all(trial.state == optuna.trial.TrialState.COMPLETE for trial in others)


def test_what_was_killed_too_often_gets_another_chance_when_nothing_else_succeeded(tmp_path: Path) -> None:
    """Somebody may have given the machine more memory since."""
    with open_storage(tmp_path) as storage:
        study = Study(storage, "data", space(), SearchPlan(trials=1))
        for _ in range(MOST_KILLS):
            assert study.ask() is not None
            assert len(give_up_running(storage)) == 1
        assert study.ask() is None
        assert len(study.settled()) == 1
        study.retry_failures()
        trial = study.ask()
        assert trial is not None
        study.complete(trial, 1.0)
        study.retry_failures()
        assert study.ask() is None


def test_stopping_a_trial_by_hand_is_never_held_against_it(tmp_path: Path) -> None:
    with open_storage(tmp_path) as storage:
        study = Study(storage, "data", space(), SearchPlan(trials=1))
        tried = []
        for _ in range(MOST_KILLS + 2):
            trial = study.ask()
            assert trial is not None
            tried.append(trial.params["learning_rate"])
            study.stop(trial)
        assert len(set(tried)) == 1
        assert study.settled() == []


def test_two_searches_at_once_are_refused_and_the_lock_goes_with_its_holder(tmp_path: Path) -> None:
    with open_storage(tmp_path), pytest.raises(ModelError, match="another search is running in"):
        work(tmp_path, SearchPlan())
    assert len(work(tmp_path, SearchPlan(trials=2))) == 2


def test_damaged_trials_are_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "trials.db").write_bytes(b"nothing that SQLite knows" * 100)
    with pytest.raises(ModelError, match=r"cannot be read \(.*\): delete .*trials\.db") as raised:
        work(tmp_path, SearchPlan())
    assert "\n" not in str(raised.value)


def test_what_matters_is_said_once_there_are_trials_enough(tmp_path: Path) -> None:
    wide = Space(STRATEGIES["full"], {"learning_rate": (1e-6, 1e-2), "weight_decay": (0.0, 0.2)})
    with open_storage(tmp_path) as storage:
        study = Study(storage, "data", wide, SearchPlan(sampler="random", trials=30))
        while trial := study.ask():
            if trial.number < ENOUGH:
                assert study.importance() == {}
            study.complete(trial, distance(trial.params))
        shares = study.importance()
    assert set(shares) == {"learning_rate", "weight_decay"}
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["learning_rate"] > 0.7


def test_a_strategy_without_settings_is_one_trial(tmp_path: Path) -> None:
    with open_storage(tmp_path) as storage:
        study = Study(storage, "data", space_of("zero_shot", 1000), SearchPlan())
        assert study.size == 1
        trial = study.ask()
        assert trial is not None
        study.complete(trial, 1.0)
        assert study.ask() is None
        assert json.dumps(trial.params) == "{}"
