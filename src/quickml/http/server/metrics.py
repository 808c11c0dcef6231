"""Metrics for Prometheus: some are counted by this process, the others are looked up when they are read."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from math import isinf

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from quickml.events import TERMINAL, Stage
from quickml.http.files.quotas import Downloads
from quickml.service import HostState, Service, State, counters

disable_created_metrics()  # type: ignore[no-untyped-call]  # one line per metric, of no use

REQUEST_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """All metrics of a server."""

    def __init__(self, service: Service, watchers: Callable[[], int], downloads: Downloads) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Gauges(service, watchers, downloads))
        self._requests = Histogram(
            "quickml_request_seconds",
            "Duration of requests until the last byte, without event streams.",
            ("method", "route", "status"),
            buckets=REQUEST_BUCKETS,
            registry=self._registry,
        )
        self._sent = Counter(
            "quickml_sent_bytes", "Bytes sent in response bodies.", ("route",), registry=self._registry
        )

    def request(
        self, *, method: str, route: str, status: int, seconds: float | None, sent_bytes: int
    ) -> None:
        """Count a request; `seconds` is None for a stream."""
        if seconds is not None:
            self._requests.labels(method, route, str(status)).observe(seconds)
        self._sent.labels(route).inc(sent_bytes)

    def text(self) -> bytes:
        """All metrics in the Prometheus text format. May wait for the disk."""
        return generate_latest(self._registry)


class _Gauges(Collector):
    """Metrics that are read when they are requested."""

    def __init__(self, service: Service, watchers: Callable[[], int], downloads: Downloads) -> None:
        self._service, self._watchers, self._downloads = service, watchers, downloads

    def describe(self) -> list[Metric]:
        """Nothing, so that registering reads nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client`."""
        health = self._service.health()
        yield _gauge("quickml_ready", "1 if the server accepts jobs and works on them.", int(health.is_ready))
        yield _gauge("quickml_watchers", "Open event streams.", self._watchers())
        yield _gauge("quickml_downloads", "Open downloads.", self._downloads.count)
        yield CounterMetricFamily("quickml_file_bytes", "Bytes of files sent.", self._downloads.sent_bytes)
        workers = GaugeMetricFamily("quickml_workers", "Worker processes by state.", labels=("state",))
        for state in State:
            workers.add_metric((state.value,), health.workers.get(state, 0))
        yield workers
        if health.database:
            return
        jobs = GaugeMetricFamily("quickml_jobs", "Jobs by status.", labels=("status",))
        for status, count in self._service.counts().items():
            jobs.add_metric((status.value,), count)
        yield jobs
        yield from self._of_hosts()
        yield from _of_events(self._service.counters())
        if health.files:
            return
        yield _gauge("quickml_disk_free_bytes", "Free disk space.", health.free_bytes)
        yield _gauge(
            "quickml_artifact_bytes", "Bytes of the stored files of all jobs.", self._service.file_bytes()
        )
        uploads, received = self._service.uploads.totals(), self._service.uploads.received_bytes
        yield _gauge("quickml_uploads", "Unfinished uploads.", uploads.open_uploads)
        yield _gauge("quickml_user_files", "Uploaded files of all owners.", uploads.files)
        yield _gauge(
            "quickml_user_file_bytes", "Bytes of the uploaded files of all owners.", uploads.file_bytes
        )
        yield CounterMetricFamily("quickml_uploaded_bytes", "Bytes received for uploads.", received)

    def _of_hosts(self) -> Iterator[Metric]:
        """All hosts of the database, by their names: what they run is for `quickml workers`."""
        waiting, hosts = self._service.waiting(), self._service.hosts()
        yield _gauge("quickml_queue_seconds", "How long the first queued job has waited.", waiting.longest_s)
        yield _gauge(
            "quickml_seats_wanted", "Seats that unfinished jobs without a GPU could use.", waiting.seats
        )
        yield _gauge(
            "quickml_gpu_seats_wanted", "Seats with a GPU that unfinished jobs could use.", waiting.gpu_seats
        )
        seats = GaugeMetricFamily(
            "quickml_seats", "Seats of servers and workers.", labels=("host", "kind", "state")
        )
        found = Counts[tuple[str, str, str]]()
        for one in hosts:
            found[one.host.name, one.host.kind, "busy"] += len(one.runs)
            found[one.host.name, one.host.kind, "free"] += one.free
        for labels, number in found.items():
            seats.add_metric(labels, number)
        yield seats
        gpus = GaugeMetricFamily("quickml_gpus", "GPUs that seats use.", labels=("host", "kind"))
        for (name, kind), count in sorted(_gpus(hosts).items()):
            gpus.add_metric((name, kind), count)
        yield gpus


def _gpus(hosts: Sequence[HostState]) -> Counts[tuple[str, str]]:
    found = Counts[tuple[str, str]]()
    for one in hosts:
        found[one.host.name, one.host.kind] += one.host.gpus
    return +found  # only of those that have any


def _of_events(totals: counters.Totals) -> Iterator[Metric]:
    """What is counted in the database, so that all servers of one database show the same."""
    stages = HistogramMetricFamily(
        "quickml_stage_seconds", "Duration of the stages of jobs.", labels=("stage",)
    )
    for stage in Stage:
        counts = [totals.get(counters.bucket(stage, bound), 0) for bound in counters.STAGE_BUCKETS_S]
        buckets = [
            ("+Inf" if isinf(bound) else str(bound), count)
            for bound, count in zip(counters.STAGE_BUCKETS_S, accumulate(counts), strict=True)
        ]
        if any(counts):
            stages.add_metric((stage.value,), buckets, totals[counters.STAGE_SECONDS, stage.value])
    yield stages
    finished = CounterMetricFamily("quickml_jobs_finished", "Jobs that have ended.", labels=("status",))
    for status in sorted(TERMINAL):
        if count := totals.get((counters.FINISHED, status.value)):
            finished.add_metric((status.value,), count)
    yield finished
    interrupted = totals.get((counters.INTERRUPTED, ""), 0)
    yield CounterMetricFamily("quickml_attempts_interrupted", "Attempts that were interrupted.", interrupted)


def _gauge(name: str, help: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help, value=value)
