"""What happens by the calendar: a weekly retraining, skipped when there is nothing new to learn from."""

import dagster as dg

from recipe_assets.defs.jobs import REQUESTED_BY, retrain
from recipe_assets.defs.resources import ReleaseStoreResource, StorageResource, VocabularyResource
from recipe_assets.defs.training_facts import is_training
from recipe_assets.errors import RecipeError
from recipe_assets.studio.split_state import pending_fingerprint


@dg.schedule(
    job=retrain,
    cron_schedule="0 3 * * 1",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Mondays at 03:00 UTC: retrain if photos or keywords changed since the released model's training.",
)
def weekly_retraining(
    context: dg.ScheduleEvaluationContext,
    releases: ReleaseStoreResource,
    storage: StorageResource,
    vocabulary: VocabularyResource,
) -> dg.RunRequest | dg.SkipReason:
    """Compare what the released model was trained on with what training would see now."""
    if is_training(context.instance):
        return dg.SkipReason("a training is under way: what it leaves unlearned is looked at next Monday")
    try:
        store = releases.open()
        released, candidate = store.current_manifest(), store.candidate_manifest()
        pending = pending_fingerprint(storage.tables(), vocabulary.load())
    except RecipeError as error:
        return dg.SkipReason(str(error))
    if pending is None:
        return dg.SkipReason("no shoot was read yet")
    if released is not None and released.data_fingerprint == pending:
        return dg.SkipReason(f"no shoot arrived since release {released.release_id}")
    if candidate is not None and candidate.data_fingerprint == pending:
        return dg.SkipReason(f"release {candidate.release_id}, trained on all that is there, waits for approval")
    return dg.RunRequest(tags={"data_fingerprint": pending[:16], REQUESTED_BY: "weekly_retraining"})
