"""Benchmarks of the API, side by side in one run: the same photos, the same ViT-B/32, the same load.

Against the architecture that it replaces, against LitServe, and against what the machine can do at most. The other
services are in `bench_seed` and `bench_litserve`. `python -m tests.bench_api` runs this part alone.
"""

import http.client
import io
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
import msgspec
import numpy as np
from PIL import Image

from recipe_assets.release.files import describe_files
from recipe_assets.release.graph import ImageGraph
from recipe_assets.release.manifest import IMAGE_ENCODER, MANIFEST, Graph, Manifest, encode_manifest, read_manifest
from recipe_assets.release.results import Precision
from recipe_assets.release.store import open_store
from recipe_assets.studio.photos import Preprocessing, preprocess
from tests.bench_model import KEYWORDS, vit_b_32
from tests.release import factory

CLIENTS, SECONDS, ROUNDS = 8, 8.0, 3
BOUNDARY = "5f0c61bd9ae24d7f8b3a9c1e7d604f28"
API, OTHERS = "/api/v1/predict", "/predict"


@dataclass(frozen=True)
class Load:
    """What clients saw of one service: photos a second, and how long one photo took, in seconds."""

    rate: float
    middle: float
    p95: float


def write_release(folder: Path, precision: Precision) -> Manifest:
    """A release of a ViT-B/32 with random weights; unguarded, since what a random model answers is no matter."""
    from recipe_assets.model.export import export_onnx
    from recipe_assets.model.keyword_model import KeywordModel
    from recipe_assets.model.quantization import quantize

    model = KeywordModel.from_base(vit_b_32(), KEYWORDS).eval()
    folder.mkdir(parents=True)
    export_onnx(model, folder / "fp32.onnx")
    if precision == "int8":
        quantize(folder / "fp32.onnx", folder / IMAGE_ENCODER)
        (folder / "fp32.onnx").unlink()
    else:
        (folder / "fp32.onnx").rename(folder / IMAGE_ENCODER)
    model.save(folder / "checkpoint")
    (folder / "confusion_matrix.png").write_bytes(factory.photo("gray"))
    # The factory's manifest is of another model: everything that must fit this one is replaced.
    template = factory.manifest_of(folder, 1 if precision == "int8" else 2)
    manifest = msgspec.structs.replace(
        template, keywords=KEYWORDS, preprocessing=Preprocessing(), files=describe_files(folder),
        graph=Graph(precision, "benchmark", 1.0, 0.0, 1),
    )  # fmt: skip
    (folder / MANIFEST).write_bytes(encode_manifest(manifest))
    return manifest


def photos(count: int = 4) -> list[bytes]:
    """JPEGs of 24 megapixels and 8 MB."""
    generator = np.random.default_rng(1)

    def noise(height: int, width: int, channels: tuple[int, ...]) -> Image.Image:
        pixels = generator.integers(0, 256, (height, width, *channels), dtype=np.uint8)
        return Image.fromarray(pixels).resize((6000, 4000), Image.Resampling.BICUBIC)

    written = []
    for _ in range(count):
        scene, grain = np.asarray(noise(375, 500, (3,)), np.int16), np.asarray(noise(2000, 3000, ()), np.int16)
        buffer = io.BytesIO()
        grainy = np.clip(scene + ((grain - 128) // 12)[..., None], 0, 255).astype(np.uint8)
        Image.fromarray(grainy).save(buffer, "JPEG", quality=91)
        written.append(buffer.getvalue())
    return written


def form(photo: bytes) -> bytes:
    """A multipart body with one file, as Photoshop sends it."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="blob"\r\n\r\n'
    return head.encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()


def load(port: int, path: str, bodies: list[bytes], seconds: float = SECONDS, clients: int = CLIENTS) -> Load:
    """So many clients that ask again as soon as they are answered."""
    took: list[float] = []
    end = time.perf_counter() + seconds

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        asked = number
        while time.perf_counter() < end:
            start = time.perf_counter()
            status, content = post(connection, path, bodies[asked % len(bodies)])
            if status != http.client.OK:
                raise RuntimeError(f"{path} answered {status}: {content[:200]!r}")
            took.append(time.perf_counter() - start)
            asked += 1
        connection.close()

    start = time.perf_counter()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - start
    return Load(len(took) / spent, statistics.median(took), statistics.quantiles(took, n=20)[-1])


def post(connection: http.client.HTTPConnection, path: str, body: bytes) -> tuple[int, bytes]:
    """Send one form and read the answer."""
    connection.request("POST", path, body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def service(
    command: list[str], port: int, ready: str, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A service in a process of its own, until it answers; ended afterwards."""
    process = subprocess.Popen(
        [sys.executable, *command], env=os.environ | environment, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_ready(port, ready, process)
        # Frozen while others are measured: some are busy even when nobody asks them.
        os.killpg(process.pid, signal.SIGSTOP)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def awake(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Let a service run while it is asked."""
    os.killpg(process.pid, signal.SIGCONT)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGSTOP)


def wait_ready(port: int, path: str, process: subprocess.Popen[bytes]) -> None:
    """Until a path answers 200."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with {process.returncode}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == http.client.OK:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.02)
    raise RuntimeError(f"port {port} never answered {path}")


def ours(root: Path, port: int, log: Literal["on", "off"] = "on") -> tuple[list[str], int, str, dict[str, str]]:
    """Our API over the store in this folder."""
    environment = {
        "RECIPE_RELEASES": (root / "store").as_uri(), "RECIPE_API_CACHE": str(root / "cache"),
        "RECIPE_API_PORT": str(port), "RECIPE_API_PREDICTION_LOG": log, "DAGSTER_HOME": str(root),
    }  # fmt: skip
    return ["-m", "api"], port, "/api/v1/health", environment


def other(name: str, folder: Path, port: int) -> tuple[list[str], int, str, dict[str, str]]:
    """One of the services that ours is compared with."""
    ready = "/docs" if name == "seed" else "/health"
    return ["-m", f"tests.bench_{name}", str(folder), str(port)], port, ready, {}


def _bare(task: tuple[Path, float, list[bytes]]) -> int:
    """Decode and run, and nothing else, for some seconds in one process; returns how many photos."""
    folder, seconds, pictures = task
    spec = read_manifest(folder).preprocessing
    graph = ImageGraph.open(folder / IMAGE_ENCODER, threads=1)
    done, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        graph.run(preprocess(pictures[done % len(pictures)], spec)[None])
        done += 1
    return done


def machine_limit(folder: Path, pictures: list[bytes]) -> float:
    """Photos a second of a bare drafted decode and a bare forward pass, one process a core."""
    cores = os.cpu_count() or 1
    with ProcessPoolExecutor(cores) as pool:
        return sum(pool.map(_bare, [(folder, SECONDS, pictures)] * cores)) / SECONDS


def compare(name: str, first: Callable[[], Load], second: Callable[[], Load], than: str) -> None:
    """Run two services in turn and print the ratio of their throughputs, and both p95."""
    pairs = [(first(), second()) for _ in range(ROUNDS)]
    ratios = sorted(ours.rate / theirs.rate for ours, theirs in pairs)
    click.echo(
        f"{name:<44} {statistics.median(ratios):5.2f} times the photos a second of {than} "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f}); p95 {_ms(pairs, 0)} against {_ms(pairs, 1)}"
    )


def _ms(pairs: list[tuple[Load, Load]], place: int) -> str:
    return f"{1000 * statistics.median(pair[place].p95 for pair in pairs):.0f} ms"


def publish(root: Path, folder: Path, manifest: Manifest) -> None:
    """Put a release into the store of this folder."""
    store = open_store((root / "store").as_uri())
    found = store.read_pointer()
    store.publish(folder, manifest, found.token if found else None)


def bench_throughput(precision: Precision, *, others: bool) -> None:
    """Ours against the rest, each in processes of its own, all frozen but the one that is asked."""
    with tempfile.TemporaryDirectory() as name:
        root, pictures = Path(name), photos()
        bodies, folder = [form(picture) for picture in pictures], root / "built"
        publish(root, folder, write_release(folder, precision))
        title = f"24-megapixel JPEGs, ViT-B/32 {precision}, {CLIENTS} clients"

        def asked(process: subprocess.Popen[bytes], port: int, path: str) -> Callable[[], Load]:
            def ask() -> Load:
                with awake(process):
                    return load(port, path, bodies)

            ask()
            return ask

        def against(name: str, than: str, log: Literal["on", "off"]) -> None:
            port, rival = free_port(), free_port()
            with service(*ours(root, port, log)) as api, service(*other(name, folder, rival)) as theirs:
                compare(title, asked(api, port, API), asked(theirs, rival, OTHERS), than)

        against("seed", "the seed's service", "on")
        if others:
            bench_limit(root, folder, pictures)
            # LitServe keeps no record of its answers, so ours keeps none either.
            against("litserve", "LitServe", "off")


def bench_limit(root: Path, folder: Path, pictures: list[bytes]) -> None:
    """Ours against the machine's limit, and its memory."""
    port, bodies = free_port(), [form(picture) for picture in pictures]
    with service(*ours(root, port)) as api:
        shares = []
        for _ in range(ROUNDS):
            with awake(api):
                rate = load(port, API, bodies).rate
            shares.append(rate / machine_limit(folder, pictures))
        shares.sort()
        click.echo(
            f"{'of what the machine can do at most':<44} {statistics.median(shares):5.2f} "
            f"({shares[0]:.2f} to {shares[-1]:.2f})"
        )
        with awake(api):
            memory(api.pid, port)


def memory(process: int, port: int) -> None:
    """Resident memory after 5,000 requests against that after 500."""
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(2).integers(0, 256, (800, 1200, 3), dtype=np.uint8)).save(buffer, "JPEG")
    body = form(buffer.getvalue())
    sizes = []
    for count in (500, 4500):
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda share: ask_often(port, body, share), [count // CLIENTS] * CLIENTS))
        sizes.append(resident(process))
    click.echo(
        f"{'memory after 5,000 requests':<44} {sizes[1] / sizes[0]:5.2f} of that after 500 ({sizes[1] >> 20} MB)"
    )


def ask_often(port: int, body: bytes, times: int) -> None:
    """One client that asks so many times; every answer has to be one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(times):
        status, content = post(connection, API, body)
        if status != http.client.OK:
            raise RuntimeError(f"{API} answered {status}: {content[:200]!r}")
    connection.close()


def resident(process: int) -> int:
    """Bytes of memory that a process and its children hold."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    pages = sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in (process, *children))
    return pages * os.sysconf("SC_PAGE_SIZE")


def bench_start() -> None:
    """From a cold start to ready, beside a plain read of the same model."""
    with tempfile.TemporaryDirectory() as name:
        root, folder = Path(name), Path(name) / "built"
        publish(root, folder, write_release(folder, "int8"))
        for title in ("first start, from the store", "next start, from the cache"):
            start, port = time.perf_counter(), free_port()
            with service(*ours(root, port)):
                ready = time.perf_counter() - start
            start = time.perf_counter()
            ImageGraph.open(folder / IMAGE_ENCODER)
            read = time.perf_counter() - start
            click.echo(f"{title:<44} {ready:5.2f} s, of which the model's read takes {read:.2f} s")


def bench_api() -> None:
    """All of them."""
    bench_start()
    bench_throughput("int8", others=True)
    bench_throughput("fp32", others=False)


if __name__ == "__main__":
    bench_api()
