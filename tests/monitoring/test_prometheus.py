"""The metrics of a queue, as Prometheus reads them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from musterq.database import QueueDatabase
from musterq.models import NewTask
from musterq.monitoring import QueueMonitoring
from musterq.monitoring.export.instruments import INSTRUMENTS, OF_THE_EXPORTER
from musterq.monitoring.prometheus import QueueCollector, exposition, wsgi_app
from tests.monitoring.promtool import promtool
from tests.support import MovableClock

Sample = Callable[..., float | None]


def put(database: QueueDatabase, type: str = "mail") -> None:
    database.storage.enqueue([NewTask(type=type, payload="{}")])


# -- the form -------------------------------------------------------------------------------------
def test_prometheus_finds_nothing_wrong_with_it(monitoring: QueueMonitoring, everything: None) -> None:
    """Names, types, help and form, where everything has happened."""
    assert promtool("check", "metrics", stdin=exposition(monitoring)) == ""


def test_every_metric_is_there_when_everything_has_happened(monitoring: QueueMonitoring, everything: None) -> None:
    """With its type, its help, and exactly its labels."""
    families = list(text_string_to_metric_families(exposition(monitoring)))
    assert {family.name for family in families} == {name.removesuffix("_total") for name in INSTRUMENTS}
    for family in families:
        instrument = INSTRUMENTS.get(family.name) or INSTRUMENTS[f"{family.name}_total"]
        assert (family.type, family.documentation) == (instrument.kind, instrument.help)
        assert {frozenset(sample.labels.keys() - {"le"}) for sample in family.samples} == {frozenset(instrument.labels)}


def test_every_metric_has_something_to_show_then(monitoring: QueueMonitoring, everything: None) -> None:
    """So nothing is exported that could never be anything; these few do not happen to a database alone."""
    shown = {
        family.name: max(sample.value for sample in family.samples)
        for family in text_string_to_metric_families(exposition(monitoring))
    }
    silent = {"musterq_scrape_duration_seconds", "musterq_database_free_bytes", "musterq_busy_waits"}
    nothing = {name for name, value in shown.items() if value == 0}
    assert nothing <= {*silent, "musterq_busy_wait_seconds"}


def test_it_is_right_for_openmetrics_too(registry: CollectorRegistry, everything: None) -> None:
    """Which newer Prometheus asks for; the strict parser reads it."""
    assert len(list(openmetrics_families(generate_openmetrics(registry).decode()))) == len(INSTRUMENTS)


def test_names_that_try_to_break_out_stay_names(
    monitoring: QueueMonitoring, database: QueueDatabase, value: Sample
) -> None:
    """Quotes, line ends and backslashes come back as they were; what steers a terminal as escapes."""
    hostile = 'a"b\\c\nd{x="y"} 7'
    put(database, hostile)
    put(database, "тип 🦀")
    put(database, "\x1b[31mred\r")
    database.execute("INSERT INTO task_queue (type, payload) VALUES (x'ff00', '{}'), (CAST(x'fffe41' AS TEXT), '{}')")
    text = exposition(monitoring)
    assert promtool("check", "metrics", stdin=text) == ""
    assert "\x1b" not in text
    assert "\r" not in text
    for type in (hostile, "тип 🦀", "\\x1b[31mred\\r"):
        assert value("musterq_tasks", type=type, status="queued") == 1


def test_registering_reads_nothing(database: QueueDatabase, monitoring: QueueMonitoring) -> None:
    """A program may start before its database can be read."""
    database.close()
    registry = CollectorRegistry(auto_describe=True)
    registry.register(QueueCollector(monitoring))
    with pytest.raises(ValueError, match="musterq_tasks"):
        registry.register(QueueCollector(monitoring))


def test_only_a_monitoring_can_be_collected(database: QueueDatabase) -> None:
    """The mistake is said at once."""
    with pytest.raises(TypeError, match="QueueMonitoring, not QueueDatabase"):
        QueueCollector(database)  # type: ignore[arg-type]


# -- many names -----------------------------------------------------------------------------------
def test_only_so_many_types_have_series_of_their_own(
    registry: CollectorRegistry, database: QueueDatabase, value: Sample
) -> None:
    """The busiest ones; what the others have is added up under one name."""
    tasks = [NewTask(type=f"user-{n:03}", payload="{}") for n in range(250)]
    database.storage.enqueue([*tasks, *[NewTask(type="zz-busy", payload="{}")] * 9])
    enqueued = samples(registry, "musterq_tasks_enqueued_total")
    assert len(enqueued) == 201
    assert sum(enqueued) == 259
    assert value("musterq_tasks_enqueued_total", type="zz-busy") == 9
    assert value("musterq_tasks_enqueued_total", type="(others)") == 51
    assert value("musterq_tasks", type="(others)", status="queued") == 51


def test_a_type_keeps_its_series_when_others_become_busier(
    database: QueueDatabase, value: Sample, clock: MovableClock
) -> None:
    """Else a counter would go down, which Prometheus takes for a restart."""
    database.storage.enqueue([NewTask(type=f"user-{n:03}", payload="{}") for n in range(200)])
    assert value("musterq_tasks_enqueued_total", type="user-199") == 1
    clock.advance(5)
    since = clock.time()
    database.storage.enqueue([NewTask(type="new-1", payload="{}")] * 9)
    clock.advance(5)
    database.storage.enqueue([NewTask(type="new-2", payload="{}")] * 9)
    database.storage.pause("new-1")
    assert value("musterq_tasks_enqueued_total", type="user-199") == 1
    assert value("musterq_tasks_enqueued_total", type="(others)") == 18
    assert value("musterq_oldest_queued_task_timestamp_seconds", type="(others)") == since
    assert value("musterq_type_paused", type="(others)") == 1


def samples(registry: CollectorRegistry, name: str) -> list[float]:
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return [sample.value for family in families for sample in family.samples if sample.name == name]


# -- the whole ------------------------------------------------------------------------------------
def test_all_of_a_scrape_is_of_one_moment(
    monitoring: QueueMonitoring, database: QueueDatabase, everything: None
) -> None:
    """What is written while it is read shows nowhere: counters and depths fit."""
    with QueueDatabase(database.location) as other:
        counted = database.storage.totals

        def counted_and_then_written(*, by_type: bool) -> Any:
            found = counted(by_type=by_type)
            put(other, "meanwhile")
            return found

        database.storage.totals = counted_and_then_written  # type: ignore[method-assign]
        assert "meanwhile" not in exposition(monitoring)
        assert 'musterq_tasks_enqueued_total{type="meanwhile"} 1.0' in exposition(monitoring)


def test_a_database_that_cannot_be_read_is_told_and_no_crash(
    registry: CollectorRegistry,
    database: QueueDatabase,
    everything: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Only what is known of the exporter itself is there; the log says why."""
    database.close()
    families = list(text_string_to_metric_families(generate_latest(registry).decode()))
    assert {family.name for family in families} == {instrument.name for instrument in OF_THE_EXPORTER}
    assert registry.get_sample_value("musterq_up") == 0
    assert "closed; open a new one" in caplog.text


def test_when_it_can_be_read_again_it_is(tmp_path: Any) -> None:
    """Without a restart."""
    folder = tmp_path / "late"
    with QueueDatabase(folder / "queue.db") as database:
        registry = CollectorRegistry()
        registry.register(QueueCollector(QueueMonitoring(database)))
        assert registry.get_sample_value("musterq_up") == 0
        folder.mkdir()
        assert registry.get_sample_value("musterq_up") == 1


def test_any_web_server_can_serve_it(monitoring: QueueMonitoring, everything: None) -> None:
    """As a WSGI application."""
    said: list[str] = []
    request = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
    body = b"".join(wsgi_app(monitoring)(request, lambda status, _headers: said.append(status)))
    assert said == ["200 OK"]
    assert b"musterq_up 1.0" in body


def test_without_the_client_library_it_says_what_to_install() -> None:
    """The rest of the package does not need it."""
    program = (
        "import sys; sys.modules['prometheus_client'] = None\n"
        "import musterq.monitoring, musterq.cli.app, musterq.monitoring.export.reader\n"
        "import musterq.monitoring.prometheus"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        'ImportError: metrics for Prometheus need its client library: pip install "musterq[prometheus]"'
    )
