"""`heartbeat`: a worker of one's own for the length of a block."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from musterq import QueueDatabase, QueueDatabaseError, QueueMonitoring, TaskQueue
from tests.support import MovableClock
from tests.worker.waiting import until


def test_it_is_on_the_roll_within_the_block(monitoring: QueueMonitoring) -> None:
    with monitoring.heartbeat("worker-01", {"cpu": 8}) as beating:
        assert beating
        assert beating.worker_id == "worker-01"
        (worker,) = monitoring.get_all_workers()
        assert (worker.worker_id, worker.get_capabilities_dict()) == ("worker-01", {"cpu": 8})
    assert monitoring.get_all_workers() == []


def test_it_beats_from_a_thread(monitoring: QueueMonitoring, clock: MovableClock) -> None:
    with monitoring.heartbeat("worker-01", every=0.05):
        clock.advance(400)
        until(monitoring.get_active_workers)
    assert [thread for thread in threading.enumerate() if "heartbeat" in thread.name] == []


def test_it_is_told_when_somebody_removes_it(monitoring: QueueMonitoring) -> None:
    """The loop ends, whoever waits wakes up, and an id that another took meanwhile is left to that one."""
    with monitoring.heartbeat("worker-01", every=0.05) as beating:
        assert not beating.removed
        monitoring.remove_worker("worker-01")
        assert beating.wait(50) is False
        assert beating.removed
        assert not beating
        monitoring.register_worker("worker-01", {"another": True})
    assert monitoring.get_worker("worker-01") is not None


def test_it_leaves_the_roll_when_the_block_fails(monitoring: QueueMonitoring) -> None:
    with pytest.raises(ZeroDivisionError), monitoring.heartbeat("worker-01"):
        raise ZeroDivisionError
    assert monitoring.get_all_workers() == []


def test_what_it_held_is_queued_again(monitoring: QueueMonitoring, queue: TaskQueue) -> None:
    with monitoring.heartbeat("worker-01"):
        handle = queue.enqueue("mail")
        queue.claim("worker-01")
    assert handle.status() == "queued"


def test_stop_ends_the_loop_for_all_who_wait(monitoring: QueueMonitoring) -> None:
    """Also for who begins to wait afterwards."""
    with monitoring.heartbeat("worker-01") as beating:
        assert beating.wait(0) is True
        waiter = threading.Thread(target=beating.wait, args=(50,))
        waiter.start()
        beating.stop()
        waiter.join(50)
        assert not waiter.is_alive()
        assert beating.wait(50) is False
        assert not beating.removed


def test_a_beat_that_fails_is_tried_again(monitoring: QueueMonitoring, database: QueueDatabase) -> None:
    """Meanwhile the reason can be read."""
    with monitoring.heartbeat("worker-01", every=0.05) as beating:
        database.execute("ALTER TABLE workers RENAME TO elsewhere")
        error = until(lambda: beating.error)
        assert isinstance(error, QueueDatabaseError)
        assert beating
        database.execute("ALTER TABLE elsewhere RENAME TO workers")
        until(lambda: beating.error is None)
    assert monitoring.get_all_workers() == []


def test_a_worker_that_cannot_leave_is_told_so(monitoring: QueueMonitoring, database: QueueDatabase) -> None:
    """Unless the block failed itself, whose error says more."""
    with pytest.raises(QueueDatabaseError), monitoring.heartbeat("worker-01"):
        database.execute("ALTER TABLE workers RENAME TO elsewhere")
    database.execute("ALTER TABLE elsewhere RENAME TO workers")
    with pytest.raises(ZeroDivisionError), monitoring.heartbeat("worker-01"):
        _break_and_fail(database)


def _break_and_fail(database: QueueDatabase) -> None:
    database.execute("ALTER TABLE workers RENAME TO elsewhere")
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"worker_id": ""}, ValueError),
        ({"worker_id": "w", "capabilities": [1]}, TypeError),
        ({"worker_id": "w", "every": 0}, ValueError),
        ({"worker_id": "w", "every": "10"}, TypeError),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    monitoring: QueueMonitoring, arguments: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error), monitoring.heartbeat(**arguments):  # type: ignore[arg-type]
        pytest.fail("the block began")
    assert monitoring.get_all_workers() == []


def test_signals_are_for_the_main_thread(monitoring: QueueMonitoring) -> None:
    """The message says so, and nothing was written."""
    found: list[BaseException] = []

    def enter() -> None:
        try:
            with monitoring.heartbeat("worker-01", signals=True):
                pass
        except ValueError as error:
            found.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join(50)
    assert "main thread" in str(found[0])
    assert monitoring.get_all_workers() == []


def test_without_signals_no_handler_is_touched(monitoring: QueueMonitoring) -> None:
    """And with them, what was there before is there again."""
    before = signal.getsignal(signal.SIGTERM)
    with monitoring.heartbeat("worker-01"):
        assert signal.getsignal(signal.SIGTERM) is before
    with monitoring.heartbeat("worker-01", signals=True) as beating:
        signal.raise_signal(signal.SIGTERM)
        assert not beating
    assert signal.getsignal(signal.SIGTERM) is before


PROGRAM = """
import sys
from musterq import QueueDatabase, QueueMonitoring

monitoring = QueueMonitoring(QueueDatabase(sys.argv[1]))
with monitoring.heartbeat("worker-01", {"cpu": 8}, every=10, signals=True) as beating:
    print("at work", flush=True)
    while beating.wait(50):
        pass
print("ended in order", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_ends_in_order_on_a_signal(
    monitoring: QueueMonitoring, database: QueueDatabase, tmp_path: Path, number: signal.Signals
) -> None:
    """At once, with its last line, exit code 0, and off the roll."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with subprocess.Popen([sys.executable, program, database.location], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "at work\n"
            assert [worker.worker_id for worker in monitoring.get_all_workers()] == ["worker-01"]
            process.send_signal(number)
            assert process.stdout.read() == "ended in order\n"
            assert process.wait(50) == 0
        finally:
            process.kill()
    assert monitoring.get_all_workers() == []
