"""The main job on the command line: read what is new, train, release, serve.

Runs in this process, on the instance that the UI shows, so every run of it can be looked at there.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from recipe_assets.defs.failures import reasons
from recipe_assets.defs.feedback_sensor import pending_review
from recipe_assets.defs.partitions import shoots
from recipe_assets.defs.resources import (
    BaseCheckpointResource,
    OutboxResource,
    ReleaseStoreResource,
    ReviewResource,
    StorageResource,
    StudioResource,
    VocabularyResource,
)
from recipe_assets.defs.wiring import wire_resources
from recipe_assets.errors import RecipeError
from recipe_assets.release.manifest import checkpoint_name
from recipe_assets.review.reviewed import all_decisions
from recipe_assets.studio.arrivals import Wanted, pending_work, require_shoots
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
    outbox: OutboxResource
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
        self._read_reviews()
        held_back = self._read_shoots(found)
        if force or not self._is_released():
            self.say("training, evaluating, releasing")
            self._execute("retrain")
        else:
            self.say("nothing changed since the released model was trained (FORCE=1 trains anyway)")
            self._execute("serve_release")
        return held_back

    def _read_reviews(self) -> None:
        """Take in what people said, so that it is learned; an outbox out of reach holds up no training."""
        try:
            if pending_review(self.outbox, self.releases, self.storage, self.vocabulary.load()):
                self.say("reading what people changed in the outbox and answered on the review page")
                self._execute("read_reviews")
        except RecipeError as error:
            self.say(f"what people said since the last time is not read: {error}")

    def _read_shoots(self, found: Mapping[str, Shoot]) -> list[str]:
        words = self.vocabulary.load()
        decided = all_decisions(self.review.read(), self.storage.tables(), words)
        wanted = Wanted(words, decided, self.base.identity())
        work = pending_work(found, self.storage.tables(), wanted)
        self.instance.add_dynamic_partitions(
            shoots.name or "", sorted({*work.read, *work.standardize, *work.embed})
        )
        held_back = [f"{shoot}: {reason}" for shoot, reason in work.held_back.items()]
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
            told = "; ".join(reasons(result.all_events))
            raise MainJobError(told or f"the run {result.run_id} failed: see it in the UI")


@contextmanager
def main_job(say: Say) -> Iterator[MainJob]:
    """The main job with initialized resources on the instance of `DAGSTER_HOME`."""
    from recipe_assets.definitions import defs

    used = ("studio", "vocabulary", "review", "storage", "base", "releases", "outbox")
    wired = wire_resources()
    with (
        dg.DagsterInstance.get() as instance,
        dg.build_resources({name: wired[name] for name in used}, instance=instance) as live,
    ):
        resources = {name: getattr(live, name) for name in used}
        yield MainJob(definitions=defs(), instance=instance, say=say, **resources)
