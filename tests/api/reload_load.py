"""Twenty releases, good and bad, one after another under load: `python -m tests.api.reload_load` measures it.

The test of the same scenario is `test_api_reload`, the publisher `bad_publisher`.
"""

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from recipe_assets.release.manifest import Manifest
from tests.api.bad_publisher import GOOD, LATE, SERVED, Publisher
from tests.api.reload_clients import PATIENCE, Clients, Outcome, health, until

ROOT = Path(__file__).parents[2]
PLAN = (
    GOOD, "flipped", GOOD, "golden", LATE, "no manifest", GOOD, "short", GOOD, "half manifest",
    GOOD, "garbage", LATE, "missing", GOOD, "misfit", GOOD, "flipped", "golden", GOOD,
)  # fmt: skip
"""What each of the twenty releases is like."""


def run(publisher: Publisher, url: str, requests: int, clients: int = 4) -> Outcome:
    """Send at least so many requests: a third before, the others while the releases of `PLAN` are published.

    The API at `url` must follow the publisher's store and serve nothing yet. Each release is published when the
    API has judged the one before it, and no sooner than its share of the requests is answered.
    """
    first = publisher.build(0, GOOD)
    manifests = [publisher.build(number, kind) for number, kind in enumerate(PLAN, 1)]
    publisher.publish(0, GOOD, first)
    outcome = Outcome(publisher.expected)
    until(lambda: health(url)["release_id"] == first.release_id)
    with Clients(url, clients) as running:
        running.wait_for(requests // 3)
        outcome.reloads_began = time.perf_counter()
        for number, (kind, manifest) in enumerate(zip(PLAN, manifests, strict=True), 1):
            _publish_and_wait(publisher, url, outcome, number, kind, manifest)
            if kind in SERVED:
                running.wait_for_release(manifest.release_id)
            running.wait_for(requests // 3 + number * (requests - requests // 3) // len(PLAN))
    outcome.answers = running.answers
    return outcome


def _publish_and_wait(
    publisher: Publisher, url: str, outcome: Outcome, number: int, kind: str, manifest: Manifest
) -> None:
    mend = publisher.publish(number, kind, manifest)
    if kind != GOOD:
        until(lambda: manifest.release_id in (health(url)["last_error"] or ""))
        outcome.refused[number] = health(url)["last_error"]
    if kind == LATE:
        mend()
    if kind in SERVED:
        until(lambda: health(url)["release_id"] == manifest.release_id)


@contextmanager
def api(publisher: Publisher, folder: Path) -> Iterator[str]:
    """`python -m api` over the publisher's store, as people start it."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    environ = os.environ | {
        "RECIPE_RELEASES": publisher.url, "RECIPE_API_PORT": str(port), "RECIPE_API_CACHE": str(folder / "cache"),
        "RECIPE_API_POLL_SECONDS": "0.5", "DAGSTER_HOME": str(folder),
    }  # fmt: skip
    with (folder / "api.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "api"], cwd=ROOT, env=environ, stdout=log, stderr=log)
    try:
        until(lambda: _listens(port) or process.poll() is not None)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _p(ranked: Sequence[float], share: float) -> float:
    """A quantile in milliseconds."""
    return 1000 * ranked[min(len(ranked) - 1, int(share * len(ranked)))]


@click.command(help=__doc__)
@click.option("--requests", default=3000, show_default=True)
@click.option("--clients", default=4, show_default=True)
@click.option(
    "--megabytes", default=88, show_default=True, help="Weights of each release's graph; ViT-B/32 has 88."
)
def main(requests: int, clients: int, megabytes: int) -> None:
    """Run the scenario against an API in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        publisher = Publisher(Path(name), megabytes)
        with api(publisher, Path(name)) as url:
            outcome = run(publisher, url, requests, clients)
    before, during = (outcome.seconds(during=when) for when in (False, True))
    click.echo(
        f"{len(outcome.answers)} requests, {len(PLAN)} releases, {len(outcome.refused)} of them bad or late"
    )
    click.echo(
        f"failed: {len(outcome.failed)}, mixed: {len(outcome.mixed)}, releases served: {len(outcome.served)}"
    )
    for what, ranked in (("before", before), ("during reloads", during)):
        click.echo(
            f"{what:<15} {len(ranked)} answers, median {1000 * statistics.median(ranked):.1f} ms, "
            f"p95 {_p(ranked, 0.95):.1f} ms, p99 {_p(ranked, 0.99):.1f} ms, longest {1000 * ranked[-1]:.1f} ms"
        )
    click.echo(f"p99 during reloads is {_p(during, 0.99) / _p(before, 0.99):.2f} times the p99 before")


if __name__ == "__main__":
    main()
