"""What Prometheus sees of the API. Each application counts for itself, so that several may live in one process.

The values of every label are bounded: routes by the code, keys by the settings, releases to the last few, kinds of
errors to a number that the code hardly reaches. What a single request did is the log's subject.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import prometheus_client
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from api.guarding.access import Visit
from api.guarding.security import OPEN_HERE
from api.monitoring.health import Health
from api.monitoring.observing import Observer

if TYPE_CHECKING:
    from api.serving.server import Classified

PATH = "/metrics"
KEPT_RELEASES = 5
"""How many releases have series: what is served, and what was served shortly before."""
MOST_KINDS = 32
"""How many kinds of errors have series; any more are counted as "other"."""
_PREFIX = "recipe_api"
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64)
_PERCENT = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99)

Metric = TypeVar("Metric", bound=MetricWrapperBase)

# They double every counter and tell nothing that the start of the process does not tell.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class ApiMetrics(Observer):
    """Counts what photos, requests and releases do."""

    needs_hash = False

    def __init__(self, health: Callable[[], Health]) -> None:
        """Start all counts at zero.

        Args:
            health: how the API is; asked whenever Prometheus asks.
        """
        self.registry = CollectorRegistry()
        self._health = health
        self._releases: OrderedDict[str, None] = OrderedDict()
        self._kinds: set[str] = set()
        self._by_release: list[MetricWrapperBase] = []
        new = self._new
        self._photos = new(Counter, "photos", "Photos answered.", "release", "client", "needs_review")
        self._confidence = new(Histogram, "confidence_percent", "Of first keywords.", "release", buckets=_PERCENT)
        self._stages = new(Histogram, "stage_seconds", "Of one photo.", "release", "stage", buckets=_SECONDS)
        self._batches = new(Histogram, "batch_photos", "Photos of one forward pass.", "release", buckets=_SIZES)
        self._shed = new(Counter, "shed", "Photos turned away or given up.", "release", "reason")
        self._failed = new(Counter, "failed", "Photos that could not be answered.", "release", "kind")
        self._reloads = new(Counter, "reloads", "Releases taken over; failed looks.", "outcome")
        self._requests = new(Counter, "requests", "Requests answered.", "method", "route", "status")
        self._took = new(Histogram, "request_seconds", "From arrival to the last byte.", "route", buckets=_SECONDS)
        self._errors = new(Counter, "errors", "Requests that ended in an error.", "kind")
        self._received = new(Counter, "received_bytes", "Of requests' bodies.")
        self._sent = new(Counter, "sent_bytes", "Of answers' bodies.")
        for outcome in ("ok", "failed"):
            self._reloads.labels(outcome)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.registry.register(_Standing(health))

    def visited(self, visit: Visit) -> None:
        """A request is over."""
        method = visit.method if visit.method in _METHODS else "other"
        self._requests.labels(method, visit.route, str(visit.status)).inc()
        self._took.labels(visit.route).observe(visit.seconds)
        self._received.inc(visit.bytes_in)
        self._sent.inc(visit.bytes_out)
        if visit.error:
            self._errors.labels(self._kind(visit.error)).inc()

    def answered(self, classified: "Classified", photo_sha256: str, client: str | None) -> None:
        """A photo was answered."""
        release = self._label(classified.served.release_id)
        self._photos.labels(release, client or "", str(classified.needs_review).lower()).inc()
        self._confidence.labels(release).observe(classified.ranked(1)[0].confidence)

    def stage(self, name: str, seconds: float) -> None:
        """A photo left a stage."""
        self._stages.labels(self._current(), name).observe(seconds)

    def batch(self, size: int) -> None:
        """So many photos went through the graph together."""
        self._batches.labels(self._current()).observe(size)

    def shed(self, reason: str) -> None:
        """A photo was not answered for want of capacity."""
        self._shed.labels(self._current(), self._kind(reason)).inc()

    def failed(self, kind: str) -> None:
        """A photo could not be answered."""
        self._failed.labels(self._current(), self._kind(kind)).inc()

    def reloaded(self, release_id: str) -> None:
        """Another release is served."""
        self._label(release_id)
        self._reloads.labels("ok").inc()

    def reload_failed(self, reason: str) -> None:
        """A look at the store failed; the reason, in the log and in /health, has too many values for a label."""
        self._reloads.labels("failed").inc()

    def _new(self, kind: type[Metric], name: str, says: str, *labels: str, **options: Any) -> Metric:  # noqa: ANN401
        metric = kind(name, says, labels, namespace=_PREFIX, registry=self.registry, **options)
        if "release" in labels:
            self._by_release.append(metric)
        return metric

    def _current(self) -> str:
        return self._label(self._health().release_id or "none")

    def _label(self, release_id: str) -> str:
        """Note that a release has series, and drop those of the release that was heard of longest ago."""
        self._releases[release_id] = None
        self._releases.move_to_end(release_id)
        if len(self._releases) > KEPT_RELEASES:
            oldest, _ = self._releases.popitem(last=False)
            for metric in self._by_release:
                metric.remove_by_labels({"release": oldest})
        return release_id

    def _kind(self, kind: str) -> str:
        if len(self._kinds) < MOST_KINDS:
            self._kinds.add(kind)
        return kind if kind in self._kinds else "other"


class _Standing(Collector):
    """What is not counted but looked up when Prometheus asks."""

    def __init__(self, health: Callable[[], Health]) -> None:
        self._health = health

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The gauges."""
        health = self._health()
        yield _gauge("ready", "1 when photos can be classified.", health.status == "ready")
        yield _gauge("waiting_photos", "Photos in the queue.", health.waiting)
        yield _gauge("last_look_failed", "1 after a failed look at the store.", health.last_error is not None)
        age = GaugeMetricFamily(f"{_PREFIX}_release_age_seconds", "Since it was built.", labels=["release"])
        if health.release_id and health.release_age_seconds is not None:
            age.add_metric([health.release_id], health.release_age_seconds)
        yield age


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", says, value=float(value))


@get(PATH, sync_to_thread=True, include_in_schema=False, opt=OPEN_HERE)
def metrics(request: Request[Any, Any, State], meters: NamedDependency[ApiMetrics]) -> Response[bytes]:
    """All numbers, in the format that the scraper asks for."""
    encode, media_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(meters.registry), media_type=media_type)
