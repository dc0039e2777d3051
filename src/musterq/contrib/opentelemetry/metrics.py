"""The figures of a queue as metrics of OpenTelemetry: the instruments of `musterq.monitoring`, read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.metadata import version
from threading import Lock
from typing import NamedTuple

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation
from opentelemetry.util.types import AttributeValue

from musterq.errors import QueueDatabaseError
from musterq.monitoring import QueueMonitoring
from musterq.monitoring.export.instruments import INSTRUMENTS, OF_THE_QUEUE, Instrument
from musterq.monitoring.export.reader import Reader
from musterq.monitoring.export.readings import BOUNDS_MS, Readings, Series
from musterq.monitoring.log import log_event

_UNITS = {"_seconds": "s", "_bytes": "By"}
_BOUNDS = (*(str(ms / 1000) for ms in BOUNDS_MS), "+Inf")  # in seconds

Observe = Callable[[Instrument, Series], Iterator[Observation]]


def observe(
    monitoring: QueueMonitoring,
    meter_provider: MeterProvider | None = None,
    *,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Callable[[], None]:
    """Offer the figures of a queue as observable metrics; returns what ends that.

    They speak of the whole queue, whoever works on it, so one process is enough. Each collection reads the database
    once; where that fails, ``musterq.up`` is 0, a warning is logged, and there are no other figures.

    Args:
        monitoring: Of the queue.
        meter_provider: Where the figures go; None: the global one.
        attributes: What all figures have beside their own attributes, such as the name of the queue, where there are
            several in one process.

    Raises:
        TypeError: this is no `QueueMonitoring`.
    """
    common = dict(attributes or {})
    figures = _Figures(monitoring, common)
    meter = metrics.get_meter("musterq", version("musterq"), meter_provider, attributes=common)
    for metric in (_UP, *_metrics()):
        metric.create(meter, partial(figures.observe, metric))
    return figures.end


class _Metric(NamedTuple):
    """A metric, the instrument that it shows, and what it makes of its readings."""

    name: str
    instrument: Instrument
    observations: Observe

    def create(self, meter: Meter, callback: Callable[[CallbackOptions], Iterator[Observation]]) -> None:
        """Offer it."""
        is_gauge = self.instrument.kind == "gauge"
        make = meter.create_observable_gauge if is_gauge else meter.create_observable_counter
        make(self.name, [callback], unit=_unit(self.name, self.instrument), description=self.instrument.help)


class _Figures:
    """Reads once for each collection, in which every metric asks once: who asks again begins the next one."""

    def __init__(self, monitoring: QueueMonitoring, common: Mapping[str, AttributeValue]) -> None:
        self._reader = Reader(monitoring)
        self._common = common
        self._lock = Lock()
        self._readings: Readings | None = None
        self._asked: set[str] = set()
        self._ended = False

    def observe(self, metric: _Metric, _options: CallbackOptions) -> Iterator[Observation]:
        """What a metric shows now."""
        if self._ended:
            return
        series = self._readings_for(metric.name).get(metric.instrument.name, {})
        for observation in metric.observations(metric.instrument, series):
            yield Observation(observation.value, {**self._common, **(observation.attributes or {})})

    def end(self) -> None:
        """Show nothing more."""
        self._ended = True

    def _readings_for(self, asking: str) -> Readings:
        with self._lock:
            if self._readings is None or asking in self._asked:
                self._readings = self._read()
                self._asked.clear()
            self._asked.add(asking)
            return self._readings

    def _read(self) -> Readings:
        try:
            return {**self._reader.read(), _UP.instrument.name: {(): 1}}
        except QueueDatabaseError as error:
            log_event("metrics.failed", {"error": error})
            return {_UP.instrument.name: {(): 0}}


def _metrics() -> Iterator[_Metric]:
    """Those that show the instruments of a queue: histograms cannot be observed, and so are counters of their parts."""
    for instrument in OF_THE_QUEUE:
        name = _name(instrument)
        if instrument.kind == "histogram":
            yield _Metric(f"{name}.count", instrument, _counts)
            yield _Metric(f"{name}.sum", instrument, _sums)
            yield _Metric(f"{name}.bucket", instrument, _buckets)
        else:
            yield _Metric(name, instrument, _values)


def _name(instrument: Instrument) -> str:
    """``musterq_task_run_seconds`` is ``musterq.task_run``: Prometheus's suffixes are made of kind and unit."""
    name = instrument.name.removesuffix("_total")
    for suffix in _UNITS:
        name = name.removesuffix(suffix)
    return name.replace("_", ".", 1)


def _unit(name: str, instrument: Instrument) -> str:
    if name.endswith((".count", ".bucket")):
        return "1"
    stem = instrument.name.removesuffix("_total")
    return next((unit for suffix, unit in _UNITS.items() if stem.endswith(suffix)), "1")


def _values(instrument: Instrument, series: Series) -> Iterator[Observation]:
    for labels, value in series.items():
        yield Observation(value, _attributes(instrument, labels))


def _counts(instrument: Instrument, series: Series) -> Iterator[Observation]:
    for labels, times in series.items():
        yield Observation(times.all, _attributes(instrument, labels))


def _sums(instrument: Instrument, series: Series) -> Iterator[Observation]:
    for labels, times in series.items():
        yield Observation(times.seconds, _attributes(instrument, labels))


def _buckets(instrument: Instrument, series: Series) -> Iterator[Observation]:
    for labels, times in series.items():
        for bound, count in zip(_BOUNDS, (*times.up_to, times.all), strict=True):
            yield Observation(count, {**_attributes(instrument, labels), "le": bound})


def _attributes(instrument: Instrument, labels: tuple[str, ...]) -> dict[str, AttributeValue]:
    return dict(zip(instrument.labels, labels, strict=True))


_UP = _Metric("musterq.up", INSTRUMENTS["musterq_up"], _values)
