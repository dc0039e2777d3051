"""What a service manager is told, over a real socket."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from musterq.events import Events
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from musterq.worker.systemd import ServiceManager, service_manager, told_to_service_manager, watchdog_seconds
from tests.worker.waiting import LIMIT, until


class Manager:
    """The other end of ``$NOTIFY_SOCKET``."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.settimeout(LIMIT)

    def hears(self) -> list[str]:
        return self._socket.recv(4096).decode().splitlines()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    manager = Manager(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    yield manager
    manager.close()


def test_a_worker_says_when_it_is_ready_and_when_it_stops(queue: TaskQueue, manager: Manager) -> None:
    """Ready means: registered, and seen by everybody."""

    @queue.task()
    def nothing() -> None: ...

    engine = WorkerEngine(queue, worker_id="w1")
    assert not engine.is_healthy()
    with told_to_service_manager(queue.events, engine.is_healthy):
        thread = threading.Thread(target=engine.run)
        thread.start()
        ready = manager.hears()
        registered = [worker.worker_id for worker in queue.storage.workers()]
        until(engine.is_healthy)
        engine.stop()
        stopping = manager.hears()
        thread.join(LIMIT)
    assert (ready[0], registered) == ("READY=1", ["w1"])
    assert "w1" in ready[1]
    assert stopping[0] == "STOPPING=1"


def test_a_reload_is_no_stop(manager: Manager) -> None:
    """The manager waits for READY again, and knows by its clock for which."""
    events = Events()
    with told_to_service_manager(events, lambda: True):
        events.emit("reload.started")
        events.emit("worker.stopping", running=2)
        events.emit("reload.failed", error="the new code cannot start")
        events.emit("worker.stopping", running=0)
    first, second, third, fourth = (manager.hears() for _ in range(4))
    assert first[0] == "RELOADING=1"
    assert first[1].removeprefix("MONOTONIC_USEC=").isdecimal()
    assert [line.partition("=")[0] for line in second] == ["STATUS"]
    assert third[0] == "READY=1"
    assert fourth[0] == "STOPPING=1"


def test_the_watchdog_is_fed_while_the_service_is_healthy(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not healthy says nothing, and the manager restarts it."""
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    asked: list[bool] = []

    def healthy() -> bool:
        asked.append(len(asked) < 3)
        return asked[-1]

    with told_to_service_manager(Events(), healthy):
        assert [manager.hears() for _ in range(3)] == [["WATCHDOG=1"]] * 3
        until(lambda: len(asked) > 6)
        manager._socket.settimeout(0)
        with pytest.raises(BlockingIOError):
            manager.hears()


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdog_is_for_the_process_that_it_names(environment: dict[str, str], seconds: float | None) -> None:
    """Half a minute here; another process is none of our business."""
    assert watchdog_seconds(environment) == seconds


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="only Linux has abstract sockets")  # noqa: PTH110
def test_an_abstract_socket_is_found() -> None:
    """Its name begins with an @ in the environment."""
    name = f"musterq-test-{os.getpid()}"
    manager = Manager(f"\0{name}")
    told = service_manager({"NOTIFY_SOCKET": f"@{name}"})
    assert told is not None
    told.tell("READY=1", "STATUS=one\nline")
    assert manager.hears() == ["READY=1", "STATUS=one line"]
    manager.close()


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1234"}])
def test_without_a_manager_that_we_can_reach_nobody_is_told(environment: dict[str, str]) -> None:
    """Other kinds of sockets are none that a process on this machine is given."""
    assert service_manager(environment) is None


def test_a_manager_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    """There is nobody to tell."""
    ServiceManager(str(tmp_path / "gone")).tell("READY=1")
