"""What is known about trainings, gathered as far as it is asked for: releases, labels, drift, earlier runs.

What is made of it is `automation`'s subject. Nothing here decides or changes anything.
"""

import datetime
import logging
from functools import cached_property
from typing import NamedTuple

import dagster as dg

from recipe_assets.defs.jobs import keyword_shoot, retrain
from recipe_assets.defs.resources import ReleaseStoreResource, StorageResource, VocabularyResource
from recipe_assets.defs.sensors import UNFINISHED
from recipe_assets.production.retraining import labels_now, new_labels
from recipe_assets.release.manifest import Manifest
from recipe_assets.studio.split_state import pending_fingerprint

MODEL, SPLITS = dg.AssetKey("fine_tuned_model"), dg.AssetKey("splits")
DRIFT = dg.AssetCheckKey(dg.AssetKey("production_predictions"), "predictions_drifted")
PAUSE = datetime.timedelta(minutes=30)
"""After a training that failed before it saw a photo: a store that is away, say, is not asked every minute."""


class TrainingFacts:
    """Each fact is looked up once, when it is first asked for; all raise RecipeError where they cannot be told."""

    def __init__(
        self,
        instance: dg.DagsterInstance,
        storage: StorageResource,
        releases: ReleaseStoreResource,
        vocabulary: VocabularyResource,
        retrain_after: int,
    ) -> None:
        self._instance, self._tables = instance, storage.tables()
        self._releases, self._vocabulary = releases, vocabulary
        self._retrain_after = retrain_after
        self._told: set[str] = set()

    def tell_once(self, log: logging.Logger, problem: str) -> None:
        """Warn of something that every asset of a tick stumbles over."""
        if problem not in self._told:
            log.warning(problem)
        self._told.add(problem)

    @cached_property
    def _manifests(self) -> tuple[Manifest | None, Manifest | None]:
        """Of the current release, and of the one that waits."""
        store = self._releases.open()
        return store.current_manifest(), store.candidate_manifest()

    @cached_property
    def _newest(self) -> Manifest | None:
        """The release that a new one would follow: the one that waits knows more than the current one."""
        current, candidate = self._manifests
        return candidate or current

    @cached_property
    def _pending(self) -> str | None:
        """The fingerprint that training would have now."""
        return pending_fingerprint(self._tables, self._vocabulary.load())

    @property
    def is_first(self) -> bool:
        """There are labels, and neither a release nor one that waits."""
        return self._newest is None and bool(labels_now(self._tables))

    @property
    def has_enough_new_labels(self) -> bool:
        """As many labelled photos are new since the last release's training as the setting asks for."""
        release = self._newest
        return release is not None and new_labels(self._tables, release.release_id) >= self._retrain_after

    @property
    def drifted(self) -> bool:
        """The check of drift fails, and has looked since the last release."""
        release, found = self._newest, latest_drift(self._instance)
        if release is None or found is None:
            return False
        return not found.passed and found.timestamp > release.created_at.timestamp()

    @property
    def has_something_to_learn(self) -> bool:
        """Photos, keywords or vocabulary differ from those of every release that is current or waits."""
        known = {release.data_fingerprint for release in self._manifests if release}
        return self._pending is not None and self._pending not in known

    @property
    def is_training(self) -> bool:
        """A training is under way already."""
        return is_training(self._instance)

    @property
    def is_reading(self) -> bool:
        """A shoot is being read: its photos should be among those that are learned from."""
        return any(
            "dagster/partition" in run.tags and run.job_name != keyword_shoot.name for run in self._unfinished
        )

    @cached_property
    def _unfinished(self) -> list[dg.DagsterRun]:
        return list(self._instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)))

    @property
    def just_failed(self) -> bool:
        """The last training ended in failure less than `PAUSE` ago."""
        records = self._instance.get_asset_records([MODEL])
        run_id = records[0].asset_entry.last_run_id if records else None
        record = self._instance.get_run_record_by_id(run_id) if run_id else None
        if record is None or record.dagster_run.status != dg.DagsterRunStatus.FAILURE or record.end_time is None:
            return False
        return datetime.datetime.now(datetime.UTC).timestamp() - record.end_time < PAUSE.total_seconds()

    @property
    def was_tried(self) -> bool:
        """The last training dealt these very photos and keywords, and was blocked, rejected or rolled back."""
        event = self._instance.get_latest_materialization_event(SPLITS)
        run = self._instance.get_run_by_id(event.run_id) if event else None
        found = event.asset_materialization if event else None
        if run is None or found is None or self._pending is None:
            return False
        return trains(run) and (found.tags or {}).get("dagster/data_version") == self._pending[:16]


def trains(run: dg.DagsterRun) -> bool:
    """Whether a run trains the model, as a job or by assets that somebody picked."""
    return run.job_name == retrain.name or MODEL in (run.asset_selection or ())


def is_training(instance: dg.DagsterInstance) -> bool:
    """Whether a run that trains is queued or under way, whoever asked for it."""
    return any(map(trains, instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))))


class DriftCheck(NamedTuple):
    """What the check of drift found last, and when (Unix time)."""

    passed: bool
    description: str
    timestamp: float


def latest_drift(instance: dg.DagsterInstance) -> DriftCheck | None:
    """The last evaluation of `predictions_drifted`, or None if it was never evaluated."""
    record = instance.get_latest_asset_check_evaluation_record(DRIFT)
    found = record.event.asset_check_evaluation if record and record.event else None
    if record is None or found is None:
        return None
    return DriftCheck(found.passed, found.description or "", record.create_timestamp)
