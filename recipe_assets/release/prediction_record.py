"""One answer of an API as a record: the one place that states its columns, their types and units.

The API logs a record as a line of JSON; a Parquet file has these columns in this order (`production.parquet`
derives its schema from here). Where files of them are kept is `prediction_store`'s subject.
"""

from datetime import datetime
from typing import Literal

import msgspec

from recipe_assets.release.manifest import Timestamp

Kind = Literal["prediction", "shadow"]
PREDICTION: Kind = "prediction"
SHADOW: Kind = "shadow"


class PredictionRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One photo's answer; of kind "shadow", with what a candidate release would have answered beside it.

    Attributes:
        row_id: unique for ever: the API process's token and a running number. A row that arrives twice has the
            same one.
        kind: "prediction" (a client got this answer) or "shadow" (a candidate answered the same photo, unseen).
        time: when the answer was ready, UTC, in microseconds.
        release_id: the release that answered the client.
        photo_sha256: of the bytes that were sent, 64 hexadecimal digits; no image content is kept.
        client: the name of the caller's key; None without keys.
        needs_review: whether a person should look, by the release's rule.
        keyword: the first keyword.
        confidence: of the first keyword, in percent (0-100) as it was answered.
        keyword_2: the second keyword; None in a release of one keyword.
        confidence_2: percent.
        keyword_3: the third keyword; None in a release of two keywords.
        confidence_3: percent.
        candidate_release_id: of kind "shadow" only, as all that follows: the candidate.
        candidate_keyword: the candidate's first keyword.
        candidate_confidence: percent.
        candidate_keyword_2: the candidate's second keyword.
        candidate_confidence_2: percent.
        candidate_keyword_3: the candidate's third keyword.
        candidate_confidence_3: percent.
    """

    row_id: str
    kind: Kind
    time: Timestamp
    release_id: str
    photo_sha256: str
    client: str | None
    needs_review: bool
    keyword: str
    confidence: float
    keyword_2: str | None = None
    confidence_2: float | None = None
    keyword_3: str | None = None
    confidence_3: float | None = None
    candidate_release_id: str | None = None
    candidate_keyword: str | None = None
    candidate_confidence: float | None = None
    candidate_keyword_2: str | None = None
    candidate_confidence_2: float | None = None
    candidate_keyword_3: str | None = None
    candidate_confidence_3: float | None = None


Column = type[str] | type[float] | type[bool] | type[datetime]

_KINDS: dict[str, Column] = {"time": datetime, "needs_review": bool}
COLUMNS: dict[str, Column] = {
    name: _KINDS.get(name, float if "confidence" in name else str) for name in PredictionRecord.__struct_fields__
}
"""The type of each column, in order; a datetime is UTC in microseconds, a float has 64 bits."""
REQUIRED = tuple(
    name
    for name in PredictionRecord.__struct_fields__
    if name != "client" and not name.startswith("candidate_") and not name[-1].isdigit()
)
"""The columns that every row has a value in."""
