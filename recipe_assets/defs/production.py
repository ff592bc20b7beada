"""What APIs answered in production, read back from the release store: how much, how sure, how far from training.

The table is not partitioned: files arrive late where a store was away, and every plot and the check look over
days. Reading costs only the files that are new; what is older than `WINDOW_DAYS` leaves the table, not the store.
"""

import datetime

import dagster as dg
import numpy as np
import pandas as pd

from recipe_assets.defs.production_views import drift_in_words, no_traffic, traffic_metadata
from recipe_assets.defs.reporting import plain_errors, progress, table
from recipe_assets.defs.resources import ReleaseStoreResource, StorageResource
from recipe_assets.defs.sensors import UNFINISHED, WORK
from recipe_assets.defs.upkeep import OUTAGES, PREDICTIONS_AGE
from recipe_assets.errors import RecipeError
from recipe_assets.production.collecting import Collected, collect, fingerprint, window
from recipe_assets.production.drift import LIMIT, answered_photos, drift, keyword_mix, recent
from recipe_assets.release.prediction_store import PredictionStore
from recipe_assets.storage import StorageError

NAME = "production_predictions"
FILES = "files"
"""The table's attribute that says which files it holds."""
TRAINING = {"columns": ["keyword", "group", "split"]}
PAUSE = datetime.timedelta(hours=1)
"""New files are read at most this often: a run costs more than most of them hold."""


@dg.asset(
    group_name="release",
    kinds={"pandas", "parquet"},
    owners=["team:data"],
    tags={"stage": "release"},
    deps=["served_model"],
    retry_policy=OUTAGES,
    freshness_policy=PREDICTIONS_AGE,
    ins={"splits": dg.AssetIn(metadata=TRAINING)},
)
def production_predictions(
    context: dg.AssetExecutionContext,
    splits: pd.DataFrame,
    releases: ReleaseStoreResource,
    storage: StorageResource,
) -> dg.MaterializeResult[pd.DataFrame]:
    """What the APIs answered in the last 30 days, a row for each photo, and how far it is from training.

    No image content: time, release, client, photo hash, keywords and confidences; and where a shadow candidate
    would have answered otherwise.
    """
    with plain_errors():
        found = collected(context, releases, storage)
        manifest = releases.open().current_manifest()
    for damaged in found.damaged.itertuples():
        context.log.warning(f"{damaged.file} is left out: {damaged.problem}")
    if found.table.empty:
        context.log.info("no API has logged a prediction yet")
    training = splits[splits["split"] == "train"]
    shown = traffic_metadata(found.table, training, manifest) if len(found.table) else no_traffic()
    return dg.MaterializeResult(
        value=found.table,
        metadata={"new_files": found.new_files, "damaged_files": table(found.damaged), **shown},
    )


def collected(
    context: dg.AssetExecutionContext, releases: ReleaseStoreResource, storage: StorageResource
) -> Collected:
    """The table of today; what was read before is not read again, unless the stored table is damaged."""
    store, tables = predictions_of(releases), storage.tables()
    files = store.files(*window(today()))
    try:
        before = tables.read(NAME) if tables.path(NAME).is_file() else None
    except StorageError as error:
        context.log.warning(f"{error}; all files are read again")
        before = None
    found = collect(store, files, before, progress(context.log.info, "files of predictions read"))
    found.table.attrs[FILES] = fingerprint(files)
    return found


def predictions_of(releases: ReleaseStoreResource) -> PredictionStore:
    """The predictions in the release store."""
    return PredictionStore(releases.objects())


def today() -> datetime.date:
    """The day, UTC."""
    return datetime.datetime.now(datetime.UTC).date()


@dg.asset_check(asset=production_predictions, additional_ins={"splits": dg.AssetIn("splits", metadata=TRAINING)})
def predictions_drifted(production_predictions: pd.DataFrame, splits: pd.DataFrame) -> dg.AssetCheckResult:
    """The keywords of the newest 7 days with photos are those of training, or chance explains the difference.

    Warns where even the near end of the 95 % interval of the Jensen-Shannon distance is beyond the limit.
    """
    training, answers = splits[splits["split"] == "train"], recent(answered_photos(production_predictions))
    found, mix = drift(training, answers), keyword_mix(training, answers)
    return dg.AssetCheckResult(
        passed=not found.too_far,
        severity=dg.AssetCheckSeverity.WARN,
        description=drift_in_words(found, mix) + ("; label such photos and train again" if found.too_far else ""),
        metadata={
            "distance": None if np.isnan(found.distance) else found.distance,
            "limit": LIMIT,
            "photos": found.photos,
            "days": answers["day"].nunique(),
            "moved_most": table(mix.head(10)),
        },
    )


read_predictions = dg.define_asset_job(
    "read_predictions",
    selection=dg.AssetSelection.assets(NAME),
    description="Read what APIs have logged since the last time.",
)


@dg.sensor(
    job=read_predictions,
    minimum_interval_seconds=120,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests production_predictions when APIs have shipped new files, once an hour at most.",
)
def new_predictions(
    context: dg.SensorEvaluationContext, releases: ReleaseStoreResource, storage: StorageResource
) -> dg.RunRequest | dg.SkipReason:
    """Compare the files in the store with those that the table was made from."""
    tables = storage.tables()
    if not tables.path("splits").is_file():
        return dg.SkipReason("there are no splits to compare with yet: run the main job once")
    try:
        files = predictions_of(releases).files(*window(today()))
    except RecipeError as error:
        return dg.SkipReason(str(error))
    wanted, known = fingerprint(files), (tables.attributes(NAME) or {}).get(FILES)
    if wanted == known or (known is None and not files):
        return dg.SkipReason(f"nothing is new in {len(files)} files")
    if known != fingerprint([]) and _read_lately(context.instance):
        return dg.SkipReason("files are new, but the table was read within the hour")
    busy = dg.RunsFilter(job_name=read_predictions.name, statuses=UNFINISHED)
    if context.instance.get_runs_count(busy):
        return dg.SkipReason("files are being read")
    return dg.RunRequest(run_key=f"predictions:{wanted}", tags={WORK: f"predictions:{wanted}"})


def _read_lately(instance: dg.DagsterInstance) -> bool:
    last = instance.get_latest_materialization_event(dg.AssetKey(NAME))
    return last is not None and datetime.datetime.now(datetime.UTC).timestamp() - last.timestamp < PAUSE.seconds
