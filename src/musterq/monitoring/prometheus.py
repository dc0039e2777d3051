"""The queue as Prometheus sees it: a collector for its client library, whose every scrape reads the database once.

Only an exporter should have it, one for a queue, and not each worker: the numbers are those of the whole queue.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any, TypeAlias

from musterq.errors import QueueDatabaseError
from musterq.monitoring.export.instruments import INSTRUMENTS, OF_THE_EXPORTER, OF_THE_QUEUE, Instrument
from musterq.monitoring.export.reader import Reader
from musterq.monitoring.export.readings import BOUNDS_MS, Readings, Series
from musterq.monitoring.log import log_event
from musterq.monitoring.queue_monitoring import QueueMonitoring

try:
    from prometheus_client import CollectorRegistry, Metric, generate_latest, make_wsgi_app
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
    from prometheus_client.registry import Collector
except ModuleNotFoundError as error:
    raise ImportError('metrics for Prometheus need its client library: pip install "musterq[prometheus]"') from error

WSGIApp: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_LE = (*(str(ms / 1000) for ms in BOUNDS_MS), "+Inf")


class QueueCollector(Collector):
    """Collects all instruments of a queue, of one moment, at each scrape: ``REGISTRY.register(QueueCollector(...))``.

    While the database cannot be read, ``musterq_up`` is 0, and the instruments of the queue are absent.

    Args:
        monitoring: The queue.
    """

    def __init__(self, monitoring: QueueMonitoring) -> None:
        self._reader = Reader(monitoring)

    def describe(self) -> Iterable[Metric]:
        """What there is, without reading it."""
        return [_family(instrument, {}) for instrument in INSTRUMENTS.values()]

    def collect(self) -> Iterable[Metric]:
        """What there is, as it is now."""
        began = time.perf_counter()
        try:
            return self.read()
        except QueueDatabaseError as error:
            log_event("metrics.failed", {"error": error})
            return _of_the_exporter(up=0, seconds=time.perf_counter() - began)

    def read(self) -> list[Metric]:
        """The same.

        Raises:
            QueueDatabaseError: the database could not do it.
        """
        began = time.perf_counter()
        readings = self._reader.read()
        seconds = time.perf_counter() - began
        families = [_family(instrument, readings.get(instrument.name, {})) for instrument in OF_THE_QUEUE]
        return [*_of_the_exporter(up=1, seconds=seconds), *families]


def exposition(monitoring: QueueMonitoring) -> str:
    """All instruments of a queue as they are now, in the text format of Prometheus.

    Raises:
        QueueDatabaseError: the database could not do it.
    """
    return generate_latest(_Collected(QueueCollector(monitoring).read())).decode()


def wsgi_app(monitoring: QueueMonitoring) -> WSGIApp:
    """An application for any WSGI server, which answers each request with the metrics of a queue as they are then."""
    registry = CollectorRegistry()
    registry.register(QueueCollector(monitoring))
    return make_wsgi_app(registry)


class _Collected(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _of_the_exporter(*, up: int, seconds: float) -> list[Metric]:
    shown: Readings = {
        "musterq_up": {(): up},
        "musterq_scrape_duration_seconds": {(): seconds},
        "musterq_build_info": {(version("musterq"),): 1},
    }
    return [_family(instrument, shown[instrument.name]) for instrument in OF_THE_EXPORTER]


def _family(instrument: Instrument, series: Series) -> Metric:
    """An instrument in the words of the client library."""
    name, text, labels = instrument.name, instrument.help, instrument.labels
    if instrument.kind == "histogram":
        histogram = HistogramMetricFamily(name, text, labels=labels)
        for values, times in series.items():
            counts = zip(_LE, (*times.up_to, times.all), strict=True)
            histogram.add_metric(values, buckets=list(counts), sum_value=times.seconds)
        return histogram
    family = (CounterMetricFamily if instrument.kind == "counter" else GaugeMetricFamily)(name, text, labels=labels)
    for values, number in series.items():
        family.add_metric(values, number)
    return family
