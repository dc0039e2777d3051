"""Programs as they are written against this API: each runs with nothing but its import."""

# ruff: noqa: T201 - they print, as the programs that users write do

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from musterq import QueueDatabase, QueueDatabaseError, QueueMonitoring
from tests.support import MovableClock

PROGRAM = Path(__file__).with_name("heartbeat_program.py")
Shown = pytest.CaptureFixture[str]


def add_tasks(db: QueueDatabase, **counts: int) -> None:
    for status, count in counts.items():
        rows = [("mail", status, 1)] * count
        db.execute_many("INSERT INTO task_queue(type, payload, status, attempts) VALUES (?, '{}', ?, ?)", rows)


def test_quick_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database without a name, a schema, a worker, a heartbeat, figures."""
    monkeypatch.delenv("MUSTERQ_DATABASE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "share"))
    db = QueueDatabase()
    db.initialize_schema()
    monitoring = QueueMonitoring(db)
    monitoring.register_worker("worker-01", {"cpu": 8, "gpu": True})
    monitoring.update_heartbeat("worker-01")
    metrics = monitoring.get_queue_metrics()
    db.close()
    assert metrics["total_workers"] == metrics["active_workers"] == 1
    assert tmp_path in Path(db.location).parents


def test_printing_a_worker(monitoring: QueueMonitoring, capsys: Shown) -> None:
    """Attributes are shown by f-strings."""
    monitoring.register_worker("worker-01", {"cpu": 8, "types": ["video", "audio"]})
    if worker := monitoring.get_worker("worker-01"):
        print(f"Worker {worker.worker_id} can {worker.get_capabilities_dict()}, beat at {worker.heartbeat_utc}")
    shown = capsys.readouterr().out
    assert shown.startswith("Worker worker-01 can {'cpu': 8, 'types': ['video', 'audio']}, beat at 20")
    assert shown.endswith("+00:00\n")


def test_answers_are_used_as_conditions(monitoring: QueueMonitoring) -> None:
    """Heartbeats and removals are asked whether they found their worker."""
    monitoring.register_worker("worker-01")
    told = [
        "beat" if monitoring.update_heartbeat("worker-01") else "unknown",
        "removed" if monitoring.remove_worker("worker-01") else "unknown",
        "removed" if monitoring.remove_worker("worker-01") else "unknown",
        "beat" if monitoring.update_heartbeat("worker-01") else "unknown",
    ]
    assert told == ["beat", "removed", "unknown", "unknown"]


def test_stale_workers_are_removed_while_they_are_listed(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """The list is the caller's own: removing changes nothing under the loop."""
    for number in range(20):
        monitoring.register_worker(f"worker-{number:02}")
    clock.advance(301)
    monitoring.register_worker("alive")
    for worker in monitoring.get_stale_workers(stale_threshold_seconds=300):
        assert monitoring.remove_worker(worker.worker_id) is True
    assert [worker.worker_id for worker in monitoring.get_all_workers()] == ["alive"]


def test_printing_the_figures(
    database: QueueDatabase, monitoring: QueueMonitoring, clock: MovableClock, capsys: Shown
) -> None:
    """Depths are read with get, since zeros are left out; rates as per cent; the age in minutes."""
    add_tasks(database, queued=3, completed=9, failed=1)
    database.execute("UPDATE task_queue SET created_at_utc = ? WHERE id = 2", (clock.text(-150),))
    metrics = monitoring.get_queue_metrics()
    for status in ("queued", "processing", "completed", "failed"):
        print(status, metrics["queue_depth_by_status"].get(status, 0))
    if metrics["success_rate"] is not None:
        print(f"{metrics['success_rate']:.1%} good, {metrics['failure_rate']:.1%} bad")
    if metrics["oldest_queued_task_age_seconds"] is not None:
        print(f"{metrics['oldest_queued_task_age_seconds'] / 60:.1f} minutes")
    assert capsys.readouterr().out.splitlines() == [
        "queued 3",
        "processing 0",
        "completed 9",
        "failed 1",
        "90.0% good, 10.0% bad",
        "2.5 minutes",
    ]


def dashboard(monitoring: QueueMonitoring, rounds: int, pause: Callable[[float], None]) -> None:
    """A terminal's dashboard, which here ends after some rounds."""
    for _ in range(rounds):
        metrics = monitoring.get_queue_metrics()
        print("\033[2J\033[H" + "Queue Dashboard".center(60, "="))
        for status, count in metrics["queue_depth_by_status"].items():
            print(f"  {status}: {count}")
        print(f"  active: {metrics['active_workers']} of {metrics['total_workers']}, stale: {metrics['stale_workers']}")
        if metrics["success_rate"] is not None:
            print(f"  success: {metrics['success_rate']:.1%}, failure: {metrics['failure_rate']:.1%}")
        pause(5)


def test_a_dashboard(database: QueueDatabase, monitoring: QueueMonitoring, clock: MovableClock, capsys: Shown) -> None:
    """It draws an empty queue, and a busy one."""
    dashboard(monitoring, 1, clock.advance)
    assert capsys.readouterr().out.splitlines()[1:] == ["  active: 0 of 0, stale: 0"]
    add_tasks(database, queued=2, completed=3, failed=1)
    monitoring.register_worker("worker-01")
    dashboard(monitoring, 1, clock.advance)
    lines = capsys.readouterr().out.splitlines()[1:]
    assert sorted(lines[:3]) == ["  completed: 3", "  failed: 1", "  queued: 2"]
    assert lines[3:] == ["  active: 1 of 1, stale: 0", "  success: 75.0%, failure: 25.0%"]


def test_listing_the_activity(monitoring: QueueMonitoring, clock: MovableClock, capsys: Shown) -> None:
    """Capabilities are decoded from text, seconds compared as numbers."""
    monitoring.register_worker("old", {"cpu": 4})
    clock.advance(90)
    monitoring.register_worker("new", {"cpu": 8})
    for worker in monitoring.get_worker_activity():
        word = "ACTIVE" if worker["seconds_since_heartbeat"] < 60 else "STALE"
        cores = json.loads(worker["capabilities"])["cpu"]
        print(f"{word} {worker['worker_id']}: {worker['seconds_since_heartbeat']}s ago, {cores} cores")
    assert capsys.readouterr().out == "ACTIVE new: 0s ago, 8 cores\nSTALE old: 90s ago, 4 cores\n"


def healthy(monitoring: QueueMonitoring, alert: Callable[[str], None]) -> bool:
    """A health check that tells of every stale worker."""
    stale = monitoring.get_stale_workers(stale_threshold_seconds=300)
    for worker in stale:
        alert(f"{worker.worker_id} is stale")
    return not stale


def test_a_health_check(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """Well while all beat, an alert for each that stopped, and well again once it beats."""
    alerts: list[str] = []
    monitoring.register_worker("worker-01")
    monitoring.register_worker("worker-02")
    assert healthy(monitoring, alerts.append)
    clock.advance(301)
    monitoring.update_heartbeat("worker-02")
    assert not healthy(monitoring, alerts.append)
    monitoring.update_heartbeat("worker-01")
    assert healthy(monitoring, alerts.append)
    assert alerts == ["worker-01 is stale"]


def clean_up(monitoring: QueueMonitoring) -> int:
    """A periodic job that removes who has been silent for ten minutes."""
    stale = monitoring.get_stale_workers(stale_threshold_seconds=600)
    for worker in stale:
        monitoring.remove_worker(worker.worker_id)
    return len(stale)


def test_a_clean_up_job(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """It says how many it removed, and finds none the second time."""
    for worker_id in ("a", "b"):
        monitoring.register_worker(worker_id)
    clock.advance(600)
    assert clean_up(monitoring) == 0
    clock.advance(1)
    monitoring.register_worker("c")
    assert clean_up(monitoring) == 2
    assert clean_up(monitoring) == 0
    assert len(monitoring.get_all_workers()) == 1


def export(metrics: dict[str, Any]) -> Iterator[str]:
    """Lines in the text format of Prometheus."""
    for status, count in metrics["queue_depth_by_status"].items():
        yield f'queue_depth{{status="{status}"}} {count}'
    yield f"workers_total {metrics['total_workers']}"
    yield f"workers_active {metrics['active_workers']}"
    yield f"workers_stale {metrics['stale_workers']}"
    if metrics["success_rate"] is not None:
        yield f"task_success_rate {metrics['success_rate']}"
        yield f"task_failure_rate {metrics['failure_rate']}"
    if metrics["oldest_queued_task_age_seconds"] is not None:
        yield f"oldest_task_age_seconds {metrics['oldest_queued_task_age_seconds']}"


def test_an_export_of_metrics(database: QueueDatabase, monitoring: QueueMonitoring, clock: MovableClock) -> None:
    """Statuses are plain words and numbers plain numbers, whatever formats them."""
    add_tasks(database, queued=1, completed=1, failed=1)
    database.execute("UPDATE task_queue SET created_at_utc = ? WHERE status = 'queued'", (clock.text(-30),))
    monitoring.register_worker("worker-01")
    assert sorted(export(monitoring.get_queue_metrics())) == [
        "oldest_task_age_seconds 30",
        'queue_depth{status="completed"} 1',
        'queue_depth{status="failed"} 1',
        'queue_depth{status="queued"} 1',
        "task_failure_rate 0.5",
        "task_success_rate 0.5",
        "workers_active 1",
        "workers_stale 0",
        "workers_total 1",
    ]


def test_errors_are_caught_and_logged(
    database: QueueDatabase, monitoring: QueueMonitoring, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the database cannot do is a QueueDatabaseError whose text can be logged."""
    monitoring.register_worker("worker-01")
    database.close()
    try:
        monitoring.update_heartbeat("worker-01")
    except QueueDatabaseError as error:
        logging.getLogger("program").error("no heartbeat: %s", error)  # noqa: TRY400
    assert "no heartbeat: " in caplog.text
    assert len(caplog.messages[0]) > len("no heartbeat: ")


class Running:
    """The program of a worker with a heartbeat loop, as a process of its own."""

    def __init__(self, database: str, *arguments: str) -> None:
        command = [sys.executable, str(PROGRAM), database, *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()  # closes the pipes, too

    def read_beats(self, count: int) -> None:
        assert self._process.stdout is not None
        assert [self._process.stdout.readline() for _ in range(count)] == ["beat\n"] * count

    def send(self, signal_number: signal.Signals) -> None:
        self._process.send_signal(signal_number)

    def end(self) -> tuple[int, str, str]:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        output, errors = self._process.stdout.read(), self._process.stderr.read()
        return self._process.wait(), output.replace("beat\n", ""), errors


@pytest.mark.skipif(sys.platform == "win32", reason="a process there cannot be sent SIGTERM")
class TestAHeartbeatLoop:
    """A worker that registers, beats in a loop, and removes itself when it is told to stop."""

    @pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
    def test_told_to_stop_while_it_sleeps(
        self, database: QueueDatabase, monitoring: QueueMonitoring, signal_number: signal.Signals
    ) -> None:
        """It ends at once and cleanly, and is off the roll."""
        with Running(database.location, "30") as worker:
            worker.read_beats(1)
            assert [w.worker_id for w in monitoring.get_all_workers()] == ["worker-01"]
            worker.send(signal_number)
            assert worker.end() == (0, "Shutting down worker-01\n", "")
        assert monitoring.get_all_workers() == []

    @pytest.mark.parametrize("beats", [1, 10, 100, 200])
    def test_told_to_stop_somewhere_in_a_busy_loop(
        self, database: QueueDatabase, monitoring: QueueMonitoring, beats: int
    ) -> None:
        """It beats without a pause, so that the signal arrives within a call, somewhere."""
        with Running(database.location, "0") as worker:
            worker.read_beats(beats)
            worker.send(signal.SIGTERM)
            assert worker.end() == (0, "Shutting down worker-01\n", "")
        assert monitoring.get_all_workers() == []

    @pytest.mark.parametrize("beat", [1, 2, 5])
    def test_told_to_stop_inside_a_call(self, database: QueueDatabase, monitoring: QueueMonitoring, beat: int) -> None:
        """Certainly inside: the n-th heartbeat itself asks the clock, and there the signal arrives."""
        with Running(database.location, "30", str(beat)) as worker:
            assert worker.end() == (0, "Shutting down worker-01\n", "")
        assert monitoring.get_all_workers() == []
