"""What the API answers, good or bad, as values: keywords, the model, how long to wait, why it refuses.

How and when it is asked is `service`'s subject.
"""

import httpx
import msgspec

from recipe_assets.commands.keywording.errors import ServiceError, ServiceRefusedError

LONGEST_WAIT = 300.0
"""Seconds that a service may ask to wait, at most."""


class Prediction(msgspec.Struct, frozen=True):
    """One keyword and how sure the model is, in percent."""

    keyword: str
    confidence: float


class Answer(msgspec.Struct, frozen=True):
    """What one release says of a photo; see the API's documentation of `detail=true`."""

    release_id: str
    predictions: tuple[Prediction, ...]
    keyword: str
    pipeline: str
    needs_review: bool

    @property
    def confidence(self) -> float:
        """Of the keyword, in percent."""
        return self.predictions[0].confidence


class _Keyword(msgspec.Struct, frozen=True):
    name: str


class Model(msgspec.Struct, frozen=True):
    """What is served: the release and its keywords."""

    release_id: str
    keywords: tuple[_Keyword, ...]

    @property
    def names(self) -> frozenset[str]:
        """The keywords."""
        return frozenset(word.name for word in self.keywords)


def wanted_wait(answer: httpx.Response) -> float:
    """Seconds that the answer asks to wait; the form with a date is none of our services'."""
    given = answer.headers.get("Retry-After", "")
    return min(float(given), LONGEST_WAIT) if given.isdigit() else 0


def refusal(url: str, answer: httpx.Response) -> ServiceError:
    """The error for an answer that the same photo would get again; of a kind that ends the run where all would."""
    said = f"{url} answers {answer.status_code}: {detail(answer)}"
    if answer.status_code in (401, 403):
        return ServiceRefusedError(f"{said}; set RECIPE_API_KEY to one of its keys")
    if answer.status_code in (404, 405) or answer.is_redirect:
        return ServiceRefusedError(f"{said}; is this a Recipe Classifier API? Set RECIPE_API_URLS, or use --api")
    return ServiceError(said)


def detail(answer: httpx.Response) -> str:
    """What the answer says is wrong, in one line."""
    try:
        body = answer.json()
    except ValueError:
        return answer.reason_phrase
    said = body.get("detail") if isinstance(body, dict) else None
    return " ".join(str(said or answer.reason_phrase).split())[:300]
