"""Telling systemd, or whoever else speaks its protocol, how a service is: datagrams to ``$NOTIFY_SOCKET``."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from musterq.events import Events
from musterq.worker.service import Service

SEND_SECONDS = 5.0
VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class ServiceManager:
    """Hears of events, and is told what they mean for the service."""

    def __init__(self, address: str) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._reloading = False

    def __call__(self, name: str, facts: Mapping[str, Any]) -> None:
        """Tell of one event, if it means something."""
        match name:
            case "worker.started":
                self.tell("READY=1", f"STATUS=worker {facts['worker_id']} works on {facts['database']}")
            case "supervisor.started":
                self.tell("READY=1", f"STATUS={facts['least']} to {facts['most']} workers on {facts['database']}")
            case "reload.started":
                self._reloading = True
                self.tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", "STATUS=reloading")
            case "reload.finished" | "reload.failed":
                self._reloading = False
                self.tell("READY=1", "STATUS=reloaded" if name == "reload.finished" else "STATUS=reload failed")
            case "worker.stopping":
                status = f"STATUS=claims nothing more; tasks it still holds: {facts['running']}"
                self.tell(*([] if self._reloading else ["STOPPING=1"]), status)
            case "supervisor.stopping":
                self.tell("STOPPING=1", f"STATUS=stopping {facts['running']} workers")

    def tell(self, *lines: str) -> None:
        """Send these assignments; a manager that does not listen is left alone."""
        message = "\n".join(" ".join(line.splitlines()) for line in lines)
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(SEND_SECONDS)
            sender.sendto(message.encode(), self._address)


class Watchdog(Service):
    """Says twice in each period that the service is healthy, while it is; else the manager ends and restarts it."""

    def __init__(self, manager: ServiceManager, seconds: float, healthy: Callable[[], bool], *, events: Events) -> None:
        super().__init__("musterq-watchdog", events)
        self._manager = manager
        self._seconds = seconds
        self._healthy = healthy

    def run_once(self) -> float:
        """Say it; returns the seconds until the next time."""
        if self._healthy():
            self._manager.tell("WATCHDOG=1")
        return self._seconds / 2


def service_manager(environment: Mapping[str, str] = os.environ) -> ServiceManager | None:
    """Whoever started this process and wants to be told, if there is one."""
    address = environment.get("NOTIFY_SOCKET", "")
    return ServiceManager(address) if address.startswith(("/", "@")) else None


def watchdog_seconds(environment: Mapping[str, str] = os.environ) -> float | None:
    """The longest time that the manager waits for this process to say that it is healthy; None: it does not wait."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    meant = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 1e6 if meant and microseconds.isdecimal() and int(microseconds) > 0 else None


@contextmanager
def told_to_service_manager(events: Events, healthy: Callable[[], bool]) -> Iterator[None]:
    """In this block, the service manager hears of what happens, and of good health, where there is one that listens."""
    manager = service_manager()
    if manager is None:
        yield
        return
    unsubscribe = events.subscribe(manager)
    seconds = watchdog_seconds()
    watchdog = None if seconds is None else Watchdog(manager, seconds, healthy, events=events)
    if watchdog is not None:
        watchdog.start()
    try:
        yield
    finally:
        if watchdog is not None:
            watchdog.stop(SEND_SECONDS)
        unsubscribe()
