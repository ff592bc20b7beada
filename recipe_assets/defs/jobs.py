"""What can be run by name, and how steps are run. Selections only; the assets are in their own modules."""

import logging

import dagster as dg

from recipe_assets.defs.upkeep import OUTAGES

REQUESTED_BY = "recipe/requested_by"
"""The tag that says which schedule or condition asked for a training."""
STUDIO = dg.AssetSelection.assets("raw_images", "mask_pairs", "standardized_keywords", "photo_embeddings")
new_shoot = dg.define_asset_job(
    "new_shoot",
    selection=STUDIO,
    op_retry_policy=OUTAGES,
    description="Read one shoot, standardize its keywords, embed its photos.",
)
standardize = dg.define_asset_job(
    "standardize",
    selection=dg.AssetSelection.assets("standardized_keywords"),
    description="Standardize one shoot's keywords again, after the vocabulary or the review queue changed.",
)
embed = dg.define_asset_job(
    "embed",
    selection=dg.AssetSelection.assets("photo_embeddings"),
    description="Embed one shoot's photos again, after the base checkpoint changed.",
)
inspect_studio = dg.define_asset_job(
    "inspect_studio",
    selection=dg.AssetSelection.assets(
        "keyword_distribution", "splits", "photo_findings", "review_queue", "studio_report"
    ),
    description="Look at all photos and keywords: charts, splits, findings, review queue, report. Trains nothing.",
)
keyword_shoot = dg.define_asset_job(
    "keyword_shoot",
    selection=dg.AssetSelection.assets("keyworded_shoot"),
    op_retry_policy=OUTAGES,
    description="Bring one shoot into the outbox, keyworded by the released model and sorted by pipeline.",
)
BY_HAND = dg.AssetSelection.assets("hyperparameter_search", "release_approval")
"""What only a person starts: a search costs hours, and an approval is a decision."""
PRODUCTION = dg.AssetSelection.assets("production_predictions")
"""What follows the APIs, not the training: `production`'s sensor requests it."""
POST_PRODUCTION = dg.AssetSelection.groups("post_production")
"""What follows shoots, releases and people's edits: sensors of its own request it."""
TRAINING = dg.AssetSelection.all() - STUDIO - BY_HAND - PRODUCTION - POST_PRODUCTION
"""From the look at all photos to the release that is served."""
retrain = dg.define_asset_job(
    "retrain",
    selection=TRAINING,
    description="Inspect, split, train, evaluate, release and serve, over all shoots that were read.",
)
search = dg.define_asset_job(
    "search",
    selection=dg.AssetSelection.assets("hyperparameter_search"),
    description="Try strategies and settings on the validation photos; goes on where it was stopped.",
)
approve_release = dg.define_asset_job(
    "approve_release",
    selection=dg.AssetSelection.assets("release_approval", "served_model"),
    description="Approve or reject the release that waits (RECIPE_APPROVAL=required), and serve what is current.",
)
serve_release = dg.define_asset_job(
    "serve_release",
    selection=dg.AssetSelection.assets("served_model"),
    op_retry_policy=OUTAGES,
    description="Have every API take the current release and confirm it.",
)


class _ShortLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        meta = getattr(record, "dagster_meta", {})
        step = (meta.get("step_key") or "").partition("[")[0]
        return f"  {step or meta.get('job_name', '')}: {meta.get('orig_message', record.getMessage())}"


@dg.logger
def console(_context: dg.InitLoggerContext) -> logging.Logger:
    """What assets say, a short line each; Dagster's own step-by-step events stay in the UI."""
    handler = logging.StreamHandler()
    handler.setFormatter(_ShortLines())
    handler.addFilter(lambda record: getattr(record, "dagster_meta", {}).get("dagster_event") is None)
    logger = logging.Logger("recipe", level=logging.INFO)
    logger.addHandler(handler)
    return logger


@dg.definitions
def execution() -> dg.Definitions:
    """The jobs, and two steps of a run at a time: steps are processes, and the default is one for each core."""
    return dg.Definitions(
        jobs=[
            new_shoot,
            standardize,
            embed,
            keyword_shoot,
            inspect_studio,
            retrain,
            search,
            approve_release,
            serve_release,
        ],
        executor=dg.multiprocess_executor.configured({"max_concurrent": 2}),
        loggers={"console": console},
    )
