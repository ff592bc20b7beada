"""Release assets: the model published for everyone, and the proof that the APIs serve it.

What a release says of itself in the UI is `release_report`'s subject, a person's word on it `approval`'s.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pandas as pd

from recipe_assets.checkout import git_sha
from recipe_assets.defs.changes import COMPARED_WITH, require_changes_of
from recipe_assets.defs.release_report import release_report
from recipe_assets.defs.reporting import plain_errors, progress, table
from recipe_assets.defs.resources import ApiFleetResource, ReleaseStoreResource, StorageResource
from recipe_assets.defs.tracking import ModelRegistryResource, follow, register
from recipe_assets.defs.upkeep import OUTAGES, RELEASE_AGE
from recipe_assets.production.retraining import remember_training
from recipe_assets.release.fleet import confirm_served
from recipe_assets.release.manifest import Manifest, read_manifest
from recipe_assets.release.pointer import Pointer
from recipe_assets.release.store import ReleaseStore

TAGS = {"stage": "release"}
RELEASE_ID = "release_id"
"""The metadata key under which the release assets say which release they are about."""


@dg.asset(
    group_name="release",
    kinds={"onnx", "s3", "mlflow"},
    owners=["team:data"],
    tags=TAGS,
    deps=["raw_images", "model_comparison"],
    retry_policy=OUTAGES,
    freshness_policy=RELEASE_AGE,
)
def model_release(
    context: dg.AssetExecutionContext,
    fine_tuned_model: Path,
    confusion_matrix: pd.DataFrame,
    zero_shot_baseline: pd.DataFrame,
    linear_probe_baseline: pd.DataFrame,
    keyword_changes: pd.DataFrame,
    splits: pd.DataFrame,
    releases: ReleaseStoreResource,
    storage: StorageResource,
    registry: ModelRegistryResource,
) -> dg.MaterializeResult[None]:
    """The model as an immutable release, verified as stored; then current, or waiting for a person's approval."""
    from recipe_assets.model.releasing import Evidence, release_from_tables

    evidence = Evidence(confusion_matrix, zero_shot_baseline, linear_probe_baseline)
    collected = progress(context.log.info, "training photos collected, to explain predictions by")
    with plain_errors(), _scratch(storage.scratch("release") / context.run.run_id) as folder:
        require_changes_of(keyword_changes, fine_tuned_model)
        store = releases.open()
        current, before = store.read_pointer(), store.current_manifest()
        manifest, agreement = release_from_tables(
            storage.tables(), splits, fine_tuned_model, evidence, git_sha(), folder, collected
        )
        remember_training(storage.tables(), splits, manifest.release_id)
        if releases.needs_approval:
            pointer = _propose(context, store, folder, manifest, keyword_changes)
        else:
            pointer = store.publish(folder, manifest, current.token if current else None)
            context.log.info(f"release {manifest.release_id} is current in {store.store_url}")
        report = release_report(manifest, folder, pointer, before, keyword_changes, releases.needs_approval)
        report |= register(context.log, registry, store, manifest, folder)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(manifest.release_id),
        metadata={
            RELEASE_ID: manifest.release_id,
            "store": store.store_url,
            "photos_compared_with_torch": agreement.photos,
            "largest_logit_difference": agreement.largest_difference,
            **report,
        },
    )


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """An empty folder, which is gone afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _propose(
    context: dg.AssetExecutionContext, store: ReleaseStore, folder: Path, manifest: Manifest, changes: pd.DataFrame
) -> Pointer:
    """Let the release wait; it may replace only the release that its changes were shown against."""
    older = store.read_candidate()
    pointer = store.propose(folder, manifest, changes.attrs.get(COMPARED_WITH) or None)
    context.log.warning(
        f"release {manifest.release_id} waits for approval in {store.store_url}: run the job approve_release"
        + (f"; it supersedes {older.release_id}" if older else "")
    )
    return pointer


@dg.asset_check(asset=model_release)
def release_is_complete(releases: ReleaseStoreResource, storage: StorageResource) -> dg.AssetCheckResult:
    """Read back as a consumer would: what is current, and what waits, downloads whole and every hash agrees."""
    with plain_errors():
        store = releases.open()
        current, candidate = store.read_pointer(), store.read_candidate()
        pointers = [pointer for pointer in (current.pointer if current else None, candidate) if pointer]
        if not pointers:
            return dg.AssetCheckResult(passed=False, description=f"{store.store_url} has no current release")
        manifests = [read_manifest(storage.copy_of(store, pointer)) for pointer in pointers]
    newest = manifests[-1]
    return dg.AssetCheckResult(
        passed=True,
        description=f"{len(newest.files)} files, {newest.bytes} bytes, all as the manifest says",
        metadata={RELEASE_ID: newest.release_id, "read_back": ", ".join(one.release_id for one in manifests)},
    )


@dg.asset(
    group_name="release",
    kinds={"litestar"},
    owners=["team:data"],
    tags=TAGS,
    deps=[model_release, "release_approval"],
    retry_policy=OUTAGES,
    output_required=False,
)
def served_model(
    context: dg.AssetExecutionContext,
    releases: ReleaseStoreResource,
    apis: ApiFleetResource,
    registry: ModelRegistryResource,
) -> Iterator[dg.MaterializeResult[None]]:
    """Every API of `RECIPE_API_URLS` was asked to reload and confirmed that it serves the current release."""
    with plain_errors():
        store = releases.open()
        current, candidate = store.read_pointer(), store.read_candidate()
        if candidate is not None:
            context.log.warning(f"release {candidate.release_id} waits for approval: run the job approve_release")
        if current is None:
            _require_reason(needs_approval=releases.needs_approval or candidate is not None)
            return  # the first release waits: nothing can be served, and nothing is wrong
        release_id = current.pointer.release_id
        rows = []
        for url in apis.urls:
            seconds = confirm_served(url, release_id, apis.admin_key)
            context.log.info(f"{url} serves {release_id}")
            rows.append({"api": url, "seconds": seconds})
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(release_id),
        metadata={
            RELEASE_ID: release_id,
            "waits_for_approval": candidate.release_id if candidate else "none",
            "apis": len(rows),
            "confirmed": table(pd.DataFrame(rows)),
            "mlflow_aliases": follow(context.log, registry, store),
        },
    )


def _require_reason(*, needs_approval: bool) -> None:
    if not needs_approval:
        raise dg.Failure("there is no release to serve: materialize model_release first", allow_retries=False)


@dg.asset_check(asset=served_model)
def somebody_serves(apis: ApiFleetResource) -> dg.AssetCheckResult:
    """At least one API is configured; without any, a release reaches nobody."""
    return dg.AssetCheckResult(
        passed=bool(apis.urls),
        severity=dg.AssetCheckSeverity.WARN,
        description=", ".join(apis.urls)
        or "no API to ask: set RECIPE_API_URLS, for example to http://localhost:8000",
    )
