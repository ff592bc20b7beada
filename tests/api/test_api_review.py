"""The calls of the review page over real HTTP: what is handed out to whom, and what becomes of answers."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.review.desk import ReviewDesk
from api.review.knowledge import FRESH_SECONDS
from api.review.leases import LEASE_SECONDS, LEASES, Leases
from api.review.schemas import GivenAnswer
from api.settings import Settings
from recipe_assets.release.folder_store import FolderObjects
from recipe_assets.release.places import open_objects
from recipe_assets.review.journal import Answer, Journal
from recipe_assets.review.queue_file import (
    QUEUE,
    ReviewQueue,
    assign_keys,
    picture_key,
    publish_queue,
    put_picture,
    read_picture,
    read_queue,
)
from tests.api import review_desk
from tests.api.conftest import Running, Studio, until

BASE = "/api/v1/review"
Serve = Callable[..., Running]


@pytest.fixture
def queue(studio: Studio) -> ReviewQueue:
    return review_desk.publish(studio.url)


@pytest.fixture
def api(queue: ReviewQueue, serve: Serve) -> Running:
    """An API over a store with a queue and no release: a review needs none."""
    return serve()


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One API for all tests that are refused something; nobody ever answers there."""
    folder = tmp_path_factory.mktemp("asked")
    review_desk.publish((folder / "store").as_uri())
    settings = Settings(releases=(folder / "store").as_uri(), cache=folder / "cache", prediction_log=False)
    running = Running(msgspec.structs.replace(settings, port=0))
    running.start()
    yield running
    running.stop()


def page(api: Running, **query: Any) -> dict[str, Any]:  # noqa: ANN401 (any query)
    answer = api.client.get(f"{BASE}/queue", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def files(found: dict[str, Any]) -> list[str]:
    return [photo["file"] for photo in found["photos"]]


def send(api: Running, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.client.post(f"{BASE}/answers", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_photo_comes_with_all_that_is_needed_to_judge_it(api: Running, queue: ReviewQueue) -> None:
    found = page(api)
    first = found["photos"][0]
    assert files(found) == [f"{number:03d}.jpg" for number in range(1, 6)]
    assert first["predictions"][0] == {"keyword": "pan", "confidence": 48.25}
    assert first["nearest"][0]["keyword"] == "oven-tray"
    assert found["keywords"][0] == {"keyword": "pan", "pipeline": "pan-pipeline", "key": "p"}
    assert (found["release_id"], found["next"]) == (queue.release_id, None)
    for path in (first["picture"], first["nearest"][0]["picture"]):
        picture = api.client.get(path)
        assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/jpeg")
        assert picture.content.startswith(b"\xff\xd8")
        assert "immutable" in picture.headers["Cache-Control"]


def test_an_answer_is_kept_and_its_photo_not_asked_about_again(api: Running, studio: Studio) -> None:
    photo = review_desk.photo(1)
    body = review_desk.given(photo, "oven-tray")
    stored = send(api, body)
    assert stored["sequence"] == 1
    assert files(page(api)) == ["002.jpg", "003.jpg", "004.jpg", "005.jpg"]
    kept = Journal(open_objects(studio.url)).of(photo.sha256)
    assert [msgspec.to_builtins(answer) for answer in kept] == [
        {name: value for name, value in stored.items() if name != "counts"}
    ]
    assert stored["counts"] == {"keyword": "oven-tray", "by": "Ana"}
    assert {key: stored[key] for key in body} == body


def test_an_answer_that_is_taken_back_opens_its_photo_again(api: Running) -> None:
    photo = review_desk.photo(1)
    send(api, review_desk.given(photo))
    assert page(api)["progress"]["answered"] == 1
    assert send(api, review_desk.given(photo, ""))["sequence"] == 2
    found = page(api)
    assert files(found)[0] == "001.jpg"
    assert found["progress"] == {"total": 5, "answered": 0, "open": 5, "by_person": []}


def test_who_takes_back_an_answer_hears_whose_counts_instead(api: Running, serve: Serve) -> None:
    photo, other = review_desk.photo(1), serve()
    send(api, review_desk.given(photo, "pan", "Ben"))
    send(other, review_desk.given(photo, "oven-tray", "Ana"))
    body = review_desk.given(photo, "", "Ben")
    stored = send(api, body)
    assert stored["counts"] == {"keyword": "oven-tray", "by": "Ana"}
    for one in (api, other):
        until(lambda one=one: page(one)["progress"]["by_person"] == [{"by": "Ana", "answered": 1}])  # type: ignore[misc]
        assert "001.jpg" not in files(page(one))
    assert send(other, review_desk.given(photo, "", "Ana"))["counts"] is None
    for one in (api, other):
        until(lambda one=one: page(one)["progress"]["answered"] == 0)  # type: ignore[misc]
        assert files(page(one))[0] == "001.jpg"
    assert send(other, body) == stored, "sent again, it is told the same"


def test_progress_says_who_answered_what(api: Running) -> None:
    for number, by in ((1, "Ana"), (2, "Ben"), (3, "Ana")):
        send(api, review_desk.given(review_desk.photo(number), by=by))
    assert api.client.get(f"{BASE}/progress").json() == {
        "total": 5, "answered": 3, "open": 2,
        "by_person": [{"by": "Ana", "answered": 2}, {"by": "Ben", "answered": 1}],
    }  # fmt: skip


def test_what_one_person_looks_at_is_offered_to_others_last(api: Running) -> None:
    assert files(page(api, by="Ana", limit=2)) == ["001.jpg", "002.jpg"]
    assert files(page(api, by="Ben", limit=2)) == ["003.jpg", "004.jpg"]
    assert files(page(api, by="Ana", limit=2)) == ["001.jpg", "002.jpg"]
    assert files(page(api, by="Eve")) == ["005.jpg", "001.jpg", "002.jpg", "003.jpg", "004.jpg"]


def test_other_apis_over_the_store_know_who_looks_at_what(api: Running, serve: Serve) -> None:
    other = serve()
    page(api, by="Ana", limit=2)
    assert files(page(other, by="Ben", limit=2)) == ["003.jpg", "004.jpg"]
    send(api, review_desk.given(review_desk.photo(5)))
    until(lambda: page(other)["progress"]["answered"] == 1)
    assert "005.jpg" not in files(page(other))


def test_who_gives_no_name_takes_nothing_from_others(api: Running) -> None:
    assert files(page(api, limit=3)) == ["001.jpg", "002.jpg", "003.jpg"]
    assert files(page(api, by="Ana", limit=3)) == ["001.jpg", "002.jpg", "003.jpg"]


def test_the_queue_is_read_in_pages_to_its_end(api: Running) -> None:
    seen, after = [], None
    while True:
        found = page(api, limit=2, by="Ana", **({"after": after} if after else {}))
        seen += files(found)
        if (after := found["next"]) is None:
            break
    assert seen == [f"{number:03d}.jpg" for number in range(1, 6)]
    assert files(page(api, after="a place of another queue", limit=1)) == ["001.jpg"]


def test_leases_end_by_themselves_and_damage_to_them_costs_nothing(tmp_path: Path) -> None:
    now = 1000.0
    objects = FolderObjects(tmp_path)
    leases = Leases(objects, lambda: now)
    seen: list[dict[str, str]] = []

    def choose(holders: Any) -> list[str]:  # noqa: ANN401 (a mapping)
        seen.append(dict(holders))
        return ["photo"]

    leases.offer("Ana", choose)
    leases.offer("Ben", choose)
    now += LEASE_SECONDS + 1
    leases.offer("Eve", choose)
    (tmp_path / LEASES).write_bytes(b"{damaged")
    leases.offer("Ana", choose)
    assert seen == [{}, {"photo": "Ana"}, {}, {}]
    assert b"Ana" in (tmp_path / LEASES).read_bytes()


def test_two_apis_that_lease_at_once_give_no_photo_to_two_people(tmp_path: Path) -> None:
    review_desk.publish(tmp_path.as_uri(), photos=2)
    one, other = (ReviewDesk(FolderObjects(tmp_path)) for _ in range(2))
    taken: list[str] = []
    original = one._leases._read

    def read() -> Any:  # noqa: ANN401 (leases with their token)
        found = original()
        if not taken:
            taken.append(other.page("Ben", None, 1).photos[0].file)
        return found

    one._leases._read = read  # type: ignore[method-assign]
    assert one.page("Ana", None, 1).photos[0].file == "002.jpg"
    assert taken == ["001.jpg"]


def test_a_doubled_send_counts_once_even_through_two_apis(api: Running, serve: Serve, studio: Studio) -> None:
    body = review_desk.given(review_desk.photo(1))
    assert send(api, body) == send(serve(), body) == send(api, body)
    assert len(list(Journal(open_objects(studio.url)).all())) == 1


def test_a_photo_that_left_the_queue_meanwhile_is_still_answered(api: Running, studio: Studio) -> None:
    seen = review_desk.photo(1)
    review_desk.publish(studio.url, first=3)
    until(lambda: files(page(api))[0] == "003.jpg")
    assert send(api, review_desk.given(seen))["sequence"] == 1


def test_a_keyword_that_came_this_moment_can_be_answered(api: Running, studio: Studio) -> None:
    page(api)
    review_desk.publish(studio.url, keywords=(*review_desk.KEYWORDS, "wok"))
    assert send(api, review_desk.given(review_desk.photo(1), "wok"))["keyword"] == "wok"


def test_a_doubt_that_is_younger_than_the_answers_asks_again(tmp_path: Path) -> None:
    objects, now = FolderObjects(tmp_path), 0.0
    desk = ReviewDesk(objects, lambda: now)
    queue = review_desk.publish(objects, 1)
    Journal(objects).append(Answer(**review_desk.given(queue.photos[0])))
    assert desk.progress().open == 0
    photos = (msgspec.structs.replace(queue.photos[0], known=1),)
    publish_queue(objects, msgspec.structs.replace(queue, photos=photos))
    now += FRESH_SECONDS
    assert desk.progress().open == 1
    Journal(objects).append(Answer(**review_desk.given(queue.photos[0])))
    now += FRESH_SECONDS
    assert desk.progress().open == 0


class Slow(FolderObjects):
    """A folder whose listings can be held up, and are counted."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.listed: list[str] = []
        self.free = threading.Event()
        self.free.set()
        self.held = threading.Event()

    def sizes(self, prefix: str) -> Mapping[str, int]:
        self.listed.append(prefix)
        if not self.free.is_set():
            self.held.set()
            assert self.free.wait(30)
        return super().sizes(prefix)


def test_answers_about_other_photos_are_not_listed_where_there_are_many(tmp_path: Path) -> None:
    objects, now = Slow(tmp_path), 0.0
    for number in range(100, 130):
        Journal(objects).append(Answer(**review_desk.given(review_desk.photo(number))))
    queue = review_desk.publish(objects, 2)
    desk = ReviewDesk(objects, lambda: now)
    for answered, number in ((0, 0), (1, 1)):
        objects.listed.clear()
        assert desk.progress().answered == answered
        assert objects.listed == [f"review/answers/{photo.sha256}/" for photo in queue.photos]
        Journal(objects).append(Answer(**review_desk.given(queue.photos[number])))
        now += FRESH_SECONDS
    assert desk.progress().answered == 2
    Journal(objects).append(Answer(**review_desk.given(queue.photos[0], "")))
    now += FRESH_SECONDS
    assert desk.progress().answered == 1


def test_nobody_waits_for_the_listing_of_another(tmp_path: Path) -> None:
    objects, now = Slow(tmp_path), 0.0
    queue = review_desk.publish(objects, 3)
    desk = ReviewDesk(objects, lambda: now)
    desk.progress()
    Journal(objects).append(Answer(**review_desk.given(queue.photos[1], by="Ben")))
    now += FRESH_SECONDS
    objects.free.clear()
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(desk.progress)
        assert objects.held.wait(30)
        assert desk.progress().answered == 0
        assert [photo.file for photo in desk.page("Ana", None, 2).photos] == ["001.jpg", "002.jpg"]
        objects.free.set()
        assert looking.result().answered == 1
    assert desk.progress().answered == 1


def test_an_answer_that_was_stored_amid_a_look_is_not_forgotten_by_it(tmp_path: Path) -> None:
    objects, now = Slow(tmp_path), 0.0
    queue = review_desk.publish(objects, 2)
    desk = ReviewDesk(objects, lambda: now)
    desk.progress()
    now += FRESH_SECONDS
    listed = objects.sizes

    def late(prefix: str) -> Mapping[str, int]:
        found = listed(prefix)
        objects.sizes = listed  # type: ignore[method-assign]
        desk.answer(GivenAnswer(**review_desk.given(queue.photos[0])))
        return found

    objects.sizes = late  # type: ignore[method-assign]
    assert desk.progress().answered == 1


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"keyword": "soup"}, "'soup' is no keyword of the queue"),
        ({"sha256": "0f" * 32}, "was never in the queue"),
        ({"sha256": "../../../etc/passwd"}, "64 hexadecimal digits"),
        ({"answer_id": "../1"}, "answer_id"),
        ({"by": " "}, "needs by"),
        ({"by": "x" * 65}, "by has at most 64"),
        ({"shown_confidence": 101}, "not 0 to 100"),
        ({"file": "x" * 2000}, "at most 1024"),
        ({"sequence": 3}, "answers"),
        ({"keyword": None}, "answers"),
    ],
)
def test_an_answer_that_cannot_be_one_is_refused_with_a_reason(
    asked: Running, changes: dict[str, Any], detail: str
) -> None:
    answer = asked.client.post(f"{BASE}/answers", json=review_desk.given(review_desk.photo(1)) | changes)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert detail in answer.json()["detail"]
    assert page(asked)["progress"]["answered"] == 0


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"]
)
def test_what_a_page_of_another_origin_could_send_unasked_is_no_answer(asked: Running, content_type: str) -> None:
    body = msgspec.json.encode(review_desk.given(review_desk.photo(1)))
    answer = asked.client.post(f"{BASE}/answers", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 415
    assert page(asked)["progress"]["answered"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"answer_id": "1"}'])
def test_a_body_that_is_no_answer_is_refused(asked: Running, body: bytes) -> None:
    answer = asked.client.post(f"{BASE}/answers", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_a_body_that_is_too_large_is_refused(asked: Running) -> None:
    body = review_desk.given(review_desk.photo(1), file="x" * 100_000)
    assert asked.client.post(f"{BASE}/answers", json=body).status_code == 413


@pytest.mark.parametrize("name", ["x.jpg", f"{'0' * 64}.jpg", "..%2Fqueue.json", f"{'0' * 63}1.png", "%00"])
def test_only_pictures_of_the_queue_can_be_asked_for(asked: Running, name: str) -> None:
    assert asked.client.get(f"{BASE}/pictures/{name}").status_code == 404


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": -1}, {"limit": 51}, {"limit": "many"}, {"by": "x" * 65}]
)
def test_a_page_has_a_sensible_size(asked: Running, query: dict[str, Any]) -> None:
    assert asked.client.get(f"{BASE}/queue", params=query).status_code == 400


def test_the_review_needs_a_key_where_photos_need_one(queue: ReviewQueue, serve: Serve) -> None:
    api = serve(keys="studio=open-sesame")
    body = review_desk.given(review_desk.photo(1))
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "queue", {}),
        ("GET", "progress", {}),
        ("GET", f"pictures/{queue.photos[0].picture}", {}),
        ("POST", "answers", {"json": body}),
    ]
    for method, path, more in calls:
        assert api.client.request(method, f"{BASE}/{path}", **more).status_code == 401, path
    for method, path, more in calls:
        key = {"X-API-Key": "open-sesame"}
        assert api.client.request(method, f"{BASE}/{path}", headers=key, **more).status_code == 200, path
    assert api.client.get("/review").status_code == 200


def test_without_a_queue_there_is_nothing_to_do(serve: Serve) -> None:
    api = serve()
    found = page(api, by="Ana")
    assert (found["photos"], found["keywords"], found["made_at"]) == ([], [], None)
    assert api.client.get(f"{BASE}/progress").json()["total"] == 0
    answer = api.client.post(f"{BASE}/answers", json=review_desk.given(review_desk.photo(1)))
    assert answer.status_code == 400


def test_a_damaged_queue_is_named_and_mended_by_the_next_one(api: Running, studio: Studio) -> None:
    (studio.folder / "store" / QUEUE).write_bytes(b"{")
    until(lambda: api.client.get(f"{BASE}/queue").status_code == 502)
    assert "materialize published_review_queue again" in api.client.get(f"{BASE}/queue").json()["detail"]
    review_desk.publish(studio.url)
    assert len(page(api)["photos"]) == 5


def test_a_queue_is_not_published_before_its_pictures(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    queue = review_desk.publish(objects, 1)
    photos = (review_desk.photo(7),)
    with pytest.raises(Exception, match=r"7\.jpg is not there"):
        publish_queue(objects, msgspec.structs.replace(queue, photos=photos))
    assert read_queue(objects) == queue


def test_a_queue_of_a_version_that_counted_no_answers_is_read(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path)
    queue = review_desk.publish(objects, 2)
    stored = json.loads((tmp_path / QUEUE).read_bytes())
    del stored["answers"]
    (tmp_path / QUEUE).write_text(json.dumps(stored))
    assert read_queue(objects) == queue
    assert ReviewDesk(objects).progress().open == 2


def test_a_picture_never_changes(tmp_path: Path) -> None:
    objects, name = FolderObjects(tmp_path), f"{'a' * 64}.jpg"
    put_picture(objects, name, b"first")
    put_picture(objects, name, b"second")
    assert read_picture(objects, name) == b"first"
    assert objects.read(picture_key(name)) is not None


def test_every_keyword_has_a_key_of_its_own_as_long_as_there_are_letters() -> None:
    words = [f"{letter}{number}-pan" for letter in "abcp" for number in range(8)]
    keys = assign_keys(words, {})
    assert len(keys) == len(set(keys.values())) == 26
    assert keys["a0-pan"] == "a"
    assert set(words[:26]) == set(keys)


def test_a_key_never_moves_when_keywords_come_and_go() -> None:
    before = assign_keys(["pan", "pot", "saucepan"], {})
    assert before == {"pan": "p", "pot": "o", "saucepan": "s"}
    after = assign_keys(["oven", "pan", "saucepan", "spoon"], before)
    assert after == {"pan": "p", "saucepan": "s", "oven": "o", "spoon": "n"}


@pytest.mark.parametrize(
    "before", [{"pan": "1"}, {"pan": "P"}, {"pan": ""}, {"pan": "x", "pot": "x"}, {"gone": "p"}]
)
def test_keys_that_cannot_be_are_given_anew(before: dict[str, str]) -> None:
    assert assign_keys(["pan", "pot"], before) == {"pan": "p", "pot": "o"}


def test_words_without_latin_letters_get_keys_too() -> None:
    assert assign_keys(["鍋", "フライパン"], {}) == {"鍋": "a", "フライパン": "b"}
