"""The main job on the command line: read what is new, train, release, serve.

Runs in this process, on the instance that the UI shows, so every run of it can be looked at there.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from recipe_assets.defs.partitions import shoots
from recipe_assets.defs.resources import (
    BaseCheckpointResource,
    ReleaseStoreResource,
    ReviewResource,
    StorageResource,
    StudioResource,
    VocabularyResource,
    wire_resources,
)
from recipe_assets.errors import RecipeError
from recipe_assets.release.manifest import checkpoint_name
from recipe_assets.studio.arrivals import Wanted, pending_work, require_shoots
from recipe_assets.studio.review import decisions
from recipe_assets.studio.shoots import Shoot
from recipe_assets.studio.split_state import pending_fingerprint

Say = Callable[[str], None]


class MainJobError(RecipeError):
    """A step failed or a check blocked; the message says which and why."""


@dataclass(frozen=True)
class MainJob:
    """The main job's own view of the resources, wired as the definitions wire them."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    studio: StudioResource
    vocabulary: VocabularyResource
    review: ReviewResource
    storage: StorageResource
    base: BaseCheckpointResource
    releases: ReleaseStoreResource
    say: Say

    def run(self, force: bool = False) -> list[str]:
        """Do what is to be done and return the shoots that were held back, with reasons.

        Args:
            force: train even if the released model was trained on the very same photos and keywords.

        Raises:
            RecipeError: if the studio, the vocabulary, the base or the store cannot be used, or a step fails.
        """
        found = require_shoots(self.studio.open())
        self.releases.open().read_pointer()  # a store out of reach is better known before an hour of training
        held_back = self._read_shoots(found)
        if force or not self._is_released():
            self.say("training, evaluating, releasing")
            self._execute("retrain")
        else:
            self.say("nothing changed since the released model was trained (FORCE=1 trains anyway)")
            self._execute("serve_release")
        return held_back

    def _read_shoots(self, found: Mapping[str, Shoot]) -> list[str]:
        words = self.vocabulary.load()
        wanted = Wanted(words, decisions(self.review.read(), words), self.base.identity())
        work = pending_work(found, self.storage.tables(), wanted)
        self.instance.add_dynamic_partitions(
            shoots.name or "", sorted({*work.read, *work.standardize, *work.embed})
        )
        held_back = []
        for job, doing, names in (
            ("new_shoot", "reading", list(work.read)),
            ("standardize", "standardizing", work.standardize),
            ("embed", "embedding", work.embed),
        ):
            for number, shoot in enumerate(names, 1):
                self.say(f"{doing} {shoot} ({number} of {len(names)})")
                try:
                    self._execute(job, shoot)
                except MainJobError as error:
                    held_back.append(f"{shoot}: {error}")
        if not self.storage.tables().partitions("standardized_keywords"):
            raise MainJobError("no shoot could be used: " + "; ".join(held_back))
        return held_back

    def _is_released(self) -> bool:
        store = self.releases.open()
        known = [found for found in (store.current_manifest(), store.candidate_manifest()) if found]
        pending = pending_fingerprint(self.storage.tables(), self.vocabulary.load())
        # A new machine that shares the store has no splits yet: the graph has to run here once.
        dealt = self.storage.tables().path("splits").is_file()
        base = checkpoint_name(self.base.name)
        return dealt and any(
            found.data_fingerprint == pending and found.base_checkpoint.name == base for found in known
        )

    def _execute(self, job: str, shoot: str | None = None) -> None:
        result = self.definitions.resolve_job_def(job).execute_in_process(
            run_config={"loggers": {"console": {}}},
            instance=self.instance,
            partition_key=shoot,
            raise_on_error=False,
        )
        if not result.success:
            raise MainJobError("; ".join(_failures(result)) or f"the run {result.run_id} failed: see it in the UI")


def _failures(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for event in result.all_events:
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            if not check.passed and check.blocking and check.severity == dg.AssetCheckSeverity.ERROR:
                yield f"{check.asset_check_key.to_user_string()} blocks: {check.description}"
        elif event.is_step_failure:
            data = event.step_failure_data
            failure = data.user_failure_data
            if failure is not None and failure.description:
                yield f"{event.step_key}: {failure.description}"
            elif data.error is not None and "AssetCheck" not in data.error.message:
                yield f"{event.step_key}: {(data.error.cause or data.error).message.strip()}"


@contextmanager
def main_job(say: Say) -> Iterator[MainJob]:
    """The main job with initialized resources on the instance of `DAGSTER_HOME`."""
    from recipe_assets.definitions import defs

    used = ("studio", "vocabulary", "review", "storage", "base", "releases")
    wired = wire_resources()
    with (
        dg.DagsterInstance.get() as instance,
        dg.build_resources({name: wired[name] for name in used}, instance=instance) as live,
    ):
        resources = {name: getattr(live, name) for name in used}
        yield MainJob(definitions=defs(), instance=instance, say=say, **resources)
