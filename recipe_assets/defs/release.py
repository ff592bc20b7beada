"""Release assets: the model published for everyone, and the proof that the APIs serve it."""

import shutil
from pathlib import Path

import dagster as dg
import pandas as pd

from recipe_assets.defs.reporting import percent, picture, plain_errors, table
from recipe_assets.defs.resources import ApiFleetResource, ReleaseStoreResource, StorageResource
from recipe_assets.release.fleet import confirm_served
from recipe_assets.release.manifest import CONFUSION_MATRIX, read_manifest

TAGS = {"stage": "release"}
RELEASE_ID = "release_id"
"""The metadata key under which both assets say which release they are about."""


@dg.asset(group_name="release", kinds={"onnx", "s3"}, owners=["team:data"], tags=TAGS, deps=["raw_images"])
def model_release(
    context: dg.AssetExecutionContext,
    fine_tuned_model: Path,
    confusion_matrix: pd.DataFrame,
    zero_shot_baseline: pd.DataFrame,
    splits: pd.DataFrame,
    releases: ReleaseStoreResource,
    storage: StorageResource,
) -> dg.MaterializeResult[None]:
    """The model as an immutable release: ONNX graph, checkpoint and manifest, verified, then made current."""
    from recipe_assets.model.packaging import build_release
    from recipe_assets.model.pipeline import held_out_photos, summarize

    folder = storage.scratch("release") / context.run_id
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with plain_errors():
            store = releases.open()
            current = store.read_pointer()
            evaluation = summarize(confusion_matrix, zero_shot_baseline)
            photos = held_out_photos(storage.tables(), splits, fine_tuned_model)
            manifest, agreement = build_release(fine_tuned_model, photos, evaluation, git_sha(), folder)
            pointer = store.publish(folder, manifest, current.token if current else None)
        heatmap = (folder / CONFUSION_MATRIX).read_bytes()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    context.log.info(f"release {manifest.release_id} is current in {store.store_url}")
    files = pd.DataFrame([{"file": name, "bytes": file.bytes} for name, file in manifest.files.items()])
    return dg.MaterializeResult(
        data_version=dg.DataVersion(manifest.release_id),
        metadata={
            RELEASE_ID: manifest.release_id,
            "before": pointer.previous or "none",
            "store": store.store_url,
            "macro_accuracy": manifest.metrics.macro_accuracy,
            "interval_95": " to ".join(percent(bound) for bound in manifest.metrics.macro_accuracy_interval),
            "photos_compared_with_torch": agreement.photos,
            "largest_logit_difference": agreement.largest_difference,
            "confusion_matrix": picture(heatmap),
            "files": table(files),
        },
    )


@dg.asset_check(asset=model_release)
def release_is_complete(releases: ReleaseStoreResource, storage: StorageResource) -> dg.AssetCheckResult:
    """Read back as a consumer would: the current release downloads whole and every hash agrees."""
    with plain_errors():
        store = releases.open()
        current = store.read_pointer()
        if current is None:
            return dg.AssetCheckResult(passed=False, description=f"{store.store_url} has no current release")
        manifest = read_manifest(storage.copy_of(store, current.pointer))
    return dg.AssetCheckResult(
        passed=True,
        description=f"{len(manifest.files)} files, {manifest.bytes} bytes, all as the manifest says",
        metadata={RELEASE_ID: manifest.release_id},
    )


@dg.asset(group_name="release", kinds={"litestar"}, owners=["team:data"], tags=TAGS, deps=[model_release])
def served_model(
    context: dg.AssetExecutionContext, releases: ReleaseStoreResource, apis: ApiFleetResource
) -> dg.MaterializeResult[None]:
    """Every API of `RECIPE_API_URLS` was asked to reload and confirmed that it serves the current release."""
    with plain_errors():
        current = releases.open().read_pointer()
        if current is None:
            raise dg.Failure("there is no release to serve: materialize model_release first", allow_retries=False)
        release_id = current.pointer.release_id
        rows = []
        for url in apis.urls:
            seconds = confirm_served(url, release_id, apis.admin_key)
            context.log.info(f"{url} serves {release_id}")
            rows.append({"api": url, "seconds": seconds})
    return dg.MaterializeResult(
        data_version=dg.DataVersion(release_id),
        metadata={RELEASE_ID: release_id, "apis": len(rows), "confirmed": table(pd.DataFrame(rows))},
    )


@dg.asset_check(asset=served_model)
def somebody_serves(apis: ApiFleetResource) -> dg.AssetCheckResult:
    """At least one API is configured; without any, a release reaches nobody."""
    return dg.AssetCheckResult(
        passed=bool(apis.urls),
        severity=dg.AssetCheckSeverity.WARN,
        description=", ".join(apis.urls)
        or "no API to ask: set RECIPE_API_URLS, for example to http://localhost:8000",
    )


def git_sha() -> str | None:
    """The commit that this code is from, or None outside a checkout."""
    head = Path(__file__).parents[2] / ".git" / "HEAD"
    if not head.is_file():
        return None
    content = head.read_text(encoding="utf-8").strip()
    reference = head.parent / content.removeprefix("ref: ")
    if content.startswith("ref: "):
        return reference.read_text(encoding="utf-8").strip() if reference.is_file() else None
    return content
