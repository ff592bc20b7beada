"""Which trial comes next, and what became of those before: Optuna studies that outlive a killed process.

One study per strategy: trials are drawn from, and pruned against, their own kind only. What a trial does is
`search_trials`' subject.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from filelock import FileLock, Timeout
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from recipe_assets.errors import ModelError
from recipe_assets.model.search_plan import SearchPlan, planned_settings, pruner_of, sampler_of, study_name
from recipe_assets.model.search_space import Space

MOST_KILLS = 3
"""Times that a trial may take its process down before it counts as failed, so that a search always ends."""
ENOUGH = 15
"""Complete trials of a strategy below which importances are noise."""
GIVEN_UP = "given_up"
"""Attribute of a study: trials that do not count and are tried again, by number, and whether they were KILLED or
STOPPED. Finished trials cannot be marked themselves."""
KILLED, STOPPED = "killed", "stopped"


@contextmanager
def open_storage(folder: Path) -> Iterator[RDBStorage]:
    """The trials of all searches in one SQLite file, held by this process alone.

    The lock goes with the process, so a trial that is RUNNING when it is ours belongs to nobody any more.

    Raises:
        ModelError: if another search holds it, or it cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "trials.db"
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    lock = FileLock(folder / "search.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ModelError(f"another search is running in {folder}: wait until it ends, or stop it") from None
    try:
        storage = _connect(path)
        try:
            yield storage
        finally:
            storage.engine.dispose()
    finally:
        lock.release()


def _connect(path: Path) -> RDBStorage:
    try:
        storage = RDBStorage(f"sqlite:///{path}")
        event.listen(storage.engine, "connect", _write_ahead)
        storage.engine.dispose()  # connections of before know nothing of it
        return storage
    except (SQLAlchemyError, RuntimeError) as error:  # RuntimeError: tables of another Optuna
        cause = str(error).splitlines()[0]
        raise ModelError(f"the trials of earlier searches cannot be read ({cause}): delete {path}") from error


def _write_ahead(connection: sqlite3.Connection, _: object) -> None:
    """As Dagster's own SQLite files: nothing is lost with a process, and a trial's ten writes do not wait each."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def give_up_running(storage: RDBStorage) -> list[FrozenTrial]:
    """Give up what dead processes left unfinished, in any study, so that it is tried again; returns it."""
    left = []
    for name in optuna.get_all_study_names(storage):
        study = optuna.load_study(study_name=name, storage=storage)
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            _give_up(study, trial.number, KILLED)
            study.tell(trial.number, state=TrialState.FAIL)
            left.append(trial)
    return left


def _given_up(study: optuna.Study) -> dict[str, str]:
    return dict(study.user_attrs.get(GIVEN_UP, {}))


def _give_up(study: optuna.Study, number: int, why: str) -> None:
    study.set_user_attr(GIVEN_UP, _given_up(study) | {str(number): why})


class Study:
    """The trials of one strategy: those that were, and the one that comes next."""

    def __init__(self, storage: RDBStorage, data: str, space: Space, plan: SearchPlan) -> None:
        """Open the study, or begin it.

        Args:
            storage: from `open_storage`.
            data: what stands for photos, keywords, splits and base checkpoint.
            space: what to try.
            plan: how to search.

        Raises:
            ModelError: if the grid has more combinations than the plan has trials.
        """
        self.space, self.plan = space, plan
        self._planned = planned_settings(space, plan)
        self._study = optuna.create_study(
            storage=storage,
            study_name=study_name(data, space, plan),
            load_if_exists=True,
            pruner=pruner_of(plan, space),
        )

    @property
    def size(self) -> int:
        """How many trials there will be."""
        fixed = self.space.is_finite or self.plan.sampler == "grid"
        return len(self._planned) if fixed else self.plan.trials

    def is_open(self) -> bool:
        """There are trials left to run."""
        return len(self.settled()) < self.size

    def retry_failures(self) -> None:
        """Where nothing ever succeeded, let failures be tried again: whatever caused them may have been mended."""
        settled = self.settled()
        if not any(trial.state == TrialState.COMPLETE for trial in settled):
            for trial in settled:
                _give_up(self._study, trial.number, STOPPED)

    def settled(self) -> list[FrozenTrial]:
        """The trials that ended by themselves: complete, pruned or failed; never to be repeated."""
        given_up = _given_up(self._study)
        trials = self._study.get_trials(deepcopy=False)
        return [trial for trial in trials if trial.state.is_finished() and str(trial.number) not in given_up]

    def ask(self) -> optuna.Trial | None:
        """Begin the next trial; None when all are settled.

        What it tries depends on the plan and the settled trials alone: a search that was killed, however often,
        tries what one that was not would have tried.
        """
        while (place := len(self.settled())) < self.size:
            self._study.sampler = sampler_of(self.plan, self._planned, place)
            trial = self._study.ask(self.space.distributions())
            if self._kills(trial.number) < MOST_KILLS:
                return trial
            trial.set_user_attr("error", f"its process was killed {MOST_KILLS} times: too little memory, perhaps")
            self.fail(trial)
        return None

    def _kills(self, number: int) -> int:
        """How many processes in a row died of what comes next, which they all tried."""
        given_up, first = _given_up(self._study), number
        while given_up.get(str(first - 1)) == KILLED:
            first -= 1
        return number - first

    def complete(self, trial: optuna.Trial, loss: float) -> None:
        """Settle a trial by its loss."""
        self._study.tell(trial, loss)

    def prune(self, trial: optuna.Trial) -> None:
        """Settle a trial that was not worth going on."""
        self._study.tell(trial, state=TrialState.PRUNED)

    def fail(self, trial: optuna.Trial) -> None:
        """Settle a trial that failed, for reasons of its own."""
        self._study.tell(trial, state=TrialState.FAIL)

    def stop(self, trial: optuna.Trial) -> None:
        """Give up a trial that somebody stopped; it will be tried again."""
        _give_up(self._study, trial.number, STOPPED)
        self.fail(trial)

    def importance(self) -> dict[str, float]:
        """The share of each free setting in what sets the best trials apart (PED-ANOVA, Watanabe et al. 2023).

        The shares are 1 together; there are none where too few trials are complete to say anything.
        """
        complete = [trial for trial in self.settled() if trial.state == TrialState.COMPLETE]
        if len(complete) < ENOUGH or len(self.space.free) < 2:
            return {}
        return {name: float(share) for name, share in optuna.importance.get_param_importances(self._study).items()}
