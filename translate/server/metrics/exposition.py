"""The metrics in Prometheus' text format. Names and units follow its conventions: seconds, bytes, ``_total``."""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

import translate
from translate.server.metrics.device_health import DEVICE_HEALTHS
from translate.server.metrics.metrics import Metrics
from translate.usage import family_cpu_s, family_rss_bytes, rss_bytes

__all__ = ["exposition"]

_TOTALS: Final = {
    "connections_total": ("opened_connections", "Connections that came"),
    "sessions_total": ("begun_sessions", "Sessions that began"),
    "merged_total": ("merged", "Revisions that slow readers were spared"),
    "refused_connects_total": (
        "refused_connects",
        "Connections refused at once: too many, too fast",
    ),
}
"""What the server counts under its own names; a counter may not be called as a gauge is."""


def exposition(metrics: Metrics) -> tuple[bytes, str]:
    """Every metric as text, and its content type. The registry lives only for this answer: nothing is global."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(metrics))
    return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4


class _Collector(Collector):
    """Reads the server's own counters when somebody looks; counting twice would cost time and could disagree."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        yield from self._work()
        yield from self._load()
        yield from self._troubles()
        yield from _process()

    def _work(self) -> Iterator[Metric]:
        latency = HistogramMetricFamily(
            "sottovoce_stage_seconds", "Time in each stage on a word's way from microphone to screen", labels=["stage"]
        )
        for stage, histogram in sorted(self._metrics.latency.items()):
            edges = [(f"{edge_s:.6g}", float(count)) for edge_s, count in histogram.cumulative()]
            buckets = [*edges, ("+Inf", float(histogram.count))]
            latency.add_metric([stage], buckets=buckets, sum_value=histogram.sum_ms / 1000)
        yield latency
        lag = GaugeMetricFamily(
            "sottovoce_lag_seconds", "How far a stage is behind, 0 when it is not", labels=["stage"]
        )
        for stage, behind_ms in sorted(self._metrics.lag_ms.items()):
            lag.add_metric([stage], behind_ms / 1000)
        yield lag

    def _load(self) -> Iterator[Metric]:
        load = self._metrics.load()
        info = {"version": translate.__version__, "python": platform.python_version(), "model": load.model}
        yield InfoMetricFamily("sottovoce_build", "What is running", value=info)
        yield GaugeMetricFamily("sottovoce_ready", "1 while sessions are taken", value=float(load.ready))
        yield GaugeMetricFamily("sottovoce_sessions", "Speakers' sessions that run", value=load.sessions)
        yield GaugeMetricFamily("sottovoce_rooms", "Rooms with somebody in them", value=load.rooms)
        yield _gauges("sottovoce_connections", "Connections that are open", "role", load.connections)
        yield _gauges("sottovoce_listeners", "Listeners that read a language", "lang", load.listeners)

    def _troubles(self) -> Iterator[Metric]:
        metrics = self._metrics
        for name, about in _TOTALS.items():
            yield CounterMetricFamily(f"sottovoce_{about[0]}", about[1], value=metrics.counts[name])
        audio = "Sound of sessions that have come to their end"
        yield CounterMetricFamily("sottovoce_audio_seconds", audio, value=metrics.audio_s)
        yield _counters("sottovoce_errors", "Errors that ended a connection", "code", metrics.errors)
        yield _counters("sottovoce_sheds", "Refused or dropped so that the rest goes on", "reason", metrics.sheds)
        yield _counters("sottovoce_notices", "Notices to speakers and listeners", "code", metrics.notices)
        yield _counters("sottovoce_worker_restarts", "Restarts of supervised processes", "worker", metrics.restarts())
        yield CounterMetricFamily(
            "sottovoce_transcript_failures", "Transcript writes that failed", value=metrics.transcript_failures
        )
        device = GaugeMetricFamily("sottovoce_device_state", "1 for what the microphone last told", labels=["state"])
        for state in DEVICE_HEALTHS if metrics.device is not None else ():
            device.add_metric([state], float(state == metrics.device))
        yield device


def _gauges(name: str, about: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _counters(name: str, about: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, about, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _process() -> Iterator[Metric]:
    """The customary figures of a process; what the system does not tell is left out."""
    times = os.times()
    yield CounterMetricFamily("process_cpu_seconds", "CPU time of this process", value=times.user + times.system)
    family = "CPU time of the service and the processes that it started"
    yield CounterMetricFamily("sottovoce_cpu_seconds", family, value=family_cpu_s())
    if (bytes_ := family_rss_bytes()) is not None:
        family = "Resident memory of the service and the processes that it started"
        yield GaugeMetricFamily("sottovoce_resident_memory_bytes", family, value=bytes_)
    if (rss := rss_bytes()) is not None:
        yield GaugeMetricFamily("process_resident_memory_bytes", "Resident memory of this process", value=rss)
    yield GaugeMetricFamily("sottovoce_threads", "Python threads", value=threading.active_count())
    descriptors = Path("/proc/self/fd")
    if descriptors.is_dir():
        yield GaugeMetricFamily(
            "process_open_fds", "Open file descriptors", value=sum(1 for _ in descriptors.iterdir())
        )
