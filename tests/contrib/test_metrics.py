"""The figures of a queue as metrics of OpenTelemetry."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Metric, NumberDataPoint, Sum

from musterq.contrib.opentelemetry import observe
from musterq.database import QueueDatabase
from musterq.monitoring import QueueMonitoring
from musterq.monitoring.export.instruments import OF_THE_QUEUE
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine

T = TypeVar("T")


class Collections:
    """What a reader collects, each time it is asked."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider([self._reader], shutdown_on_exit=False)

    def metrics(self) -> dict[str, Metric]:
        """The metrics by name."""
        data: Any = self._reader.get_metrics_data()
        if data is None:
            return {}
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics]
        return {metric.name: metric for scope in scopes for metric in scope.metrics}

    def values(self, name: str) -> dict[tuple[tuple[str, object], ...], float]:
        """What one shows now, by its attributes."""
        return points_of(self.metrics()[name])


def points_of(metric: Metric) -> dict[tuple[tuple[str, object], ...], float]:
    points = [point for point in metric.data.data_points if isinstance(point, NumberDataPoint)]
    return {tuple(sorted((point.attributes or {}).items())): point.value for point in points}


@pytest.fixture
def collections() -> Collections:
    return Collections()


@pytest.fixture
def monitoring(plain_queue: TaskQueue) -> QueueMonitoring:
    plain_queue.storage.ensure_schema()
    return QueueMonitoring(plain_queue.database)


@pytest.fixture
def observed(monitoring: QueueMonitoring, collections: Collections) -> Iterator[Collections]:
    end = observe(monitoring, collections.provider)
    yield collections
    end()


def do_some_work(queue: TaskQueue) -> None:
    @queue.task
    def mail() -> None: ...

    mail.enqueue()
    mail.enqueue()
    WorkerEngine(queue, burst=True).run()
    mail.enqueue()


def test_counts_are_of_all_that_ever_happened(observed: Collections, plain_queue: TaskQueue) -> None:
    """As counters, which only rise."""
    do_some_work(plain_queue)
    metric = observed.metrics()["musterq.tasks_enqueued"]
    assert isinstance(metric.data, Sum)
    assert metric.data.is_monotonic
    assert points_of(metric) == {(("type", "mail"),): 3}
    assert observed.values("musterq.tasks_finished")[(("outcome", "completed"), ("type", "mail"))] == 2


def test_gauges_are_of_now(observed: Collections, plain_queue: TaskQueue) -> None:
    """With the unit that they are in."""
    do_some_work(plain_queue)
    assert observed.values("musterq.tasks")[(("status", "queued"), ("type", "mail"))] == 1
    assert observed.metrics()["musterq.database"].unit == "By"
    assert observed.values("musterq.up") == {(): 1}


def test_times_are_a_count_a_sum_and_buckets(observed: Collections, plain_queue: TaskQueue) -> None:
    """From which percentiles can be made."""
    do_some_work(plain_queue)
    mail = (("type", "mail"),)
    metrics = observed.metrics()
    assert points_of(metrics["musterq.task_run.count"]) == {mail: 2}
    assert (metrics["musterq.task_run.sum"].unit, points_of(metrics["musterq.task_run.sum"])[mail] >= 0) == ("s", True)
    buckets = points_of(metrics["musterq.task_run.bucket"])
    assert buckets[(("le", "+Inf"), ("type", "mail"))] == 2
    assert buckets[(("le", "50000.0"), ("type", "mail"))] == 2


def test_every_instrument_has_its_metric(
    observed: Collections, monitoring: QueueMonitoring, plain_queue: TaskQueue
) -> None:
    """The same names that Prometheus sees, once kind and unit are put behind them as it has it."""
    do_some_work(plain_queue)
    monitoring.expect_workers("mailers", 1)
    known = {name.replace(".", "_") for name in observed.metrics()}
    for instrument in OF_THE_QUEUE:
        stem = instrument.name.removesuffix("_total").removesuffix("_seconds").removesuffix("_bytes")
        assert stem in known or f"{stem}_count" in known or "tick" in stem or "checkpoint" in stem, instrument.name


def test_one_collection_reads_once(
    observed: Collections, plain_queue: TaskQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All figures are of one moment, and the next collection sees what has happened since."""
    readings: list[int] = []
    plain = plain_queue.storage.at_one_moment

    def counted(look: Callable[[], T]) -> T:
        readings.append(1)
        return plain(look)

    monkeypatch.setattr(plain_queue.storage, "at_one_moment", counted)
    for n in (1, 2):
        plain_queue.enqueue("mail")
        assert observed.values("musterq.tasks_enqueued") == {(("type", "mail"),): n}
        assert len(readings) == n


def test_a_queue_that_cannot_be_read_is_down(
    observed: Collections, plain_queue: TaskQueue, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning for each collection, and no figures that would look like nothing to do."""
    plain_queue.database.execute("DROP TABLE task_queue")
    caplog.set_level(logging.WARNING, "musterq")
    metrics = observed.metrics()
    assert points_of(metrics["musterq.up"]) == {(): 0}
    assert "musterq.tasks" not in metrics
    (line,) = caplog.messages
    assert line.startswith("the figures of the queue cannot be read")


def test_what_is_ended_shows_nothing(
    monitoring: QueueMonitoring, collections: Collections, plain_queue: TaskQueue
) -> None:
    """And reads nothing."""
    plain_queue.enqueue("mail")
    end = observe(monitoring, collections.provider)
    assert collections.metrics() != {}
    end()
    assert collections.metrics() == {}


def test_several_queues_are_told_apart(
    monitoring: QueueMonitoring, collections: Collections, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By attributes that the program gives them."""
    with QueueDatabase(tmp_path / "other.db") as other:
        other.initialize_schema()
        ends = [
            observe(monitoring, collections.provider, attributes={"queue": "mail"}),
            observe(QueueMonitoring(other), collections.provider, attributes={"queue": "reports"}),
        ]
        data: Any = collections._reader.get_metrics_data()
        for end in ends:
            end()
    scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics]
    found = [points_of(metric) for scope in scopes for metric in scope.metrics if metric.name == "musterq.up"]
    assert found == [{(("queue", "mail"),): 1}, {(("queue", "reports"),): 1}]
    assert caplog.messages == []


def test_only_monitoring_is_observed() -> None:
    """The message says what was given."""
    with pytest.raises(TypeError, match="QueueMonitoring, not str"):
        observe("queue.db")  # type: ignore[arg-type]
