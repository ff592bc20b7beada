"""What brings shoots into the outbox by themselves: as soon as their keywords are standardized and a model is out.

A thin shell over `outbox.standing`, which says what a shoot was keyworded from.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import dagster as dg

from recipe_assets.defs.automation_settings import AutomationResource
from recipe_assets.defs.jobs import keyword_shoot
from recipe_assets.defs.partitions import shoots
from recipe_assets.defs.resources import OutboxResource, ReleaseStoreResource, StorageResource
from recipe_assets.defs.sensors import MAX_REQUESTS, busy_shoots, request_run
from recipe_assets.errors import RecipeError
from recipe_assets.outbox.rows import NAME
from recipe_assets.outbox.standing import RELEASE, standing
from recipe_assets.storage import TableStore

LEAVE, WRITE = "leave", "write"


@dg.sensor(
    job=keyword_shoot,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests keyworded_shoot for shoots that are not in this outbox, or were made from older files, "
    "keywords or releases (RECIPE_OUTBOX_ON_RELEASE says what becomes of these).",
)
def shoots_to_keyword(
    context: dg.SensorEvaluationContext,
    releases: ReleaseStoreResource,
    storage: StorageResource,
    outbox: OutboxResource,
    automation: AutomationResource,
) -> dg.SensorResult | dg.SkipReason:
    """Compare each shoot's table with what it would be made from now; those new to the outbox go first."""
    tables = storage.tables()
    try:
        current = releases.open().read_pointer()
        location, choice = outbox.open().location, automation.on_release
        due = list(_due(tables, current.pointer.release_id, location, choice)) if current else []
    except RecipeError as error:
        return dg.SkipReason(str(error))
    if current is None:
        return dg.SkipReason("there is no release yet to keyword by: the first one comes from retrain")
    known, busy = set(context.instance.get_dynamic_partitions(shoots.name or "")), busy_shoots(context.instance)
    requests = (
        found
        for shoot, work in due
        if shoot in known - busy
        and (found := request_run(context, keyword_shoot.name, shoot, work, _config(automation.on_release)))
    )
    asked = list(islice(requests, MAX_REQUESTS))
    return dg.SensorResult(
        run_requests=asked,
        skip_reason=None if asked else dg.SkipReason(_why_nothing([shoot for shoot, _ in due])),
    )


def _due(tables: TableStore, release_id: str, outbox: str, on_release: str) -> Iterator[tuple[str, str]]:
    """Shoots to keyword, and what each run would be for; the same until something changes again."""
    names = tables.partitions("standardized_keywords")
    found = ((name, standing(tables, name, release_id, outbox)) for name in names)
    ready = [(name, stands) for name, stands in found if stands is not None]
    for shoot, stands in sorted(ready, key=lambda one: not one[1].is_new):
        if stands.older and not (on_release == LEAVE and stands.older == {RELEASE}):
            yield shoot, stands.work(shoot)


def _config(on_release: str) -> dict[str, Any]:
    """What a run does with photos that are in the outbox; without a word it shows what would change."""
    return {"ops": {NAME: {"config": {"update": WRITE}}}} if on_release == WRITE else {}


def _why_nothing(waiting: list[str]) -> str:
    if waiting:
        return (
            f"{len(waiting)} shoots are under way, or failed and wait for another try: {', '.join(waiting[:10])}"
        )
    return "every shoot that was read is in the outbox, by the current release"
