"""What is said of a photo and what may be asked for, over real HTTP: headers, details, neighbors, parameters."""

from collections.abc import Iterator
from io import BytesIO
from urllib.parse import unquote

import pytest
from PIL import Image

from tests.api.conftest import Running
from tests.api.explained import PREDICT, SMORGASBORD, ask, explaining, is_problem
from tests.api.photo_host import Host
from tests.release import factory


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with explaining(tmp_path_factory.mktemp("explained")) as running:
        yield running


def test_headers_say_what_is_known_of_the_photo_whatever_is_answered(explained: Running) -> None:
    for output in ("predictions", "file", "s3_url", "xmp"):
        headers = ask(explained, factory.photo("blue"), output).headers
        assert headers["X-Keyword"] == "sm%C3%B6rg%C3%A5sbord 100%25"
        assert unquote(headers["X-Keyword"]) == SMORGASBORD
        assert unquote(headers["X-Pipeline"]) == "kök"
        assert headers["X-Needs-Review"] == "true"  # a release without a rule
        assert headers["X-Model-Release"] == explained.health()["release_id"]


def test_all_that_is_known_on_request(explained: Running) -> None:
    answer = explained.client.post(PREDICT, content=factory.photo("blue"), params={"detail": "true"}).json()
    assert answer["release_id"] == explained.health()["release_id"]
    assert (answer["keyword"], answer["pipeline"], answer["needs_review"]) == (SMORGASBORD, "kök", True)
    assert [set(one) for one in answer["predictions"]] == [{"keyword", "confidence", "pipeline"}] * 3
    assert answer["predictions"][0]["pipeline"] == "kök"
    assert answer["predictions"][1]["pipeline"] == "stove"
    assert answer["nearest"] is None


def test_the_nearest_training_photos_with_their_pictures(explained: Running) -> None:
    answer = explained.client.post(PREDICT, content=factory.photo("blue"), params={"nearest": 3}).json()
    assert [set(one) for one in answer["nearest"]] == [{"shoot", "file", "keyword", "similarity", "thumbnail"}] * 3
    nearest = answer["nearest"][0]
    assert (nearest["file"], nearest["keyword"]) == ("blue.jpg", "blue-pot")
    assert nearest["similarity"] == pytest.approx(1, abs=1e-3)
    picture_of = explained.client.get(nearest["thumbnail"])
    assert picture_of.status_code == 200
    assert picture_of.headers["content-type"] == "image/jpeg"
    assert "immutable" in picture_of.headers["cache-control"]
    with Image.open(BytesIO(picture_of.content)) as image:
        assert image.getpixel((1, 1)) == pytest.approx((0, 0, 254), abs=4)


def test_more_neighbors_than_there_are_are_all_there_are(explained: Running) -> None:
    answer = explained.client.post(PREDICT, content=factory.photo("blue"), params={"nearest": 20}).json()
    assert len(answer["nearest"]) == len(factory.LEARNED)


@pytest.mark.parametrize(
    "path", ["{release}/4.jpg", "{release}/-1.jpg", "{release}/0.png", "other/0.jpg", "{release}/00000000001.jpg",
             "{release}/%2e%2e%2fmanifest.json", "..%2f{release}/0.jpg", "{release}/٣.jpg"],
)  # fmt: skip
def test_other_pictures_are_not_there(explained: Running, path: str) -> None:
    release = explained.health()["release_id"]
    answer = explained.client.get(f"/api/v1/neighbors/{path.format(release=release)}")
    assert is_problem(answer, 404)


def test_a_release_without_training_photos_says_so(steady: Running) -> None:
    answer = steady.client.post(PREDICT, content=factory.photo("red"), params={"nearest": 3})
    assert answer.json()["nearest"] is None
    assert is_problem(steady.client.get(f"/api/v1/neighbors/{steady.health()['release_id']}/0.jpg"), 404)


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({"top": "0"}, "top=0 cannot be used: say a whole number from 1 to 4"),
        ({"top": "5"}, "top=5"),
        ({"top": "1.5"}, "top=1.5"),
        ({"top": ""}, "top="),
        ({"top": ["1", "2"]}, "top is given 2 times"),
        ({"nearest": "21"}, "nearest=21 cannot be used: say a whole number from 0 to 20"),
        ({"nearest": "-1"}, "nearest=-1"),
        ({"min_confidence": "101"}, "min_confidence=101 cannot be used: say a number from 0 to 100"),
        ({"min_confidence": "nan"}, "min_confidence=nan"),
        ({"min_confidence": "-0.1"}, "min_confidence=-0.1"),
        ({"min_confidence": "9" * 5000}, "min_confidence=99"),
        ({"detail": "maybe"}, "detail=maybe cannot be used: say true or false"),
        ({"output": "pdf"}, "output=pdf cannot be used: say one of predictions, file, s3_url, xmp"),
        ({"output": ""}, "output="),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    explained: Running, host: Host, query: dict[str, object], complaint: str
) -> None:
    url = f"{host.url}/photo.jpg"
    for answer in (
        explained.client.post(PREDICT, content=factory.photo("red"), params=query),
        explained.client.get("/api/v1/classify", params={"url": url, **query}),
    ):
        assert is_problem(answer, 400)
        assert answer.json()["detail"].startswith(complaint)
        assert len(answer.json()["detail"]) < 200
    assert host.asked == []


@pytest.mark.parametrize(("top", "count"), [("1", 1), ("4", 4), (" 2 ", 2)])
def test_as_many_keywords_as_asked_for(explained: Running, top: str, count: int) -> None:
    answer = explained.client.post(PREDICT, content=factory.photo("red"), params={"top": top})
    assert len(answer.json()) == count
    assert answer.json()[0]["keyword"] == "red-pan"


def test_keywords_below_the_confidence_are_left_out_the_first_one_too(explained: Running) -> None:
    everything = explained.client.post(PREDICT, content=factory.photo("red"), params={"top": 4}).json()
    second = everything[1]["confidence"]
    found = explained.client.post(PREDICT, content=factory.photo("red"), params={"min_confidence": second})
    assert found.json() == everything[:2]
    none = explained.client.post(PREDICT, content=factory.photo("red"), params={"min_confidence": 100})
    assert none.json() == []
    assert none.headers["X-Keyword"] == "red-pan"
    query = {"min_confidence": 100, "detail": "yes"}
    detailed = explained.client.post(PREDICT, content=factory.photo("red"), params=query).json()
    assert detailed["predictions"] == []
    assert detailed["keyword"] == "red-pan"
