"""What people see of production in the UI: charts and tables of a table of predictions.

Only shows; measuring is done in `recipe_assets.production`.
"""

import dagster as dg
import pandas as pd

from recipe_assets.defs.reporting import percent, picture, table
from recipe_assets.figures.production import confidence_histogram, drift_chart, mix_chart, review_chart
from recipe_assets.production.drift import (
    FEWEST_BURSTS,
    FEWEST_PHOTOS,
    LIMIT,
    Drift,
    answered_photos,
    different_photos,
    drift,
    keyword_mix,
    recent,
)
from recipe_assets.production.views import by_day, disagreements, moves, shadowed, traffic
from recipe_assets.release.manifest import Manifest

MOVED = 3
"""Keywords that are named where drift is told in words."""
NOTHING_YET = (
    "no API has logged a prediction yet: answer a photo with the API, which ships what it logged to "
    "the release store every minute"
)


def no_traffic() -> dict[str, dg.MetadataValue]:
    """What stands there before the first prediction."""
    return {"note": dg.MetadataValue.text(NOTHING_YET), "predictions": dg.MetadataValue.int(0)}


def traffic_metadata(
    predictions: pd.DataFrame, training: pd.DataFrame, manifest: Manifest | None
) -> dict[str, dg.MetadataValue]:
    """Counts, plots and tables.

    Args:
        predictions: the table.
        training: a row for each training photo: keyword, group.
        manifest: of the current release, if there is one.
    """
    answers = answered_photos(predictions)
    newest, photos, days = recent(answers), different_photos(answers), by_day(training, answers)
    found, mix = drift(training, newest), keyword_mix(training, newest)
    return {
        "predictions": dg.MetadataValue.int(len(answers)),
        "photos": dg.MetadataValue.int(len(photos)),
        "newest": dg.MetadataValue.timestamp(predictions["time"].max().to_pydatetime()),
        "drift": dg.MetadataValue.text(drift_in_words(found, mix)),
        "keyword_mix": picture(mix_chart(mix)),
        "confidence": picture(confidence_histogram(photos)),
        "needs_review": picture(review_chart(days, _promised(manifest))),
        "drift_by_day": picture(drift_chart(days, LIMIT)),
        "keywords": table(mix),
        "days": table(days.iloc[::-1]),
        "releases_and_clients": table(traffic(answers)),
        **_shadow_metadata(predictions),
    }


def drift_in_words(found: Drift, mix: pd.DataFrame) -> str:
    """The distance with its interval, and the keywords that moved most."""
    if not found.enough:
        return (
            f"{found.photos} photos in {found.bursts} bursts are too few to judge drift: {FEWEST_PHOTOS} in "
            f"{FEWEST_BURSTS} are needed"
        )
    rows = mix.head(MOVED).to_dict("records")
    moved = ", ".join(
        f"{row['keyword']} {percent(row['training'])} → {percent(row['production'])}" for row in rows
    )
    return (
        f"the last {found.photos} photos are {found.distance:.2f} (95 % interval {found.low:.2f} to "
        f"{found.high:.2f}) from training, the limit is {LIMIT:g} (Jensen-Shannon distance of keyword mixes); "
        f"moved most: {moved}"
    )


def _shadow_metadata(predictions: pd.DataFrame) -> dict[str, dg.MetadataValue]:
    compared, differing = shadowed(predictions), disagreements(predictions)
    photos = int(compared["photos"].sum())
    return {
        "shadow": dg.MetadataValue.text(
            f"{len(differing)} of {photos} photos ({percent(len(differing) / photos)}) would be named otherwise"
            if photos
            else "no candidate answered beside a release"
        ),
        "shadow_candidates": table(compared),
        "shadow_moves": table(moves(differing)),
        "shadow_disagreements": table(differing),
    }


def _promised(manifest: Manifest | None) -> float | None:
    """The share of photos that the current release expects a person to look at."""
    return 1 - manifest.review.coverage if manifest is not None and manifest.review is not None else None
