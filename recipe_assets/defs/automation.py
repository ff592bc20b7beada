"""When a training is requested without a person: a named automation condition over what is stored and released.

The Dagster UI shows the condition's parts, true or false, on the page of every asset that it requests. The
comparison of tables is `production.retraining`'s subject, the calendar `schedules`'.
"""

import datetime
from collections.abc import Callable
from functools import lru_cache

import dagster as dg

from recipe_assets.defs.jobs import REQUESTED_BY, TRAINING
from recipe_assets.defs.training_facts import TrainingFacts
from recipe_assets.defs.wiring import wire_resources
from recipe_assets.errors import RecipeError

NAME = "retraining_is_due"


class Fact(dg.AutomationCondition[dg.AssetKey]):
    """One named fact about trainings, the same for every asset of a tick: a training is requested whole or not."""

    def __init__(self, name: str, holds: Callable[[TrainingFacts], bool]) -> None:
        self._name, self._holds = name, holds

    @property
    def name(self) -> str:
        """What the UI shows, and what the condition is known by from tick to tick."""
        return self._name

    @property
    def description(self) -> str:
        """The name in words."""
        return self._name.replace("_", " ")

    def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult[dg.AssetKey]:
        """True for the asset if the fact holds; a store that cannot be reached is told, and requests nothing."""
        nothing = context.get_empty_subset()
        if context.candidate_subset.is_empty:  # an earlier part says no: nothing has to be read for this one
            return dg.AutomationResult(context, nothing)
        facts = _facts(context.asset_graph_view.instance, context.evaluation_time)
        try:
            holds = self._holds(facts)
        except RecipeError as error:
            facts.tell_once(context.log, f"{self._name} cannot be told: {error}")
            return dg.AutomationResult(context, nothing)
        return dg.AutomationResult(context, context.candidate_subset if holds else nothing)


@lru_cache(maxsize=1)
def _facts(instance: dg.DagsterInstance, _tick: datetime.datetime) -> TrainingFacts:
    """The facts of one tick, gathered once for all of its assets and only as far as they are asked for."""
    used = ("storage", "releases", "vocabulary", "automation")
    wired = wire_resources()
    with dg.build_resources({name: wired[name] for name in used}, instance=instance) as live:
        return TrainingFacts(instance, live.storage, live.releases, live.vocabulary, live.automation.retrain_after)


no_release_yet = Fact("no_release_yet", lambda facts: facts.is_first)
enough_new_labels = Fact("enough_new_labelled_photos", lambda facts: facts.has_enough_new_labels)
drifted = Fact("predictions_drifted", lambda facts: facts.drifted)
something_to_learn = Fact("photos_or_keywords_are_new", lambda facts: facts.has_something_to_learn)
not_tried = Fact("not_tried_with_these_photos", lambda facts: not facts.was_tried)
no_training = Fact("no_training_is_under_way", lambda facts: not facts.is_training)
studio_is_quiet = Fact("no_shoot_is_being_read", lambda facts: not facts.is_reading)
not_just_failed = Fact("last_training_did_not_just_fail", lambda facts: not facts.just_failed)

retraining_is_due = (
    no_training
    & studio_is_quiet
    & not_just_failed
    & (no_release_yet | enough_new_labels | drifted)
    & something_to_learn
    & not_tried
).with_label(NAME)
"""A first training once a studio has labels; then when RECIPE_RETRAIN_AFTER labelled photos are new, or when
predictions drifted and there is something new to learn. Once with the same photos and keywords: more is for the
schedule or a person to ask for. The cheap questions come first."""


retraining_when_due = dg.AutomationConditionSensorDefinition(
    "retraining_when_due",
    target=TRAINING.without_checks(),  # they come along with their assets
    default_condition=retraining_is_due,
    use_user_code_server=True,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=60,
    run_tags={REQUESTED_BY: NAME},
    description="Requests a training when retraining_is_due: first release, enough new labelled photos, or drift.",
)


@dg.definitions
def automation() -> dg.Definitions:
    """The sensor that asks the condition."""
    return dg.Definitions(sensors=[retraining_when_due])
