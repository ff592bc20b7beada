"""The examples in the documentation: typed as the answers themselves, so that they cannot fall behind them.

Data only; where an example is shown is `openapi`'s subject.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from api.contract.encoded import EncodedPhoto
from api.contract.schemas import (
    Answer,
    FileAnswer,
    FileProblem,
    ModelSummary,
    NearPhoto,
    Problem,
    RankedKeyword,
    StoredPhoto,
)
from recipe_assets.release.manifest import BaseCheckpoint, KeywordMetrics, Metrics, ReleasedKeyword
from recipe_assets.release.predictor import Prediction

RELEASE = "20261122T210501Z-3f9a1c2b"
PREDICTIONS = [Prediction("pan", 91.52), Prediction("saucepan", 6.07), Prediction("grill-plate", 1.31)]
_RANKED = tuple(RankedKeyword(one.keyword, one.confidence, "stove") for one in PREDICTIONS)
_NEAR = NearPhoto(
    "2024-week-12", "HF_Y24_R15_W12_SE_K19256-1_03__original.jpg", "pan", 0.9312,
    f"/api/v1/neighbors/{RELEASE}/417.jpg",
)  # fmt: skip
ANSWER = Answer(
    release_id=RELEASE, predictions=_RANKED, keyword="pan", pipeline="stove", needs_review=False, nearest=(_NEAR,)
)
STORED = StoredPhoto(f"s3://studio/results/{'5f1c9a2e' * 8}.jpg")
BATCH = [
    FileAnswer(file="01.jpg", **msgspec.structs.asdict(ANSWER)),
    FileProblem("notes.txt", Problem(400, "File must be an image")),
]
MODEL = ModelSummary(
    release_id=RELEASE,
    previous="20261115T090012Z-9b04d7e1",
    manifest_sha256="8d1f3c52" * 8,
    created_at=datetime(2026, 11, 22, 21, 5, 1, tzinfo=UTC),
    loaded_at=datetime(2026, 11, 22, 21, 9, 44, tzinfo=UTC),
    keywords=(ReleasedKeyword("pan", "pan", "stove"), ReleasedKeyword("oven-tray", "oven tray", "oven")),
    image_size=224,
    temperature=1.18,
    metrics=Metrics(
        macro_accuracy=0.91,
        macro_accuracy_interval=(0.87, 0.94),
        photos=412,
        zero_shot_macro_accuracy=0.48,
        per_keyword={"pan": KeywordMetrics(40, 0.95, 0.93, (0.88, 1.0))},
    ),
    data_fingerprint="3f9a1c2b" * 8,
    vocabulary_sha256="c07e55aa" * 8,
    base_checkpoint=BaseCheckpoint("openai/clip-vit-base-patch32", "MIT", None),
    git_sha="0a1b2c3d" * 5,
    dagster_run_id=None,
    mlflow_run_id=None,
    store="s3://studio/releases",
    last_error=None,
)
ENCODED = EncodedPhoto(
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR42mM8YSPCwMDAxMDAwMDAAAAN/gEcbvgqkw"
    "AAAABJRU5ErkJggg==",
    "01.png",
)
"""A real photo, of four pixels, so that trying it out works."""
PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" rdf:about=""><dc:subject><rdf:Bag>'
    "<rdf:li>pan</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"
)
DETAILS = {
    400: "File must be an image",
    401: "this call needs the admin key in the header X-API-Key",
    403: "without RECIPE_API_ADMIN_KEY this call is only answered on this machine",
    404: f"release {RELEASE} is not served here, or has no picture 9999.jpg",
    408: "the upload stalled",
    409: "the pointer of s3://studio moved meanwhile",
    413: "the upload is over 67108864 bytes: send a smaller copy, or fewer photos",
    415: "the photo is a PSD file: keywords are written into JPEG, TIFF, PNG, WebP; use an XMP sidecar for others",
    422: "the JPEG is damaged: the segment at byte 20 is cut off; export the photo again and repeat",
    429: "too many photos: at most 600 a minute, wait 2.0 s",
    502: "the URL answered 404 instead of a photo",
    503: "too many photos are waiting: send it again later",
    504: "the photo did not arrive within 15 s",
}
"""What people read with each status."""


def plain(example: Any) -> Any:  # noqa: ANN401 (any answer, as JSON shows it)
    """The example as the answer is sent."""
    return msgspec.json.decode(msgspec.json.encode(example))
