"""The examples of the review calls in the documentation; data only."""

from datetime import UTC, datetime

from api.review.schemas import (
    Counting,
    GivenAnswer,
    KeptAnswer,
    NearTraining,
    PersonProgress,
    Progress,
    QueuePage,
    ReviewPhoto,
)
from recipe_assets.review.queue_file import Choice, Guess

_RELEASE = "20261122T210501Z-3f9a1c2b"
_SHA256 = "7c2e91d0" * 8
_PICTURES = "/api/v1/review/pictures"
_NEAR = NearTraining(
    "2024-week-12", "HF_Y24_R15_W12_SE_K19256-1_03__original.jpg", "pan", 0.9312,
    f"{_PICTURES}/{'5f1c9a2e' * 8}.jpg",
)  # fmt: skip
PROGRESS = Progress(60, 12, 48, (PersonProgress("Ana", 7), PersonProgress("Ben", 5)))
PAGE = QueuePage(
    made_at=datetime(2026, 11, 22, 22, 0, 0, tzinfo=UTC),
    release_id=_RELEASE,
    keywords=(Choice("oven-tray", "oven", "o"), Choice("pan", "stove", "p")),
    photos=(
        ReviewPhoto(
            id="9a0c44e1b7d2f630",
            shoot="2024-week-14",
            file="HF_Y24_R15_W14_SE_K19301-1_02__original.jpg",
            sha256=_SHA256,
            reason="needs_review",
            detail="the model is not sure enough of pan",
            label=None,
            picture=f"{_PICTURES}/{_SHA256}.jpg",
            predictions=(Guess("pan", 48.2), Guess("oven-tray", 40.9)),
            nearest=(_NEAR,),
        ),
    ),
    next="9a0c44e1b7d2f630",
    progress=PROGRESS,
)
GIVEN = GivenAnswer(
    answer_id="0f8fad5b-d9cb-469f-a165-70867728950e",
    shoot="2024-week-14",
    file="HF_Y24_R15_W14_SE_K19301-1_02__original.jpg",
    sha256=_SHA256,
    keyword="oven-tray",
    by="Ana",
    shown_keyword="pan",
    shown_confidence=48.2,
    release_id=_RELEASE,
)
STORED = KeptAnswer(
    answer_id=GIVEN.answer_id,
    shoot=GIVEN.shoot,
    file=GIVEN.file,
    sha256=GIVEN.sha256,
    keyword=GIVEN.keyword,
    by=GIVEN.by,
    at=datetime(2026, 11, 22, 22, 14, 9, tzinfo=UTC),
    shown_keyword=GIVEN.shown_keyword,
    shown_confidence=GIVEN.shown_confidence,
    release_id=GIVEN.release_id,
    sequence=1,
    counts=Counting(GIVEN.keyword, GIVEN.by),
)
