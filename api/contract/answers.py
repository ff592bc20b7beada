"""From a classified photo to what is said of it: lists of keywords, the detailed answer, the headers.

Here: values only. Photos that come back, and where they are stored, are `outputs`' subject.
"""

from api.contract.naming import header_text
from api.contract.options import TOP, Options
from api.contract.schemas import Answer, NearPhoto, RankedKeyword
from api.serving.server import Classified
from recipe_assets.release.neighbors import Neighbor
from recipe_assets.release.predictor import Prediction

NEIGHBORS_PATH = "/api/v1/neighbors"


def predictions(classified: Classified, options: Options) -> list[Prediction]:
    """The likeliest keywords, best first, without those below the confidence that was asked for."""
    ranked = classified.ranked(TOP if options.top is None else options.top)
    return [prediction for prediction in ranked if prediction.confidence >= options.min_confidence]


def detailed(classified: Classified, options: Options) -> Answer:
    """All that is known of the photo. Its neighbors take milliseconds: with them, call it in a thread."""
    first, predictor = classified.ranked(1)[0], classified.served.predictor
    return Answer(
        release_id=classified.served.release_id,
        predictions=tuple(
            RankedKeyword(one.keyword, one.confidence, predictor.pipeline(one.keyword))
            for one in predictions(classified, options)
        ),
        keyword=first.keyword,
        pipeline=classified.pipeline,
        needs_review=classified.needs_review,
        nearest=_nearest(classified, options.nearest),
    )


def photo_headers(classified: Classified) -> dict[str, str]:
    """What the headers of every answer of a photo say."""
    first = classified.ranked(1)[0]
    return {
        "X-Keyword": header_text(first.keyword),
        "X-Confidence": f"{first.confidence:g}",
        "X-Pipeline": header_text(classified.pipeline),
        "X-Needs-Review": "true" if classified.needs_review else "false",
    }


def _nearest(classified: Classified, count: int) -> tuple[NearPhoto, ...] | None:
    found = classified.nearest(count) if count else None
    return None if found is None else tuple(_near(classified.served.release_id, one) for one in found)


def _near(release_id: str, neighbor: Neighbor) -> NearPhoto:
    return NearPhoto(
        neighbor.shoot,
        neighbor.file,
        neighbor.keyword,
        neighbor.similarity,
        f"{NEIGHBORS_PATH}/{release_id}/{neighbor.place}.jpg",
    )
