"""A thousand files to fear, sent by eight clients at once: each gets an answer, and the API is none the worse."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import httpx
import pytest

from tests.api.conftest import Running
from tests.api.explained import PREDICT, explaining, is_problem
from tests.release import factory
from tests.studio.damages import damaged_files

COUNT, CLIENTS = 1000, 8
QUERIES: tuple[dict[str, str], ...] = (
    {},
    {"output": "file"},
    {"output": "xmp"},
    {"detail": "true", "nearest": "3"},
)


@pytest.fixture(scope="module")
def wary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with explaining(tmp_path_factory.mktemp("wary"), queue=2 * CLIENTS, decode_seconds=2.0) as running:
        yield running


def test_a_thousand_hostile_files_get_no_5xx_and_harm_nobody(wary: Running) -> None:
    good = factory.photo("red")
    before = wary.client.post(PREDICT, content=good).json()

    def send(task: tuple[tuple[str, bytes], dict[str, str]]) -> tuple[str, httpx.Response]:
        (name, content), query = task
        return name, wary.client.post(PREDICT, content=content, params=query)

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(send, zip(damaged_files(COUNT, seed=7), cycle(QUERIES), strict=False)))
    assert len(answers) == COUNT
    wrong = [(name, answer.status_code, answer.text) for name, answer in answers if answer.status_code >= 500]
    assert not wrong, wrong[:5]
    refused = [answer for _, answer in answers if answer.status_code != httpx.codes.OK]
    assert all(is_problem(answer, answer.status_code) for answer in refused)
    # Damage to pixels alone leaves a photo; a test in which all or nothing is refused would show nothing.
    assert COUNT // 10 < len(refused) < COUNT - COUNT // 10, Counter(each.status_code for _, each in answers)
    assert wary.client.post(PREDICT, content=good).json() == before
    assert wary.health()["status"] == "ready"
