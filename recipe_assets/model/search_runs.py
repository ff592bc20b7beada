"""Trials as MLflow runs, each a child of the step's run, and each closed whatever becomes of the trial.

The tracking handle is passed in: Dagster's resource, or the `mlflow` module itself.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from optuna import TrialPruned

from recipe_assets.model.strategies import TrainingConfig

EVERY = 5.0
"""Seconds between two writes to MLflow: an epoch over embeddings takes less than a write of its metrics."""
BATCH = 1000
"""Metrics that MLflow takes at once."""


@dataclass
class TrialRun:
    """One trial's run; logs nothing where nothing is tracked."""

    tracking: Any | None = None
    run_id: str | None = None
    _waiting: list[Any] = field(default_factory=list)
    _written: float = field(default_factory=time.monotonic)

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Log metrics of an epoch; they are written every few seconds."""
        if self.tracking is None:
            return
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        self._waiting += [Metric(name, float(value), now, step) for name, value in metrics.items()]
        if time.monotonic() - self._written >= EVERY:
            self.write()

    def write(self) -> None:
        """Write what waits."""
        while self.tracking is not None and self._waiting:
            self.tracking.MlflowClient().log_batch(self.run_id, metrics=self._waiting[:BATCH])
            del self._waiting[:BATCH]
        self._written = time.monotonic()


@dataclass(frozen=True)
class TrialRuns:
    """Makes the runs, below the run that is active; none where `tracking` is None."""

    tracking: Any | None

    @contextmanager
    def trial(self, name: str, config: TrainingConfig) -> Iterator[TrialRun]:
        """A run for the block: FINISHED after it, KILLED if it was pruned or stopped, FAILED if it failed.

        It must not carry the tag `dagster_run_id`: by that tag later steps find the run to log to.
        """
        if self.tracking is None:
            yield TrialRun()
            return
        started = self.tracking.start_run(run_name=name, nested=True, tags={"strategy": config.strategy})
        run, status = TrialRun(self.tracking, started.info.run_id), "KILLED"
        try:
            self.tracking.log_params(msgspec.structs.asdict(config))
            try:
                yield run
            finally:
                run.write()
            status = "FINISHED"
        except TrialPruned:
            raise
        except Exception:
            status = "FAILED"
            raise
        finally:
            self.tracking.end_run(status=status)

    def close(self, run_id: str) -> None:
        """Close the run of a trial whose process was killed, if it is still there and open."""
        if self.tracking is None:
            return
        from mlflow.exceptions import MlflowException

        client = self.tracking.MlflowClient()
        with suppress(MlflowException):  # deleted since, or the runs are tracked elsewhere now
            if client.get_run(run_id).info.status == "RUNNING":
                client.set_terminated(run_id, status="KILLED")
