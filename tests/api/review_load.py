"""Ten people answer 500 photos at once, through two APIs over one store: `python -m tests.api.review_load`.

Some answers are sent twice, to both APIs at the same time; one API is killed in the middle and started again. None
may be lost, none doubled, and the order of a photo's answers kept. The test of the same is `test_api_review_load`.
"""

import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import httpx

from recipe_assets.release.places import open_objects
from recipe_assets.review.journal import Answer, Journal
from recipe_assets.review.queue_file import QueuedPhoto
from tests.api import review_desk

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
PATH = "/api/v1/review/answers"
TWICE = 0.3
"""The share of answers that are sent twice."""


class Api:
    """`python -m api` over a store, as people start it."""

    def __init__(self, folder: Path, store: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port = found.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / f"api-{self.port}.log"
        self._environ = os.environ | {
            "RECIPE_RELEASES": store, "RECIPE_API_PORT": str(self.port), "DAGSTER_HOME": str(folder),
            "RECIPE_API_CACHE": str(folder / f"cache-{self.port}"), "RECIPE_API_PREDICTION_LOG": "off",
        }  # fmt: skip
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "api"], cwd=ROOT, env=self._environ, stdout=log, stderr=log
            )

    def wait(self) -> None:
        """Until it listens."""
        deadline = time.monotonic() + PATIENCE
        while not self._listens():
            assert self.process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, "the API does not start"
            time.sleep(0.05)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@dataclass
class Person:
    """One who answers photos one after the other, and notes what was confirmed."""

    name: str
    urls: Sequence[str]
    photos: Sequence[QueuedPhoto]
    answers: int
    sent: list[dict[str, Any]] = field(default_factory=list)
    confirmed: list[dict[str, Any]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def work(self, ready: threading.Barrier) -> None:
        chance = random.Random(self.name)
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client, ThreadPoolExecutor(1) as other:
            ready.wait()
            for number in range(self.answers):
                keyword = chance.choice((*review_desk.KEYWORDS, "drop", ""))
                body = review_desk.given(chance.choice(self.photos), keyword, self.name)
                body["answer_id"] = f"{self.name}-{number}"
                first, second = chance.sample(list(self.urls), 2)
                again = other.submit(self._send, client, second, body) if chance.random() < TWICE else None
                start = time.perf_counter()
                self.sent.append(body)
                self.confirmed.append(self._send(client, first, body))
                self.seconds.append(time.perf_counter() - start)
                assert again is None or again.result() == self.confirmed[-1], "a doubled send got another answer"

    @staticmethod
    def _send(client: httpx.Client, url: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send until there is an answer, as the page does."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                response = client.post(f"{url}{PATH}", json=body)
                response.raise_for_status()
                found: dict[str, Any] = response.json()
                return found
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the API stays away"
                time.sleep(0.05)


def run(folder: Path, people: int, answers: int, photos: int, *, kill: bool = True) -> tuple[list[Person], str]:
    """Let so many people give so many answers together; returns them and the store."""
    store = (folder / "store").as_uri()
    queue = review_desk.publish(store, photos)
    apis = [Api(folder, store), Api(folder, store)]
    try:
        for api in apis:
            api.wait()
        urls = [api.url for api in apis]
        crowd = [Person(f"person-{number}", urls, queue.photos, answers // people) for number in range(people)]
        ready = threading.Barrier(people)
        with ThreadPoolExecutor(people) as pool:
            done = [pool.submit(person.work, ready) for person in crowd]
            if kill:
                _kill_in_the_middle(apis[0], crowd, answers)
            for one in done:
                one.result()
    finally:
        for api in apis:
            api.stop()
    return crowd, store


def _kill_in_the_middle(api: Api, crowd: Sequence[Person], answers: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while sum(len(person.confirmed) for person in crowd) < answers // 3 and time.monotonic() < deadline:
        time.sleep(0.005)
    api.kill()
    api.start()


def complaints(crowd: Sequence[Person], store: str) -> list[str]:
    """What is wrong in the store, after all that the people were told."""
    kept = list(Journal(open_objects(store)).all())
    found = {answer.answer_id: answer for answer in kept}
    sent = {body["answer_id"]: body for person in crowd for body in person.sent}
    wrong = [f"lost: {name}" for name in sent.keys() - found.keys()]
    wrong += [f"nobody's: {name}" for name in found.keys() - sent.keys()]
    wrong += [f"doubled: {len(kept) - len(found)}"] if len(kept) != len(found) else []
    for name in sent.keys() & found.keys():
        given = {key: getattr(found[name], key) for key in sent[name]}
        wrong += [f"changed: {name}"] if given != sent[name] else []
    for person in crowd:
        wrong += [f"confirmed otherwise: {one}" for one in person.confirmed if _other(found, one)]
    return wrong + _disorder(kept)


def _other(found: dict[str, Answer], confirmed: dict[str, Any]) -> bool:
    stored = found.get(confirmed["answer_id"])
    return stored is None or (stored.sequence, stored.sha256) != (confirmed["sequence"], confirmed["sha256"])


def _disorder(kept: Sequence[Answer]) -> list[str]:
    """Photos whose answers are not numbered from 1, or not in the order in which each person gave them."""
    wrong = []
    for sha256 in {answer.sha256 for answer in kept}:
        about = [answer for answer in kept if answer.sha256 == sha256]
        if [answer.sequence for answer in about] != list(range(1, len(about) + 1)):
            wrong.append(f"not numbered through: {sha256}")
        for by in {answer.by for answer in about}:
            order = [int(answer.answer_id.rpartition("-")[2]) for answer in about if answer.by == by]
            wrong += [f"out of order: {sha256} by {by}"] if order != sorted(order) else []
    return wrong


@click.command(help=__doc__)
@click.option("--people", default=10, show_default=True)
@click.option("--answers", default=500, show_default=True)
@click.option("--photos", default=40, show_default=True)
def main(people: int, answers: int, photos: int) -> None:
    """Run it and say what came of it."""
    with tempfile.TemporaryDirectory() as name:
        start = time.perf_counter()
        crowd, store = run(Path(name), people, answers, photos)
        seconds = time.perf_counter() - start
        wrong = complaints(crowd, store)
        kept = len(list(Journal(open_objects(store)).all()))
    each = sorted(one for person in crowd for one in person.seconds)
    click.echo(f"{people} people, {len(each)} answers about {photos} photos, 2 APIs, one of them killed once")
    click.echo(f"kept {kept}; {seconds:.1f} s in all with starting the APIs")
    click.echo(f"an answer: median {1000 * statistics.median(each):.0f} ms, longest {1000 * each[-1]:.0f} ms")
    click.echo("\n".join(wrong) or "none lost, none doubled, every order kept")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
