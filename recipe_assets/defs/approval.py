"""A person's word on a release that waits: approved, it becomes current; rejected, the current one stays.

Only where `RECIPE_APPROVAL=required` makes releases wait; how deciding works is `release.candidates`' subject.
"""

from enum import Enum

import dagster as dg
from pydantic import Field

from recipe_assets.defs.release import RELEASE_ID, TAGS, model_release
from recipe_assets.defs.reporting import plain_errors
from recipe_assets.defs.resources import ReleaseStoreResource
from recipe_assets.defs.tracking import ModelRegistryResource, follow
from recipe_assets.errors import ReleaseError
from recipe_assets.release.decisions import APPROVALS, Verdict
from recipe_assets.release.store import ReleaseStore


class Choice(Enum):
    """What a person may decide."""

    approve = "approve"
    reject = "reject"


class ApprovalConfig(dg.Config):
    """The decision."""

    decision: Choice = Field(description="approve makes the waiting release current, reject turns it down.")
    approved_by: str = Field(description="Your name, for the record of the release.")
    note: str = Field(default="", description="Why; kept in the record.")
    release_id: str = Field(default="", description="Which release, to be sure; empty for the one that waits.")


@dg.asset(group_name="release", kinds={"s3"}, owners=["team:data"], tags=TAGS, deps=[model_release])
def release_approval(
    context: dg.AssetExecutionContext,
    config: ApprovalConfig,
    releases: ReleaseStoreResource,
    registry: ModelRegistryResource,
) -> dg.MaterializeResult[None]:
    """Who approved or rejected which release, when and why; read model_release and keyword_changes first."""
    with plain_errors():
        store = releases.open()
        release_id = config.release_id.strip() or waiting_release(store)
        decide = store.promote if config.decision is Choice.approve else store.reject
        decision = decide(release_id, Verdict(config.approved_by, config.note, context.run.run_id))
        current = store.read_pointer()
    context.log.info(f"release {release_id} was {decision}")
    return dg.MaterializeResult(
        metadata={
            RELEASE_ID: release_id,
            "decision": decision.decision,
            "decided_by": decision.decided_by or "",
            "decided_at": dg.MetadataValue.timestamp(decision.decided_at),
            "note": decision.note,
            "release_before": decision.previous or "none",
            "current_release": current.pointer.release_id if current else "none",
            "record": f"{store.store_url}/{APPROVALS}/{release_id}.json",
            "mlflow_aliases": follow(context.log, registry, store),
        }
    )


def waiting_release(store: ReleaseStore) -> str:
    """The id of the release that waits for approval.

    Raises:
        ReleaseError: if none does.
    """
    candidate = store.read_candidate()
    if candidate is None:
        raise ReleaseError(
            f"no release waits for approval in {store.store_url}: with RECIPE_APPROVAL=required, the next "
            "model_release will"
        )
    return candidate.release_id


@dg.asset_check(asset=release_approval)
def current_release_is_approved(releases: ReleaseStoreResource) -> dg.AssetCheckResult:
    """Where approval is required, the current release has a record of it."""
    with plain_errors():
        store = releases.open()
        current = store.read_pointer()
        release_id = current.pointer.release_id if current else None
        decision = store.decisions.read(release_id) if release_id else None
    approved = decision is not None and decision.decision == "approved"
    said = f"release {release_id} was {decision}" if decision else f"nobody approved release {release_id}"
    return dg.AssetCheckResult(
        passed=approved or release_id is None or not releases.needs_approval,
        severity=dg.AssetCheckSeverity.WARN,
        description=said if release_id else "there is no release yet",
    )
